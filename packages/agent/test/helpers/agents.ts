import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { License } from "@arctic/core";
import { type Bootstrapped, type Client, createClient } from "../../src/api/client.ts";
import { type Agent, type AgentConfig, type AgentParts, createAgent } from "../../src/index.ts";

/** An agent in this process, on loopback with real TLS and SQLite. */
export interface TestAgent {
  readonly agent: Agent;
  readonly config: AgentConfig;
  readonly logLines: string[];
  /** `127.0.0.1:port`. */
  address(): string;
  /** A client without credentials, over pinned TLS. */
  stranger(): Client;
  restart(): Promise<void>;
  remove(): Promise<void>;
}

export function testConfig(rootsPath: string | undefined, change: Partial<AgentConfig> = {}): AgentConfig {
  return {
    apiPort: 0,
    apiHost: "127.0.0.1",
    stateDir: mkdtempSync(join(tmpdir(), "arctic-agent-")),
    licenseRootsPath: rootsPath,
    dataplaneSocket: "/nonexistent/arctic-dataplane.sock",
    advertise: [],
    heartbeatEveryMs: 1_000,
    logFormat: "json",
    logLevel: "debug",
    allowLoopbackPeers: true,
    plainHttp: false,
    ...change,
  };
}

export async function startTestAgent(
  rootsPath: string | undefined,
  change: Partial<AgentConfig> = {},
  parts: AgentParts = {},
): Promise<TestAgent> {
  const config = testConfig(rootsPath, change);
  const logLines: string[] = [];
  let agent = createAgent(config, { writeLog: (line) => logLines.push(line), ...parts });
  await agent.start();
  let { port } = agent.status();
  const stranger = () =>
    createClient({
      endpoints: [`https://127.0.0.1:${port}`],
      trust: { type: "fingerprints", sha256: [agent.status().tlsFingerprint ?? ""] },
      timeoutMs: 30_000,
    });
  return {
    get agent() {
      return agent;
    },
    config,
    logLines,
    address: () => `127.0.0.1:${port}`,
    stranger,
    async restart() {
      await agent.stop();
      agent = createAgent({ ...config, apiPort: port }, { writeLog: (line) => logLines.push(line), ...parts });
      await agent.start();
      ({ port } = agent.status());
    },
    async remove() {
      await agent.stop();
      rmSync(config.stateDir, { recursive: true, force: true });
    },
  };
}

/** Bootstraps the agent; it announces its loopback address. */
export async function bootstrapped(test: TestAgent, license: License, name: string): Promise<Bootstrapped> {
  const client = test.stranger();
  try {
    return await client.bootstrap({ license, name, addresses: [test.address()] });
  } finally {
    client.close();
  }
}

/** A client of the shared credential that `made` shows, at another agent than the one that showed it, too. */
export function clientOf(test: TestAgent, made: Pick<Bootstrapped, "client_id" | "client_secret">): Client {
  return createClient({
    endpoints: [`https://${test.address()}`],
    trust: { type: "fingerprints", sha256: [test.agent.status().tlsFingerprint ?? ""] },
    auth: { type: "credentials", clientId: made.client_id, clientSecret: made.client_secret },
    timeoutMs: 30_000,
  });
}

/** Waits until the check answers something other than `undefined` or false, or throws after the limit. */
export async function until<T>(
  what: string,
  check: () => Promise<T | undefined | false> | T | undefined | false,
  limitMs = 15_000,
): Promise<T> {
  const endAt = Date.now() + limitMs;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > endAt) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
