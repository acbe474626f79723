import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type Bootstrapped, type Client, createClient } from "../../packages/agent/src/api/client.ts";
import { loopbackEnvironment } from "../../packages/agent/test/helpers/agent-process.ts";
import { MAIN, programEnvironment, programOptions } from "./program.ts";

/** The built agent in a process of its own. */
export interface Started {
  readonly process: ChildProcess;
  readonly port: number;
  readonly url: string;
  readonly fingerprint: string;
}

/** Resolves when the peer runs: records read, gossip and API open. */
export async function started(stateDir: string, rootsPath: string): Promise<Started> {
  // As the unit file and the first line of the program start it.
  const child = spawn(process.execPath, [...programOptions(), MAIN], {
    env: { ...process.env, ...programEnvironment(), ...loopbackEnvironment(stateDir, rootsPath) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const { port, tls_fingerprint } = await listening(child);
  return { process: child, port, url: `https://127.0.0.1:${port}`, fingerprint: tls_fingerprint };
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

export async function stopped(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

/** What the process holds of the machine's memory, in MB (VmRSS of proc(5)). */
export function rssOf(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  return (Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024) / 1e6;
}

/** A client of the started agent with what its bootstrap showed. */
export function clientOf({ url, fingerprint }: Started, made: Bootstrapped): Client {
  return createClient({
    endpoints: [url],
    trust: { type: "fingerprints", sha256: [fingerprint] },
    auth: { type: "credentials", clientId: made.client_id, clientSecret: made.client_secret },
    timeoutMs: 30_000,
  });
}
