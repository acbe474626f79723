import { base64urlFromBytes, type ClientId, type ClusterId, createId, createIdentity, type PeerId } from "@arctic/core";
import { beforeEach, describe, expect, it } from "vitest";
import { issueToken } from "../../src/api/token.ts";
import { TokenChecks } from "../../src/api/token-checks.ts";
import type { LocalPeer } from "../../src/peer/local-peer.ts";
import { crypto } from "../helpers/records.ts";

const NOW = Date.now();
const issuer = createIdentity(crypto, NOW);
const judge = createIdentity(crypto, NOW);
const client = createId("cli", crypto, NOW);

/** What the judging peer knows; a test changes it under a token that was found right before. */
interface Known {
  clusterId: ClusterId;
  aliases: ClusterId[];
  members: Map<PeerId, string>;
  scopes: string[];
  revoked: ClientId[];
}

function peerOf(known: Known): LocalPeer {
  const live = (kind: string) => {
    if (kind === "revocation") return known.revoked.map((id) => ({ id, body: {} }));
    if (kind !== "credential") return [];
    return [
      { id: client, owner: issuer.peerId, version: 1, body: { scopes: known.scopes, license_id: "", created_at: "" } },
    ];
  };
  const node = {
    get cluster() {
      return { id: known.clusterId, aliases: known.aliases, hasLeft: false };
    },
    peers: {
      isMember: (peer: PeerId) => known.members.has(peer),
      get: (peer: PeerId) => ({ publicKey: known.members.get(peer) }),
    },
    registry: {
      live,
      // Another object, since another record may be there.
      get hashes() {
        return {};
      },
    },
  };
  return { identity: judge, node, facts: { cluster_id: "clu_former" } } as unknown as LocalPeer;
}

describe("a token that was found right once", () => {
  let known: Known;
  let token: string;
  let checks: TokenChecks;
  beforeEach(async () => {
    known = {
      clusterId: createId("clu", crypto, NOW),
      aliases: [],
      members: new Map([[issuer.peerId, base64urlFromBytes(issuer.publicKey)]]),
      scopes: ["urn:tillered:arctic:admin"],
      revoked: [],
    };
    const grant = { clientId: client, scopes: ["admin"] as const, ttlSeconds: 3600, tokenId: "a-test" };
    token = await issueToken(issuer, peerOf(known).node, grant, NOW);
    checks = new TokenChecks();
    expect(await checks.check(peerOf(known), token, NOW)).toMatchObject({ clientId: client, scopes: ["admin"] });
  });
  const check = (now = NOW) => checks.check(peerOf(known), token, now);

  it("is right again, without its key being asked for its signature", async () => {
    expect(await check()).toMatchObject({ scopes: ["admin"] });
  });

  it("is right again, without its client being looked up while no record changes", async () => {
    const peer = peerOf(known);
    let lookUps = 0;
    const { live } = peer.node.registry;
    const registry = {
      hashes: {},
      live: (kind: string) => {
        lookUps += 1;
        return live(kind);
      },
    };
    const same = { ...peer, node: { ...peer.node, cluster: peer.node.cluster, registry } } as unknown as LocalPeer;
    await checks.check(same, token, NOW);
    const once = lookUps;
    for (let index = 0; index < 10; index += 1) await checks.check(same, token, NOW);
    expect([once > 0, lookUps]).toEqual([true, once]);
  });

  it("ends on time", async () => {
    await check(NOW + 3_600_000 + 20_000);
    await expect(check(NOW + 3_600_000 + 31_000)).rejects.toMatchObject({ code: "TOKEN_EXPIRED" });
  });

  it("ends with its client, and shrinks with it", async () => {
    known.scopes = ["urn:tillered:arctic:peers.read"];
    expect((await check()).scopes).toEqual([]);
    known.revoked = [client];
    await expect(check()).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  });

  it("ends with its issuer, and with its issuer's key", async () => {
    known.members.set(issuer.peerId, base64urlFromBytes(judge.publicKey));
    await expect(check()).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    known.members.clear();
    await expect(check()).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  });

  it("ends a second after its cluster id is none any more, and lives on under an alias", async () => {
    known.aliases = [known.clusterId];
    known.clusterId = createId("clu", crypto, NOW + 1);
    await check(NOW + 5_000);
    known.aliases = [];
    await expect(check(NOW + 7_000)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  });

  it("is not forgotten for one that is wrong", async () => {
    const wrong = `${token.slice(0, -4)}AAAA`;
    await expect(checks.check(peerOf(known), wrong, NOW)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    await expect(checks.check(peerOf(known), wrong, NOW)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    await check();
  });
});
