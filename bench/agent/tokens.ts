import * as nodeCrypto from "node:crypto";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createClusterNode, cryptoFromNode } from "@arctic/core";
import { issueToken } from "../../packages/agent/src/api/token.ts";
import { TokenChecks } from "../../packages/agent/src/api/token-checks.ts";
import type { LocalPeer } from "../../packages/agent/src/peer/local-peer.ts";
import { loadLicenseRoots } from "../../packages/agent/src/state/license-roots.ts";
import { loadIdentity } from "../../packages/agent/src/state/peer-key.ts";
import { openSqliteStore } from "../../packages/agent/src/store/sqlite-store.ts";
import { createAuthority } from "../../packages/agent/test/helpers/authority.ts";
import { limited, type Row } from "../support/report.ts";
import { filledAgent } from "./filled.ts";

const TOKENS = 2000;
const CHECKS = 50_000;
/** As from so many connections: a signature is checked on another thread. */
const CALLERS = 16;
const crypto = cryptoFromNode(nodeCrypto);

/** What judging a token costs a peer with 100 members and 1,000 services, in this process: at first, and each further time. */
export async function tokens(): Promise<Row[]> {
  const authority = createAuthority();
  const { agent, made } = await filledAgent(authority, 100, 1000);
  try {
    const peer = peerIn(agent.config.stateDir, authority.rootsPath);
    const shown = await Promise.all(
      Array.from({ length: TOKENS }, () => {
        const tokenId = randomBytes(16).toString("base64url");
        const grant = { clientId: made.client_id, scopes: ["admin"] as const, ttlSeconds: 3600, tokenId };
        return issueToken(peer.identity, peer.node, grant, Date.now());
      }),
    );
    const checks = new TokenChecks();
    const [token = ""] = shown;
    const waiting = [...shown];
    const lane = async () => {
      for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) await checks.check(peer, one, Date.now());
    };
    const firstMs = await msOf(() => Promise.all(Array.from({ length: CALLERS }, lane)));
    await checks.check(peer, token, Date.now());
    const againMs = await msOf(async () => {
      for (let index = 0; index < CHECKS; index += 1) await checks.check(peer, token, Date.now());
    });
    return [
      limited("a token is judged for the first time, in one process, each of many", "ms", firstMs / TOKENS, 0.2),
      limited("a token is judged again", "ms", againMs / CHECKS, 0.2),
    ];
  } finally {
    await agent.remove();
    authority.remove();
  }
}

/** The stored peer without its network. */
function peerIn(stateDir: string, rootsPath: string): LocalPeer {
  const store = openSqliteStore(join(stateDir, "arctic.sqlite"));
  const { facts, license, ...stored } = store.load();
  const identity = loadIdentity(stateDir, facts, crypto);
  store.close();
  if (identity === undefined || facts === undefined || license === undefined) throw new Error("it was bootstrapped");
  const node = createClusterNode({
    crypto,
    identity,
    roots: loadLicenseRoots(rootsPath),
    license,
    bootId: randomBytes(16).toString("base64url"),
    stored,
    heartbeatEveryMs: 60_000,
    startedAt: Date.now(),
  });
  return { identity, node, facts } as LocalPeer;
}

async function msOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
