import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { createClient } from "../../src/api/client.ts";
import { until } from "../helpers/agents.ts";
import { createAuthority } from "../helpers/authority.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const NODE_ARGUMENTS = ["--conditions=arctic-source", MAIN];

describe("the arctic-agent process", () => {
  const cleanups: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  const start = async (environment: Record<string, string>) => {
    const child = spawn(process.execPath, NODE_ARGUMENTS, {
      env: { PATH: process.env.PATH ?? "", ...environment },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let log = "";
    child.stderr.on("data", (chunk: Buffer) => {
      log += chunk.toString("utf8");
    });
    cleanups.push(() => ended(child, "SIGKILL").then(() => undefined));
    const line = await until("the agent listens", () => {
      if (child.exitCode !== null) throw new Error(log);
      return log.split("\n").find((text) => text.includes("agent.listening"));
    });
    const { port, tls_fingerprint } = JSON.parse(line) as { port: number; tls_fingerprint: string };
    return { child, port, fingerprint: tls_fingerprint, log: () => log };
  };

  it("keeps what it acknowledged through kill -9, and stops within five seconds at SIGTERM", async () => {
    const authority = createAuthority();
    const stateDir = mkdtempSync(join(tmpdir(), "arctic-process-"));
    cleanups.push(() => rmSync(stateDir, { recursive: true, force: true }), authority.remove);
    const environment = {
      API_PORT: "0",
      API_HOST: "127.0.0.1",
      ARCTIC_STATE_DIR: stateDir,
      ARCTIC_LICENSE_ROOTS: authority.rootsPath,
      ALLOW_LOOPBACK_PEERS: "true",
      ARCTIC_DATAPLANE_SOCKET: join(stateDir, "none.sock"),
    };
    const first = await start(environment);
    const clientAt = (port: number, auth = {}) =>
      createClient({
        endpoints: [`https://127.0.0.1:${port}`],
        trust: { type: "fingerprints", sha256: [first.fingerprint] },
        ...auth,
      });
    const made = await clientAt(first.port).bootstrap({ license: authority.issue(), name: "before" });
    const auth = { auth: { type: "credentials" as const, clientId: made.client_id, clientSecret: made.client_secret } };
    const client = clientAt(first.port, auth);
    await client.updatePeer(made.peer_id, { name: "after" });
    await ended(first.child, "SIGKILL");
    client.close();

    const second = await start({ ...environment, API_PORT: "0" });
    const again = clientAt(second.port, auth);
    expect(await again.getPeer(made.peer_id)).toMatchObject({ name: "after" });
    expect(readFileSync(join(stateDir, "arctic.sqlite")).includes(made.client_secret)).toBe(false);
    expect(second.log()).not.toContain(made.client_secret);
    const startedAt = Date.now();
    expect(await ended(second.child, "SIGTERM")).toBe(0);
    expect(Date.now() - startedAt).toBeLessThan(5_000);
    again.close();
  });

  it.each([
    [["--help"], {}, 0, /CLUSTER_HEARTBEAT_INTERVAL_SECONDS +60/],
    [["--version"], {}, 0, /^\d+\.\d+\.\d+\n$/],
    [["--port"], {}, 2, /takes no --port/],
    [[], { API_PORT: "eighty" }, 3, /API_PORT=eighty is not a port/],
  ] as const)("answers %j with %j by exit code %i", async (flags, environment, code, text) => {
    const result = await new Promise<{ code: number; output: string }>((resolve) => {
      const options = { env: { PATH: process.env.PATH ?? "", ...environment }, timeout: 20_000 };
      execFile(process.execPath, [...NODE_ARGUMENTS, ...flags], options, (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === "number" ? error.code : 0, output: stdout + stderr });
      });
    });
    expect(result.code).toBe(code);
    expect(result.output).toMatch(text);
  });
});

function ended(child: ChildProcess, signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve(child.exitCode);
      return;
    }
    child.once("exit", (code) => resolve(code));
    child.kill(signal);
  });
}
