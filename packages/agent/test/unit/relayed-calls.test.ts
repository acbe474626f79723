import { base64urlFromBytes, createId, createIdentity, type PeerId } from "@arctic/core";
import { describe, expect, it } from "vitest";
import { createApi } from "../../src/api/app.ts";
import type { ApiContext } from "../../src/api/context.ts";
import { issueToken } from "../../src/api/token.ts";
import { systemClock } from "../../src/clock.ts";
import { silentLog } from "../../src/log.ts";
import type { LocalPeer } from "../../src/peer/local-peer.ts";
import { crypto } from "../helpers/records.ts";

const NOW = Date.now();
const self = createIdentity(crypto, NOW);
const member = createIdentity(crypto, NOW);
const stranger = createIdentity(crypto, NOW);
const clusterId = createId("clu", crypto, NOW);
const client = createId("cli", crypto, NOW);

/** A peer of two that holds one client and nothing else. */
const node = {
  cluster: { id: clusterId, aliases: [], hasLeft: false, license: { expires_at: "" } },
  peers: {
    isMember: (peer: PeerId) => peer === member.peerId,
    get: (peer: PeerId) => (peer === member.peerId ? { publicKey: base64urlFromBytes(member.publicKey) } : undefined),
    list: () => [],
  },
  registry: {
    live: (kind: string) =>
      kind === "credential"
        ? [{ id: client, owner: self.peerId, version: 1, body: { scopes: ["admin"], license_id: "", created_at: "" } }]
        : [],
  },
};
const peer = {
  identity: self,
  node,
  facts: { cluster_id: clusterId },
  licenseState: "valid",
  ownBody: () => ({ api_access: "full" }),
  peerRecord: () => undefined,
  merged: async () => undefined,
} as unknown as LocalPeer;
const context = {
  clock: systemClock,
  log: silentLog,
  crypto,
  peer: () => peer,
  recoveryHash: new Uint8Array(32),
  agentVersion: "0",
  hostNames: () => [],
  outcomes: { stored: [], noting: (_: unknown, work: () => unknown) => work(), keep: () => undefined },
} as unknown as ApiContext;

const tokenOf = (issuer: typeof self, ttlSeconds = 60) =>
  issueToken(issuer, peer.node, { clientId: client, scopes: ["admin"], ttlSeconds, tokenId: "a-test" }, NOW);

describe("a call that a member relays", () => {
  const api = createApi(context);
  const ask = async (path: string, token: string, change: object = {}) => {
    const message = { format: 1, id: "0123456789abcdef", method: "GET", path, token, hops: 1, ...change };
    const answer = JSON.parse(await api.answerRelayed(member.peerId, JSON.stringify(message)));
    return { status: answer.status as number, code: answer.body.startsWith("{") ? JSON.parse(answer.body).code : "" };
  };

  it("is judged by its token, and not by who relays it", async () => {
    expect(await ask("/v1/services", await tokenOf(member))).toMatchObject({ status: 200 });
    expect(await ask("/v1/services", await tokenOf(stranger))).toEqual({ status: 401, code: "UNAUTHORIZED" });
    const asMember = await issueToken(
      { ...stranger, peerId: member.peerId },
      peer.node,
      { clientId: client, scopes: ["admin"], ttlSeconds: 60, tokenId: "a-test" },
      NOW,
    );
    expect(await ask("/v1/services", asMember)).toEqual({ status: 401, code: "UNAUTHORIZED" });
    expect(await ask("/v1/services", await tokenOf(member, -100))).toEqual({ status: 401, code: "TOKEN_EXPIRED" });
    expect(await ask("/v1/services", "")).toMatchObject({ status: 401 });
    expect(await ask("/v1/services", "x\r\nX-Arctic-Recovery: y")).toMatchObject({ status: 400 });
  });

  it("gets no token, no stream and no page of another kind", async () => {
    const token = await tokenOf(member);
    expect(await ask("/v1/oauth/token", token, { method: "POST", body: "grant_type=client_credentials" })).toEqual({
      status: 403,
      code: "FORBIDDEN",
    });
    expect(await ask("/v1/events", token)).toEqual({ status: 400, code: "INVALID_REQUEST" });
    expect(await ask("/v1/nothing", token)).toEqual({ status: 404, code: "NOT_FOUND" });
    expect(await ask("/\\evil.example/v1/services", token)).toMatchObject({ status: 404 });
    expect(await ask("//evil.example/v1/services", token)).toMatchObject({ status: 404 });
  });
});
