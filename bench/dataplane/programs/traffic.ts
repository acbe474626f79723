import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * `echo PORT` answers what it is sent. `latency HOST PORT COUNT`, `connections HOST PORT SECONDS` and
 * `idle HOST PORT COUNT` measure against it; each prints one JSON line.
 */

const [role = "", host = "", portText = "0", amount = "0"] = process.argv.slice(2);
const port = Number(portText);
const PAYLOAD = Buffer.alloc(64, 7);
const SMALL = Buffer.alloc(16, 7);
const THREADS = 16;

switch (role) {
  case "echo":
    createServer({ noDelay: true }, (socket) => void socket.on("error", () => {}).pipe(socket)).listen(
      Number(host),
      () => process.stdout.write("listening\n"),
    );
    break;
  case "latency":
    print(await latency(Number(amount)));
    break;
  case "connections":
    print(await connections(Number(amount)));
    break;
  case "idle":
    await idle(Number(amount));
    break;
}

async function latency(count: number): Promise<{ p50: number; p99: number }> {
  const socket = await open();
  const times: number[] = [];
  for (let at = 0; at < count + 200; at += 1) {
    const startedAt = performance.now();
    await exchange(socket, PAYLOAD);
    if (at >= 200) times.push((performance.now() - startedAt) * 1000);
  }
  socket.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

async function connections(seconds: number): Promise<{ perSecond: number; failed: number }> {
  const endsAt = performance.now() + seconds * 1000;
  let done = 0;
  let failed = 0;
  const work = async (): Promise<void> => {
    while (performance.now() < endsAt) {
      try {
        const socket = await open();
        await exchange(socket, SMALL);
        socket.resetAndDestroy();
        done += 1;
      } catch {
        failed += 1;
      }
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: THREADS }, work));
  return { perSecond: (done * 1000) / (performance.now() - startedAt), failed };
}

/** Holds so many, each of which has spoken once, until a line comes; then each speaks again. */
async function idle(count: number): Promise<void> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = await Promise.all(Array.from({ length: Math.min(50, count - sockets.length) }, open));
    await Promise.all(batch.map((socket) => exchange(socket, SMALL)));
    sockets.push(...batch);
  }
  process.stdout.write(`held ${sockets.length}\n`);
  await new Promise((resolve) => process.stdin.once("data", resolve));
  let answered = 0;
  for (let at = 0; at < sockets.length; at += 100) {
    const batch = sockets.slice(at, at + 100);
    const told = await Promise.allSettled(batch.map((socket) => within(5_000, exchange(socket, SMALL))));
    answered += told.filter(({ status }) => status === "fulfilled").length;
  }
  process.stdout.write(`answered ${answered}\n`);
  process.exit(0);
}

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    socket.once("error", reject);
    socket.once("connect", () => resolve(socket));
  });
}

function exchange(socket: Socket, payload: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = payload.length;
    const finish = (error?: Error): void => {
      socket.off("data", read);
      socket.off("error", finish);
      socket.off("close", cut);
      if (error === undefined) resolve();
      else reject(error);
    };
    const cut = (): void => finish(new Error("cut off"));
    const read = (chunk: Buffer): void => {
      left -= chunk.length;
      if (left <= 0) finish();
    };
    socket.on("data", read);
    socket.on("error", finish);
    socket.on("close", cut);
    socket.write(payload);
  });
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = sleep(ms).then(() => Promise.reject(new Error("no answer")));
  return Promise.race([work, late]);
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`, () => process.exit(0));
}
