import {
  createId,
  createIdentity,
  type Identity,
  issueRecord,
  type JsonObject,
  peerIdFromKey,
  rfc3339FromMs,
  type SignedRecord,
} from "@arctic/core";
import { serviceBody } from "../../packages/core/test/support/fixtures.ts";
import { createFakeCrypto } from "./fake-crypto.ts";
import type { SimPeer } from "./sim-peer.ts";
import type { World } from "./world.ts";

/** What a hostile member does with what it is: its key signs, its links are authenticated. */
export const ATTACKS = [
  "forge",
  "steal",
  "replay",
  "equivocate",
  "flood",
  "poison",
  "lie",
  "claim",
  "jump",
  "bury",
  "babble",
] as const;
export type Attack = (typeof ATTACKS)[number];

/**
 * Makes some members hostile until a given time. Revoking others, and calling them clones, are left out: a member may do
 * the first by right, and SECURITY.md says what the second can do.
 */
export function turnHostile(world: World, peers: readonly SimPeer[], until: number): void {
  const crypto = createFakeCrypto(world.random.fork());
  const seen: string[] = [];
  const records: SignedRecord[] = [];
  world.watch((_, input, effects) => {
    if (input.type === "received" && seen.length < 400) seen.push(input.text);
    for (const effect of effects)
      if (effect.type === "persist")
        for (const record of effect.records) if (records.length < 2000) records.push(record);
  });
  const act = (peer: SimPeer) => {
    if (world.now >= until) return;
    world.schedule.at(world.now + world.random.between(50, 400), () => act(peer));
    const attack = world.random.pick([...ATTACKS]);
    if (attack === undefined || !peer.isUp) return;
    world.counts.attack += 1;
    for (const text of framesOf(attack, peer)) {
      const link = world.random.pick(peer.node.peers.list().flatMap((other) => other.link ?? []));
      if (link !== undefined) world.inject(link, text);
    }
  };
  for (const peer of peers) world.schedule.at(world.now + world.random.between(0, 500), () => act(peer));

  function framesOf(attack: Attack, peer: SimPeer): string[] {
    const others = records.filter(({ owner }) => owner !== peer.identity.peerId);
    const victim = world.random.pick(others);
    switch (attack) {
      case "forge":
        return victim === undefined ? [] : [push({ ...victim, version: victim.version + 1 })];
      case "steal":
        return victim === undefined ? [] : [push(...stolen(peer, victim))];
      case "replay":
        return [world.random.pick(seen) ?? "", push(...records.slice(0, 40))];
      case "equivocate": {
        const [id, version] = [createId("svc", crypto, world.now), world.now * 1024];
        return [1, 2].map((word) =>
          push(own(peer, "service", id, serviceBody(peer.identity.peerId, { name: `twin ${word}` }), version)),
        );
      }
      case "flood":
        return [
          push(
            ...Array.from({ length: 60 }, () =>
              own(peer, "app.flood", createId("svc", crypto, world.now), { word: "x" }),
            ),
          ),
        ];
      case "poison":
        return [
          push(own(peer, "admission", stranger().peerId, { introduced_at: rfc3339FromMs(world.now) }), addressed(peer)),
        ];
      case "lie":
        return lies();
      case "claim":
        return [push(claiming(peer))];
      case "jump":
        return [
          push(
            own(
              peer,
              "service",
              createId("svc", crypto, world.now),
              serviceBody(peer.identity.peerId, { name: "ahead" }),
              2 ** 53 - 1,
            ),
          ),
          push(
            own(
              peer,
              "service",
              createId("svc", crypto, world.now),
              serviceBody(peer.identity.peerId, { name: "ahead" }),
              (world.now + 540_000) * 1024,
            ),
          ),
        ];
      case "bury":
        return victim === undefined
          ? []
          : [push({ ...head(victim), version: victim.version + 5, deleted: true, signature: victim.signature })];
      case "babble":
        return [
          '{"type":"push","records":[{}]}',
          '{"type":"want","keys":[["a","b","c"]]}',
          `{"type":"${"x".repeat(300)}"}`,
        ];
    }
  }

  function own(peer: SimPeer, kind: string, id: string, body: JsonObject, version = world.now * 1024): SignedRecord {
    const customerId = peer.node.cluster.license.customer_id;
    return issueRecord(crypto, peer.identity, { kind, id, version, customerId }, { body });
  }

  /** The victim's record under the attacker's key, and under the victim's id with the attacker's key and signature. */
  function stolen(peer: SimPeer, victim: SignedRecord): object[] {
    const body = "body" in victim ? victim.body : {};
    const mine = own(peer, victim.kind, victim.id, body, victim.version + 1);
    return [mine, { ...mine, owner: victim.owner }, { ...mine, key: victim.key }];
  }

  function stranger(): Identity {
    const identity = createIdentity(crypto, world.now);
    return { ...identity, peerId: peerIdFromKey(crypto, identity.publicKey, world.now) };
  }

  function addressed(peer: SimPeer): SignedRecord {
    const record = peer.node.registry.get("peer", peer.identity.peerId, peer.identity.peerId);
    const body = record !== undefined && "body" in record ? record.body : {};
    return own(peer, "peer", peer.identity.peerId, { ...body, addresses: ["victim.example:1", peer.address] });
  }

  function claiming(peer: SimPeer): SignedRecord {
    const record = peer.node.registry.get("peer", peer.identity.peerId, peer.identity.peerId);
    const body = record !== undefined && "body" in record ? record.body : {};
    const cluster = { id: `clu_${"0".repeat(26)}`, minted_by: peer.identity.peerId, founded: true };
    return own(peer, "peer", peer.identity.peerId, { ...body, cluster });
  }

  function lies(): string[] {
    const random = (length: number) => Buffer.from(crypto.randomBytes(length)).toString("base64url");
    const marks = Array.from({ length: 256 }, () => random(8));
    const hashes = { peers: random(32), services: random(32), others: random(32) };
    const time = rfc3339FromMs(world.now + world.random.between(-9e6, 9e6));
    return [
      JSON.stringify({ type: "heartbeat", boot: "liar", seq: Math.floor(world.now / 100), time, hashes, records: [] }),
      JSON.stringify({ type: "sketch", group: "services", cells: random(360) }),
      JSON.stringify({ type: "buckets", group: "peers", marks, is_answer: false }),
      JSON.stringify({ type: "want", group: "others", elements: [Buffer.from(crypto.randomBytes(8)).toString("hex")] }),
    ];
  }
}

function push(...records: readonly object[]): string {
  return JSON.stringify({ type: "push", records });
}

function head(record: SignedRecord): object {
  const { kind, id, owner, key, customer_id } = record;
  return { kind, id, owner, key, customer_id };
}
