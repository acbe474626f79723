import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createClient } from "../../packages/agent/src/api/client.ts";
import { loopbackEnvironment } from "../../packages/agent/test/helpers/agent-process.ts";
import { createAuthority } from "../../packages/agent/test/helpers/authority.ts";
import { limited, median, type Row } from "../support/report.ts";
import { filledAgent } from "./filled.ts";

/** The built agent, as it is installed. */
const MAIN = fileURLToPath(new URL("../../packages/agent/dist/main.js", import.meta.url));
const STARTS = 5;
const CALLS = 10_000;
const CALLERS = 16;

/** The built agent as a process of its own: how soon it is ready, how many calls it answers, what memory it holds. */
export async function asProcess(heldForMs: number): Promise<Row[]> {
  const authority = createAuthority();
  const large = await filledAgent(authority, 20, 10_000);
  const usual = await filledAgent(authority, 100, 1000);
  try {
    const starts: number[] = [];
    for (let start = 0; start < STARTS; start += 1) {
      const startedAt = performance.now();
      const child = await started(large.agent.config.stateDir, authority.rootsPath);
      starts.push(performance.now() - startedAt);
      await stopped(child.process);
    }
    const child = await started(usual.agent.config.stateDir, authority.rootsPath);
    const client = createClient({
      endpoints: [child.url],
      trust: { type: "fingerprints", sha256: [child.fingerprint] },
      auth: { type: "credentials", clientId: usual.made.client_id, clientSecret: usual.made.client_secret },
      timeoutMs: 30_000,
    });
    try {
      const reads = await callsASecond(() => client.getPeer(usual.made.peer_id));
      await new Promise((resolve) => setTimeout(resolve, heldForMs));
      return [
        limited("from the start of the process to ready, 10,000 records on disk, median", "ms", median(starts), 1000),
        limited("calls with a token, one millisecond for five: a peer by its id", "ms a call", 1000 / reads, 0.2),
        limited(
          `memory with 100 members and 1,000 services after ${heldForMs / 1000} s`,
          "MB",
          rssOf(child.process),
          100,
        ),
      ];
    } finally {
      client.close();
      await stopped(child.process);
    }
  } finally {
    await large.agent.remove();
    await usual.agent.remove();
    authority.remove();
  }
}

interface Started {
  readonly process: ChildProcess;
  readonly url: string;
  readonly fingerprint: string;
}

/** Resolves when the peer runs: records read, gossip and API open. */
async function started(stateDir: string, rootsPath: string): Promise<Started> {
  // As the unit file and the first line of the program start it.
  const child = spawn(process.execPath, ["--max-semi-space-size=1", MAIN], {
    env: { ...process.env, MALLOC_ARENA_MAX: "2", ...loopbackEnvironment(stateDir, rootsPath) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const { port, tls_fingerprint } = await listening(child);
  return { process: child, url: `https://127.0.0.1:${port}`, fingerprint: tls_fingerprint };
}

function listening(child: ChildProcess): Promise<{ port: number; tls_fingerprint: string }> {
  let log = "";
  return new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error(log)));
    child.stderr?.on("data", (chunk: Buffer) => {
      log += chunk.toString("utf8");
      const line = log.split("\n").find((text) => text.includes('"event":"agent.listening"') && text.endsWith("}"));
      if (line !== undefined) resolve(JSON.parse(line));
    });
  });
}

async function stopped(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

async function callsASecond(call: () => Promise<unknown>): Promise<number> {
  let left = CALLS;
  const startedAt = performance.now();
  const caller = async () => {
    while (left > 0) {
      left -= 1;
      await call();
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return (CALLS * 1000) / (performance.now() - startedAt);
}

function rssOf(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  return (Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024) / 1e6;
}
