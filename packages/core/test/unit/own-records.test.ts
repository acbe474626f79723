import { describe, expect, it } from "vitest";
import { nobleCrypto } from "../../src/crypto/noble-crypto.ts";
import { createId } from "../../src/identity/id.ts";
import * as LIMITS from "../../src/limits.ts";
import { type LiveRecord, recordKey, type SignedRecord, versionAt } from "../../src/registry/record.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/time.ts";
import {
  admissionOf,
  identityOf,
  licenseOf,
  NOW,
  peerBody,
  recordOf,
  serviceBody,
  serviceIdOf,
  versionOf,
} from "../support/fixtures.ts";
import { memberLink } from "../support/member-link.ts";
import { RawLink } from "../support/raw-link.ts";
import { TestPeer } from "../support/test-peer.ts";
import { clusterOf, worldOf } from "../support/world.ts";

const target = identityOf("target").peerId;
const serviceId = serviceIdOf("web");
const writeService = (peer: TestPeer, now: number, changes: Parameters<typeof serviceBody>[1] = {}) =>
  peer.handle({ type: "write", kind: "service", id: serviceId, body: serviceBody(target, changes) }, now);

describe("a local write", () => {
  it("is signed with the clock's version, stored first, and then pushed to the linked peers", () => {
    const { bob, link } = memberLink();
    const { effects, record } = writeService(bob, NOW);
    expect(record).toMatchObject({ kind: "service", owner: bob.id, version: versionOf(NOW) });
    expect(effects.map(({ type }) => type)).toEqual(["persist", "send", "notify"]);
    expect(effects[1]).toMatchObject({ link: link.id, text: JSON.stringify({ type: "push", records: [record] }) });
  });

  it("goes on counting within one millisecond and while the clock is a little back", () => {
    const { bob } = memberLink();
    const versions = [NOW, NOW, NOW - 5 * MINUTE_MS].map((now) => writeService(bob, now).record?.version);
    expect(versions).toEqual([versionOf(NOW), versionOf(NOW) + 1, versionOf(NOW) + 2]);
  });

  it("that its kind refuses, that is unknown, or that is not canonical JSON changes nothing and throws nothing", () => {
    const { bob } = memberLink();
    const before = bob.node.registry.hashes;
    const refusals = [
      writeService(bob, NOW, { transport_type: "carrier pigeon" }),
      writeService(bob, NOW, { later: 1.5 }),
      writeService(bob, NOW, { later: "\ud800" }),
      writeService(bob, NOW, { later: [[[[[[[[[[1]]]]]]]]]] }),
      bob.handle({ type: "write", kind: "nonsense", id: "x", body: {} }, NOW),
      bob.handle({ type: "write", kind: "peer", id: target, body: peerBody(target, "x") }, NOW),
      bob.handle({ type: "delete", kind: "service", id: serviceIdOf("nothing") }, NOW),
    ];
    expect(refusals.map(({ rejection }) => rejection?.code)).toEqual(new Array(refusals.length).fill("write_refused"));
    expect(refusals.flatMap(({ effects }) => effects)).toEqual([]);
    expect(bob.node.registry.hashes).toEqual(before);
  });

  it("of more than eight kibibytes is refused, since the others would refuse it", () => {
    const { bob } = memberLink();
    const step = writeService(bob, NOW, { later: "x".repeat(LIMITS.recordBytes) });
    expect(step.rejection).toMatchObject({ code: "record_too_large" });
    expect(step.effects).toEqual([]);
  });

  it("under an id that was deleted is refused for ever", () => {
    const { bob } = memberLink();
    writeService(bob, NOW);
    expect(bob.handle({ type: "delete", kind: "service", id: serviceId }, NOW + 1).record).toMatchObject({
      deleted: true,
    });
    expect(writeService(bob, NOW + HOUR_MS).rejection).toMatchObject({ code: "write_refused" });
    expect(bob.handle({ type: "delete", kind: "service", id: serviceId }, NOW + HOUR_MS).rejection).toMatchObject({
      code: "write_refused",
    });
  });

  it("cannot say another cluster id than the one that the node bears", () => {
    const bob = new TestPeer("bob");
    bob.bootstrap();
    const { id } = bob.node.cluster;
    bob.handle(
      {
        type: "write",
        kind: "peer",
        id: bob.id,
        body: peerBody(bob.id, "bob", {
          cluster: { id: "clu_00000000000000000000000000", minted_by: bob.id, founded: true },
        }),
      },
      NOW,
    );
    expect(bob.node.cluster.id).toBe(id);
  });

  it("of an admission is refused: admissions are written by first contacts alone", () => {
    const bob = new TestPeer("bob");
    const step = bob.handle(
      { type: "write", kind: "admission", id: target, body: { introduced_at: "2026-01-15T12:00:00Z" } },
      NOW,
    );
    expect(step.rejection).toMatchObject({ code: "write_refused" });
  });

  it("of a thousand and first service succeeds where others were deleted before: tombstones are no services", () => {
    const bob = new TestPeer("bob");
    for (let count = 0; count < LIMITS.servicesPerPeer; count += 1) {
      const id = serviceIdOf(`service ${count}`);
      bob.handle({ type: "write", kind: "service", id, body: serviceBody(target) }, NOW);
      bob.handle({ type: "delete", kind: "service", id }, NOW);
    }
    expect(writeService(bob, NOW).rejection).toBeUndefined();
  });
});

describe("time over one's own records", () => {
  const days = (peer: TestPeer, from: number, to: number) => {
    for (let at = from; at <= to; at += HOUR_MS) peer.handle({ type: "wake" }, NOW + at);
  };

  it("a live record is signed anew between its eighth and its fourteenth day", () => {
    const { bob } = memberLink();
    writeService(bob, NOW);
    const version = () => bob.node.registry.get("service", bob.id, serviceId)?.version ?? 0;
    days(bob, 0, 8 * DAY_MS - HOUR_MS);
    expect(version()).toBe(versionOf(NOW));
    days(bob, 8 * DAY_MS, 14 * DAY_MS + HOUR_MS);
    expect(versionAt(version()) - NOW).toBeGreaterThanOrEqual(8 * DAY_MS);
    expect(versionAt(version()) - NOW).toBeLessThanOrEqual(14 * DAY_MS + HOUR_MS);
  });

  it("a tombstone is pruned after thirty days, a lasting record never, one's own live record never", () => {
    const { bob, link } = memberLink();
    link.push(admissionOf(identityOf("alice"), target));
    const foreign = recordOf(identityOf("alice"), "app.note", "x", { body: {} }, { at: NOW });
    link.push(foreign);
    writeService(bob, NOW);
    bob.handle({ type: "delete", kind: "service", id: serviceId }, NOW);
    const own = serviceIdOf("own");
    bob.handle({ type: "write", kind: "service", id: own, body: serviceBody(target) }, NOW);
    days(bob, 0, 31 * DAY_MS);
    expect(bob.node.registry.get("service", bob.id, serviceId)).toBeUndefined();
    expect(bob.stored.has(recordKey(foreign))).toBe(false);
    expect(bob.node.registry.get("service", bob.id, own)).toBeDefined();
    expect(bob.node.peers.isMember(target)).toBe(true);
    expect(bob.node.registry.get("admission", identityOf("alice").peerId, target)).toBeDefined();
  });

  it("what a fast clock let in too early is dropped once the clock is right", () => {
    const { bob, link } = memberLink();
    link.now = NOW + HOUR_MS;
    const early = recordOf(identityOf("alice"), "app.note", "x", { body: {} }, { at: NOW + HOUR_MS });
    link.push(early);
    expect(bob.node.registry.get("app.note", early.owner, "x")).toEqual(early);
    bob.restart(NOW);
    bob.handle({ type: "wake" }, NOW);
    expect(bob.node.registry.get("app.note", early.owner, "x")).toBeUndefined();
  });

  it("an admission that a fast clock let in counts alike before and after the next start", () => {
    const { bob, link } = memberLink();
    link.now = NOW + HOUR_MS;
    link.push(admissionOf(identityOf("alice"), target, NOW + HOUR_MS));
    bob.handle({ type: "wake" }, NOW + HOUR_MS);
    bob.handle({ type: "wake" }, NOW + 2 * MINUTE_MS);
    bob.handle({ type: "wake" }, NOW + 3 * HOUR_MS - 2.5 * HOUR_MS);
    const before = bob.node.peers.isMember(target);
    bob.restart(NOW + HOUR_MS / 2);
    expect(bob.node.peers.isMember(target)).toBe(before);
  });

  it("a backup restored after thirty-one days does not bring back what was deleted meanwhile", () => {
    const { network, alice, bob } = clusterOf({ alice: {}, bob: {} });
    const write = { type: "write", kind: "service", id: serviceId, body: serviceBody(alice.id) } as const;
    network.feed(bob, write);
    const backup: SignedRecord[] = [...bob.stored.values()];
    network.feed(bob, { type: "delete", kind: "service", id: serviceId });
    for (let day = 0; day < 32; day += 1) {
      network.now += DAY_MS;
      for (const peer of [alice, bob]) peer.handle({ type: "wake" }, network.now);
    }
    const restored = new TestPeer("bob", { records: backup, startedAt: network.now });
    restored.handle({ type: "wake" }, network.now);
    const link = new RawLink(restored, { now: network.now });
    link.handshake(alice.identity);
    // What the others hold of it is newer than anything that the restored disk ever wrote.
    link.push(...[...bob.stored.values()].filter(({ kind }) => kind === "peer"));
    for (let second = 0; second < 15; second += 1) link.wake(network.now + second * SECOND_MS);
    expect(restored.node.registry.live("service")).toEqual([]);
  });
});

describe("a clock that falls back and is corrected", () => {
  it("what this peer wrote before the fall is not taken for a clone's when it comes back", () => {
    const { bob, link } = memberLink();
    const { record } = writeService(bob, NOW);
    writeService(bob, NOW - HOUR_MS, { name: "written while the clock was wrong" });
    link.now = NOW + MINUTE_MS;
    if (record === undefined) throw new Error("the write was made");
    link.push(record);
    expect(bob.node.cluster.isCloned).toBe(false);
    const [held] = bob.node.registry.live("service");
    expect(held?.body.name).toBe("written while the clock was wrong");
    expect(held?.version).toBeGreaterThan(record.version);
  });

  it("two months ahead of its neighbours' it drops nothing of what they hold", () => {
    const { bob, link } = memberLink();
    const foreign = recordOf(identityOf("alice"), "app.note", "x", { body: {} }, { at: NOW });
    link.push(foreign);
    bob.handle({ type: "wake" }, NOW + 60 * DAY_MS);
    bob.handle({ type: "wake" }, NOW + 60 * DAY_MS + 1);
    expect(bob.node.registry.get("app.note", foreign.owner, "x")).toEqual(foreign);
    expect(bob.stored.has(recordKey(foreign))).toBe(true);
  });
});

describe("leaving and being put out", () => {
  it("leaving is signed, pushed before the links close, and final for the id", () => {
    const { network, alice, bob } = clusterOf({ alice: {}, bob: {} });
    network.feed(bob, { type: "write", kind: "service", id: serviceId, body: serviceBody(alice.id) });
    network.feed(bob, { type: "leave" });
    expect(alice.node.peers.get(bob.id)?.standing).toBe("left");
    expect(alice.node.registry.live("service")).toEqual([]);
    expect(bob.node.cluster.hasLeft).toBe(true);
    expect(
      bob.handle({ type: "write", kind: "service", id: serviceIdOf("x"), body: serviceBody(alice.id) }, network.now)
        .rejection,
    ).toBeDefined();
    bob.restart(network.now + HOUR_MS);
    expect(bob.node.cluster.hasLeft).toBe(true);
    expect(network.join(bob, alice).rejection).toMatchObject({ code: "peer_left" });
    network.advance(10 * SECOND_MS);
    expect(alice.node.peers.get(bob.id)?.link).toBeUndefined();
  });

  it("a peer that was revoked while it slept learns it and takes no part", () => {
    const { network, alice, bob } = clusterOf({ alice: {}, bob: {} });
    const revocation = network.feed(alice, {
      type: "write",
      kind: "revocation",
      id: bob.id,
      body: { reason: "x", revoked_at: "2026-01-15T12:00:00Z" },
    }).record;
    expect(revocation).toBeDefined();
    expect(bob.node.peers.isMember(bob.id)).toBe(false);
    expect(bob.steps.at(-1)?.effects.some(({ type }) => type === "dial")).toBe(false);
    expect(bob.node.wakeAt).toBeGreaterThan(network.now);
  });
});

describe("the cluster's id", () => {
  it("when two running clusters meet the older one's name holds everywhere and the other is an alias", () => {
    const { network, alice, bob, carol, dave } = worldOf({ alice: {}, bob: {}, carol: {}, dave: {} });
    network.join(alice, bob);
    network.join(carol, dave);
    network.advance(10 * SECOND_MS);
    const ids = [alice.node.cluster.id, carol.node.cluster.id].sort();
    expect(ids[0]).not.toBe(ids[1]);
    network.join(alice, carol);
    network.join(carol, alice);
    network.advance(60 * SECOND_MS);
    const peers = [alice, bob, carol, dave];
    expect(new Set(peers.map(({ node }) => node.cluster.id))).toEqual(new Set([ids[0]]));
    expect(new Set(peers.map(({ node }) => JSON.stringify(node.registry.hashes))).size).toBe(1);
    expect(
      peers
        .flatMap(({ node }) =>
          node.registry.live("peer").map(({ body }) => (body.cluster as { founded: boolean }).founded),
        )
        .every((founded) => founded),
    ).toBe(true);
  });

  it("a fresh peer adopts the id of the cluster that it joins, though its own is older", () => {
    const { network, alice, bob } = clusterOf({ alice: {}, bob: {} });
    const { id } = alice.node.cluster;
    const spare = new TestPeer("spare");
    network.add(spare);
    const older = peerBody(spare.id, "spare", {
      cluster: { id: "clu_01KCKGG5G0A1B39SBY0AKMCYVK", minted_by: spare.id, founded: false },
    });
    network.feed(spare, { type: "write", kind: "peer", id: spare.id, body: older });
    expect(spare.node.cluster.id < id).toBe(true);
    network.join(alice, spare);
    network.advance(5 * SECOND_MS);
    expect([alice, bob, spare].map(({ node }) => node.cluster.id)).toEqual([id, id, id]);
  });
});

describe("founding a cluster anew", () => {
  const found = (peer: TestPeer, now = NOW) =>
    peer.handle({ type: "found", clusterId: createId("clu", nobleCrypto, now) }, now);

  it("gives a peer that is alone a cluster id of its own making", () => {
    const { peer } = alone();
    const before = peer.node.cluster.id;
    const { record, effects } = found(peer);
    const { cluster } = (record as LiveRecord).body as { cluster: object };
    expect(cluster).toEqual({ id: peer.node.cluster.id, minted_by: peer.id, founded: false });
    expect(peer.node.cluster.id).not.toBe(before);
    expect(effects.map((effect) => effect.type)).toContain("persist");
    peer.restart(NOW + SECOND_MS);
    expect(peer.node.cluster.id).toBe((cluster as { id: string }).id);
  });
  it("is refused to a peer that has company, and with an id that was made at another time", () => {
    const { alice } = clusterOf({ alice: {}, bob: {} });
    const before = alice.node.cluster.id;
    expect(found(alice).rejection?.message).toMatch(/alone/);
    expect(alice.node.cluster.id).toBe(before);
    const { peer } = alone();
    const clusterId = createId("clu", nobleCrypto, NOW + HOUR_MS);
    expect(peer.handle({ type: "found", clusterId }, NOW).rejection?.code).toBe("write_refused");
  });

  function alone() {
    const { network, alice: peer } = worldOf({ alice: {} });
    network.advance(SECOND_MS);
    return { peer };
  }
});

describe("a license", () => {
  it("that the operator puts in is verified, taken where it succeeds, and pulled by the others", () => {
    const { network, alice, bob } = clusterOf({ alice: {}, bob: {} });
    const next = licenseOf({ issued_at: "2026-01-15T00:00:00.000Z", max_nodes: 32 });
    expect(network.feed(alice, { type: "license", document: { ...next, max_nodes: 64 } }).rejection).toMatchObject({
      code: "license_signature_invalid",
    });
    expect(network.feed(alice, { type: "license", document: licenseOf({ max_nodes: 5 }) }).rejection).toMatchObject({
      code: "license_not_successor",
    });
    network.feed(alice, { type: "license", document: next });
    expect(bob.node.cluster.license).toEqual(next);
    bob.restart(network.now);
    expect(bob.node.cluster.license).toEqual(next);
  });

  it("that does not verify under the roots is no reason to start", () => {
    expect(() => new TestPeer("bob", { roots: [] })).toThrow(/license cannot be verified/);
  });
});
