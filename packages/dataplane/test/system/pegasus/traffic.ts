import { createCipheriv, createHash } from "node:crypto";
import { once } from "node:events";
import net from "node:net";

/**
 * A client or a server in a namespace, driven by IPC. A request is one JSON line, then bytes up, then the end; the answer
 * is one JSON line with what the server saw, then bytes down.
 */

export interface Fetch {
  readonly host: string;
  readonly port: number;
  readonly up: number;
  readonly down: number;
}

export interface Fetched {
  /** Whom the server took us for. */
  readonly remote: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly isUpWhole: boolean;
  readonly isDownWhole: boolean;
  readonly tookMs: number;
}

const MEGABYTE = 1024 * 1024;
const held = new Map<string, { socket: net.Socket; ended: Promise<string> }>();

process.on("disconnect", () => process.exit(0));
process.on("message", (message: { id: number; name: string; value: unknown }) => {
  answer(message.name, message.value).then(
    (value) => process.send?.({ id: message.id, value }),
    (error: NodeJS.ErrnoException) => process.send?.({ id: message.id, error: error.code ?? error.message }),
  );
});

async function answer(name: string, value: unknown): Promise<unknown> {
  switch (name) {
    case "serve":
      return serve(value as number);
    case "fetch":
      return fetchOnce(value as Fetch);
    case "hold":
      return hold(value as { key: string; host: string; port: number });
    case "outcome":
      return held.get(value as string)?.ended;
    case "speak":
      return speak(value as string);
  }
  throw new Error(`${name} is not known here`);
}

async function serve(port: number): Promise<void> {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    void serveOne(socket).catch(() => socket.destroy());
  });
  server.listen(port, "::");
  await once(server, "listening");
}

async function serveOne(socket: net.Socket): Promise<void> {
  const reader = readerOf(socket);
  const request = JSON.parse(await reader.line()) as { down: number; echo?: true };
  const remote = { remote: socket.remoteAddress?.replace("::ffff:", ""), remotePort: socket.remotePort };
  if (request.echo === true) {
    socket.write(`${JSON.stringify(remote)}\n`);
    await reader.each((bytes) => void socket.write(bytes));
    socket.end();
    return;
  }
  const { digest } = await reader.rest();
  socket.write(`${JSON.stringify({ ...remote, digest })}\n`);
  await send(socket, request.down);
}

async function fetchOnce({ host, port, up, down }: Fetch): Promise<Fetched> {
  const startedAt = performance.now();
  const socket = net.connect({ host, port, allowHalfOpen: true });
  socket.setTimeout(30_000, () => socket.destroy(new Error("nothing for 30 s")));
  await once(socket, "connect");
  socket.on("error", () => {});
  const localPort = socket.localPort ?? 0;
  const reader = readerOf(socket);
  socket.write(`${JSON.stringify({ down })}\n`);
  const sent = send(socket, up);
  // A reset is told by whichever of the two is waited for first; the other must not end this process.
  sent.catch(() => {});
  const { digest, ...remote } = JSON.parse(await reader.line());
  const [upDigest, received] = await Promise.all([sent, reader.rest()]);
  const isDownWhole = received.digest === digestOf(down);
  return { ...remote, localPort, isUpWhole: digest === upDigest, isDownWhole, tookMs: performance.now() - startedAt };
}

/** Opens a connection that stays; resolves when the server has answered on it. */
async function hold({ key, host, port }: { key: string; host: string; port: number }): Promise<void> {
  const socket = net.connect({ host, port });
  const ended = new Promise<string>((resolve) => {
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
    socket.on("close", () => resolve("closed"));
  });
  held.set(key, { socket, ended });
  socket.write(`${JSON.stringify({ down: 0, echo: true })}\n`);
  await Promise.race([once(socket, "data"), ended.then((how) => Promise.reject(new Error(how)))]);
}

/** True when a held connection still answers. */
async function speak(key: string): Promise<boolean> {
  const socket = held.get(key)?.socket;
  if (socket === undefined || socket.destroyed) return false;
  socket.write("hello");
  const [bytes] = (await once(socket, "data")) as [Buffer];
  return bytes.toString() === "hello";
}

function readerOf(socket: net.Socket) {
  const pieces = socket[Symbol.asyncIterator]();
  let left = Buffer.alloc(0);
  const line = async () => {
    while (!left.includes("\n")) {
      const { done, value } = await pieces.next();
      if (done === true) throw new Error("it ended before a line");
      left = Buffer.concat([left, value]);
    }
    const at = left.indexOf("\n");
    const text = left.subarray(0, at).toString();
    left = left.subarray(at + 1);
    return text;
  };
  const each = async (take: (bytes: Buffer) => void) => {
    if (left.length > 0) take(left);
    for (;;) {
      const { done, value } = await pieces.next();
      if (done === true) return;
      take(value);
    }
  };
  const rest = async () => {
    const hash = createHash("sha256");
    await each((bytes) => void hash.update(bytes));
    return { digest: hash.digest("hex") };
  };
  return { line, each, rest };
}

function* bytesOf(total: number): Generator<Buffer> {
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16, 7), Buffer.alloc(16));
  for (let left = total; left > 0; left -= MEGABYTE) yield cipher.update(Buffer.alloc(Math.min(left, MEGABYTE)));
}

function digestOf(total: number): string {
  const hash = createHash("sha256");
  for (const piece of bytesOf(total)) hash.update(piece);
  return hash.digest("hex");
}

async function send(socket: net.Socket, total: number): Promise<string> {
  const hash = createHash("sha256");
  for (const piece of bytesOf(total)) {
    hash.update(piece);
    if (!socket.write(piece)) await once(socket, "drain");
  }
  socket.end();
  return hash.digest("hex");
}
