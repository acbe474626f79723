import { randomBytes } from "node:crypto";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** A connection on which a test says whatever it likes. */
export interface RawSocket {
  readonly socket: Socket;
  /** What came so far. */
  received(): string;
  isClosed(): boolean;
  /** Resolves with what came once the other side, or this one, has closed; after the limit with `undefined`. */
  closed(limitMs: number): Promise<string | undefined>;
}

/** Where to, and from which loopback address. */
export interface Target {
  readonly port: number;
  readonly from?: string;
}

export function openPlain({ port, from = "127.0.0.1" }: Target): Promise<RawSocket> {
  return opened(connectTcp({ host: "127.0.0.1", port, localAddress: from }), "connect");
}

export function openTls({ port, from = "127.0.0.1" }: Target): Promise<RawSocket> {
  const socket = connectTcp({ host: "127.0.0.1", port, localAddress: from });
  return opened(connectTls({ socket, rejectUnauthorized: false }), "secureConnect");
}

function opened(socket: Socket, event: string): Promise<RawSocket> {
  let text = "";
  let isClosed = false;
  const waiting: (() => void)[] = [];
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  // A refused connection may be reset before this side has read anything.
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    isClosed = true;
    for (const resolve of waiting) resolve();
  });
  const raw: RawSocket = {
    socket,
    received: () => text,
    isClosed: () => isClosed,
    closed: (limitMs) =>
      new Promise((resolve) => {
        if (isClosed) return resolve(text);
        const timer = setTimeout(() => resolve(undefined), limitMs);
        waiting.push(() => {
          clearTimeout(timer);
          resolve(text);
        });
      }),
  };
  return new Promise((resolve) => {
    socket.once(event, () => resolve(raw));
    socket.once("close", () => resolve(raw));
  });
}

const UPGRADE = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Protocol: arctic.gossip.v1",
];

/** The request that asks for a link, with headers beside or instead of the usual ones. */
export function upgradeRequest(path = "/v1/gossip", headers: readonly string[] = UPGRADE): string {
  const key = `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`;
  return [`GET ${path} HTTP/1.1`, "Host: 127.0.0.1", ...headers, key, "", ""].join("\r\n");
}

export const USUAL_UPGRADE: readonly string[] = UPGRADE;

/** A link that was opened, but on which no handshake was begun. */
export async function openLink(target: Target): Promise<RawSocket> {
  const raw = await openTls(target);
  raw.socket.write(upgradeRequest());
  for (let waited = 0; waited < 200 && !raw.received().includes("\r\n\r\n") && !raw.isClosed(); waited += 1)
    await new Promise((resolve) => setTimeout(resolve, 10));
  return raw;
}

/** One WebSocket frame as RFC 6455 section 5.2 draws it. */
export function frame(opcode: number, payload: Buffer, options: { isLast?: boolean; isMasked?: boolean } = {}): Buffer {
  const { isLast = true, isMasked = true } = options;
  const head = Buffer.alloc(payload.length < 126 ? 2 : payload.length < 65_536 ? 4 : 10);
  head[0] = (isLast ? 0x80 : 0) | opcode;
  if (head.length === 2) head[1] = payload.length;
  else if (head.length === 4) {
    head[1] = 126;
    head.writeUInt16BE(payload.length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  if (!isMasked) return Buffer.concat([head, payload]);
  head[1] = (head[1] ?? 0) | 0x80;
  // A mask of zeros is a mask.
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}
