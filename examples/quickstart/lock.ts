import { connect, createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Held for the life of a run. The kernel frees it with its owner, whatever ended the owner: there is no stale one. */
export type Lock = { stopping(): void; release(): void };

/**
 * The lock of the quickstart whose run directory this is, or the pid of the live one that has it. One that is cleaning
 * up, or that ends within `patienceMs`, is waited for.
 */
export async function takeLock(runDirectory: string, patienceMs = 5_000): Promise<Lock | { heldBy: string }> {
  const name = `\0arctic-quickstart:${runDirectory}`;
  let deadlineAt = Date.now() + patienceMs;
  for (;;) {
    const lock = await listen(name);
    if (lock !== undefined) return lock;
    const owner = await ask(name);
    if (owner?.state === "stopping") deadlineAt = Math.max(deadlineAt, Date.now() + 1_000);
    if (Date.now() > deadlineAt) return { heldBy: owner?.pid ?? "unknown" };
    await sleep(200);
  }
}

function listen(name: string): Promise<Lock | undefined> {
  let state = "running";
  const server: Server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end(`${process.pid} ${state}\n`);
  });
  server.unref();
  return new Promise((resolve, reject) => {
    server.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
    );
    server.listen(name, () => {
      resolve({
        stopping: () => {
          state = "stopping";
        },
        release: () => {
          server.close();
        },
      });
    });
  });
}

function ask(name: string): Promise<{ pid: string; state: string } | undefined> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(name);
    socket.setTimeout(2_000, () => socket.destroy());
    socket.on("data", (part) => {
      text += String(part);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      const [pid, state] = text.trim().split(" ");
      resolve(pid === undefined || state === undefined ? undefined : { pid, state });
    });
  });
}
