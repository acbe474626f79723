import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient, fetchTlsFingerprint } from "@arctic/agent/client";
import { programArguments } from "../../../../test/support/programs.ts";

const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 5_000;

export interface RunningAgent {
  readonly address: string;
  stop(): Promise<void>;
}

/** A real agent without a data plane on a port of loopback, a free one where none is named. */
export async function startAgent(directory: string, rootsPath: string, given?: number): Promise<RunningAgent> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const port = given ?? (await freePort());
  const address = `127.0.0.1:${port}`;
  const child = spawn(process.execPath, programArguments("arctic-agent"), {
    env: {
      PATH: process.env.PATH,
      API_HOST: "127.0.0.1",
      API_PORT: String(port),
      ARCTIC_STATE_DIR: join(directory, "state"),
      ARCTIC_LICENSE_ROOTS: rootsPath,
      ARCTIC_DATAPLANE_SOCKET: join(directory, "no-dataplane.sock"),
      ARCTIC_ADVERTISE: address,
      ALLOW_LOOPBACK_PEERS: "true",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = createWriteStream(join(directory, "agent.log"));
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  try {
    await untilAlive(address, child);
  } catch (error) {
    await stopChild(child);
    throw error;
  }
  return { address, stop: () => stopChild(child) };
}

async function untilAlive(address: string, child: ChildProcess): Promise<void> {
  const endAt = Date.now() + START_LIMIT_MS;
  let last: unknown;
  while (Date.now() < endAt) {
    if (child.exitCode !== null) throw new Error(`the agent ended with ${child.exitCode} before it answered`);
    try {
      const trust = { type: "fingerprints" as const, sha256: [await fetchTlsFingerprint(address, 2000)] };
      const client = createClient({ endpoints: [address], trust, timeoutMs: 2000 });
      await client.getLive().finally(() => client.close());
      return;
    } catch (error) {
      last = error;
      await sleep(100);
    }
  }
  throw new Error(`the agent at ${address} did not answer within ${START_LIMIT_MS} ms: ${last}`);
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
  await ended;
  clearTimeout(timer);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
