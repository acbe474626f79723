import { createHash } from "node:crypto";
import { connect, createServer } from "node:net";
import { root } from "./pinned-node.mjs";
import { Failure, note } from "./say.mjs";

const patienceMs = 15 * 60_000;

/**
 * Runs `work` while no other process of this machine does so for this checkout. The lock is an abstract socket: the
 * kernel frees it with its owner, so there is no stale one, whatever ended the owner.
 */
export async function exclusively(work) {
  const server = await take();
  try {
    return await work();
  } finally {
    server?.close();
  }
}

async function take() {
  if (process.platform !== "linux") return undefined;
  const name = `\0arctic-setup-${createHash("sha256").update(root).digest("hex").slice(0, 16)}`;
  const deadlineAt = Date.now() + patienceMs;
  for (let tries = 0; Date.now() < deadlineAt; tries += 1) {
    const server = await listen(name);
    if (server) return server;
    const owner = await ownerUntilItEnds(name, tries === 0);
    if (owner === "absent") await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Failure("Another setup of this checkout did not end within 15 minutes. End it and start again.");
}

function listen(name) {
  return new Promise((resolve, reject) => {
    const waiting = new Set();
    const server = createServer((socket) => {
      waiting.add(socket);
      socket.on("error", () => {}).on("close", () => waiting.delete(socket));
      socket.write(`${process.pid}\n`);
    });
    const close = server.close.bind(server);
    server.close = () => {
      for (const socket of waiting) socket.destroy();
      return close();
    };
    server.on("error", (error) => (error.code === "EADDRINUSE" ? resolve(undefined) : reject(error)));
    server.listen(name, () => resolve(server));
  });
}

/** Resolves when the owner of the lock has let go of it. */
function ownerUntilItEnds(name, speak) {
  return new Promise((resolve) => {
    const socket = connect(name);
    socket.setTimeout(patienceMs, () => socket.destroy());
    socket.on("data", (text) => speak && note(`another setup is at work (pid ${String(text).trim()}): waiting for it`));
    socket.on("error", () => resolve("absent"));
    socket.on("close", () => resolve("ended"));
  });
}
