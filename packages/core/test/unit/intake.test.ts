import { describe, expect, it } from "vitest";
import type { Crypto } from "../../src/crypto/crypto.ts";
import { LIMITS } from "../../src/limits.ts";
import { recordKey, type SignedRecord } from "../../src/registry/record.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/time.ts";
import { createTestCrypto } from "../support/crypto.ts";
import {
  admissionOf,
  customerIdOf,
  hashed,
  hexFromBytes,
  identityOf,
  NOW,
  peerBody,
  recordOf,
  revocationOf,
  serviceBody,
  serviceIdOf,
  versionOf,
} from "../support/fixtures.ts";
import { memberLink, refusalsOf } from "../support/member-link.ts";
import { RawLink } from "../support/raw-link.ts";

const alice = identityOf("alice");
const bobId = identityOf("bob").peerId;
const carol = identityOf("carol");
const serviceId = serviceIdOf("web");
const serviceAt = (at: number, name = "web") =>
  recordOf(alice, "service", serviceId, { body: serviceBody(bobId, { name }) }, { at });
const note = (owner: typeof alice, id: string, head: Parameters<typeof recordOf>[4] = {}) =>
  recordOf(owner, "app.note", id, { body: { text: id } }, head);
const forged = (record: SignedRecord) => ({ ...record, signature: "A".repeat(86) });

function countingCrypto(label: string): { crypto: Crypto; verified: () => number } {
  const inner = createTestCrypto(label);
  let count = 0;
  return {
    crypto: {
      ...inner,
      verify: (...args) => {
        count += 1;
        return inner.verify(...args);
      },
    },
    verified: () => count,
  };
}

describe("a record that comes over a link", () => {
  it("is taken from its owner, and on disk before anything leaves the host", () => {
    const { bob, link } = memberLink();
    const service = serviceAt(NOW);
    const { effects } = link.push(service);
    expect(effects[0]).toMatchObject({ type: "persist", records: [service] });
    expect(effects.slice(1).every(({ type }) => type !== "persist")).toBe(true);
    expect(bob.node.registry.get("service", alice.peerId, serviceId)).toEqual(service);
    expect(bob.stored.get(recordKey(service))).toEqual(service);
  });

  it("is taken from anybody who passes it on", () => {
    const { bob, link } = memberLink({ others: [carol] });
    link.push(note(carol, "from-carol"));
    expect(bob.node.registry.get("app.note", carol.peerId, "from-carol")).toBeDefined();
  });

  it("that somebody else signed is refused however high its version, counted, and in the end closes the link (T16)", () => {
    const { bob, link } = memberLink({ others: [carol] });
    const held = note(carol, "x");
    link.push(held);
    link.push({
      ...note(alice, "x", { version: Number.MAX_SAFE_INTEGER - 1 }),
      owner: carol.peerId,
      version: versionOf(NOW),
    });
    expect(bob.node.registry.get("app.note", carol.peerId, "x")).toEqual(held);
    expect(refusalsOf(bob)).toEqual(["record_key_mismatch × 1"]);
    for (let count = 1; count < 20; count += 1) link.push(forged(note(carol, `y${count}`)));
    expect(link.closedWith).toBeUndefined();
    link.push(forged(note(carol, "z")));
    expect(link.closedWith).toBe("link_failures");
  });

  it("twenty failures in a minute are borne again in the next", () => {
    const { link } = memberLink();
    for (const minute of [0, 1, 2]) {
      link.now = NOW + minute * MINUTE_MS;
      for (let count = 0; count < 20; count += 1) link.push(forged(note(alice, `${minute}-${count}`)));
    }
    expect(link.closedWith).toBeUndefined();
  });

  it("is one of thousands with wrong signatures in one frame: the curve is asked twenty-odd times, not thousands (T32)", () => {
    const { crypto, verified } = countingCrypto("bob");
    const { link } = memberLink({ crypto });
    const before = verified();
    link.push(...Array.from({ length: 1500 }, (_, index) => forged(note(alice, `n${index}`))));
    expect(link.closedWith).toBe("link_failures");
    expect(verified() - before).toBeLessThanOrEqual(LIMITS.refusalsPerMinute + 1);
  });

  it("that is held already is told by its text and never verified twice", () => {
    const { crypto, verified } = countingCrypto("bob");
    const { link, bob } = memberLink({ crypto });
    link.push(serviceAt(NOW));
    const before = verified();
    for (let count = 0; count < 50; count += 1) link.push(serviceAt(NOW), serviceAt(NOW - 1));
    expect(verified()).toBe(before);
    expect(link.closedWith).toBeUndefined();
    expect(refusalsOf(bob)).toEqual([]);
  });

  it("of another customer is refused and charged", () => {
    const { bob, link } = memberLink();
    link.push(recordOf(alice, "app.note", "x", { body: {} }, { customerId: customerIdOf("other") }));
    expect(refusalsOf(bob)).toEqual(["record_foreign × 1"]);
  });

  it("of an owner that nobody admitted is refused, not charged, and taken once the owner is admitted", () => {
    const { bob, link } = memberLink();
    for (let count = 0; count < 100; count += 1) link.push(note(carol, "x"));
    expect(link.closedWith).toBeUndefined();
    expect(bob.node.registry.get("app.note", carol.peerId, "x")).toBeUndefined();
    link.push(admissionOf(alice, carol.peerId));
    link.push(note(carol, "x"));
    expect(bob.node.registry.get("app.note", carol.peerId, "x")).toBeDefined();
  });

  it("may come before the admissions that it needs, in one frame and in any order", () => {
    const chain = ["carol", "dave", "erin", "frank"].map((name) => identityOf(name));
    const introducers = [alice, ...chain];
    const frame = chain.flatMap((newcomer, index) => [
      note(newcomer, "x"),
      admissionOf(introducers[index] ?? alice, newcomer.peerId),
    ]);
    const { bob, link } = memberLink();
    link.push(...frame.toReversed());
    expect(chain.map(({ peerId }) => bob.node.peers.isMember(peerId))).toEqual([true, true, true, true]);
    expect(bob.node.registry.live("app.note")).toHaveLength(4);
    expect(refusalsOf(bob)).toEqual([]);
  });

  it("more than ten minutes ahead is neither taken nor charged, and welcome when its time has come (T5)", () => {
    const { bob, link } = memberLink();
    const ahead = note(alice, "x", { at: NOW + 10 * MINUTE_MS + 1000 });
    for (let count = 0; count < 30; count += 1) link.push(ahead);
    expect(link.closedWith).toBeUndefined();
    expect(bob.node.registry.get("app.note", alice.peerId, "x")).toBeUndefined();
    link.now = NOW + 2000;
    link.push(ahead);
    expect(bob.node.registry.get("app.note", alice.peerId, "x")).toEqual(ahead);
  });

  it("with the largest version of all does not stop its owner's next one (T5)", () => {
    const { bob, link } = memberLink();
    link.push(note(alice, "x", { version: Number.MAX_SAFE_INTEGER }));
    link.push(note(alice, "x"));
    expect(bob.node.registry.get("app.note", alice.peerId, "x")).toEqual(note(alice, "x"));
  });

  it("older than the horizon is not taken, a lasting one is", () => {
    const { bob, link } = memberLink();
    link.push(note(alice, "x", { at: NOW - 30 * DAY_MS - 1 }), note(alice, "y", { at: NOW - 30 * DAY_MS }));
    link.push(admissionOf(alice, carol.peerId, NOW - 300 * DAY_MS));
    expect(bob.node.registry.live("app.note").map(({ id }) => id)).toEqual(["y"]);
    expect(bob.node.peers.isMember(carol.peerId)).toBe(true);
    expect(link.closedWith).toBeUndefined();
  });

  it("of a kind and with fields that nobody here knows is stored, hashed and kept as it is (T42)", () => {
    const { bob, link } = memberLink();
    const strange = recordOf(alice, "app.strange", "x", { body: { a: [1, { b: null }] } });
    const before = bob.node.registry.hashes.others;
    link.push(strange);
    expect(bob.node.registry.get("app.strange", alice.peerId, "x")).toEqual(strange);
    expect(bob.node.registry.hashes.others).not.toBe(before);
  });

  it("with a value that only a newer version knows is refused without blame for who passes it on (T42)", () => {
    const { bob, link } = memberLink();
    for (let count = 0; count < 30; count += 1)
      link.push(
        recordOf(alice, "service", serviceIdOf(`${count}`), { body: serviceBody(bobId, { transport_type: "quic" }) }),
      );
    expect(link.closedWith).toBeUndefined();
    expect(refusalsOf(bob)[0]).toBe("record_body_refused × 1");
  });

  it("over eight kibibytes is refused and charged (T33)", () => {
    const { bob, link } = memberLink();
    link.push(recordOf(alice, "app.note", "x", { body: { text: "x".repeat(LIMITS.recordBytes) } }));
    expect(refusalsOf(bob)).toEqual(["record_too_large × 1"]);
  });

  it("that is no record at all harms nothing", () => {
    const { bob, link } = memberLink();
    link.push({}, { kind: "peer" }, ...[[], [null], "x", 7].map((value) => value as unknown as object));
    expect(refusalsOf(bob)).toEqual(["record_malformed × 6"]);
    expect(link.closedWith).toBeUndefined();
  });

  it("under an id that does not commit to its key is refused and charged (T4)", () => {
    const { bob, link } = memberLink({ others: [carol] });
    link.push({ ...note(alice, "x"), owner: carol.peerId });
    expect(refusalsOf(bob)).toEqual(["record_key_mismatch × 1"]);
  });

  it("under an id that does not commit to its key is charged even where the owner is unknown (SPEC 5.3: before the owner is looked up)", () => {
    const { bob, link } = memberLink();
    link.push({ ...note(alice, "x"), owner: carol.peerId });
    expect(refusalsOf(bob)).toEqual(["record_key_mismatch × 1"]);
  });

  it("that its kind does not let be deleted is not deleted", () => {
    const { bob, link } = memberLink();
    link.push(
      recordOf(alice, "admission", carol.peerId, { deleted: true }),
      recordOf(alice, "revocation", carol.peerId, { deleted: true }),
    );
    expect(refusalsOf(bob)).toEqual(["record_not_deletable × 2"]);
  });
});

describe("what is deleted or ended", () => {
  it("a tombstone takes the place of a live record whatever the version, and nothing takes its place (T9)", () => {
    const { bob, link } = memberLink();
    const tombstone = recordOf(alice, "service", serviceId, { deleted: true }, { at: NOW - HOUR_MS });
    link.push(serviceAt(NOW));
    link.push(tombstone);
    link.push(serviceAt(NOW + MINUTE_MS), serviceAt(NOW - 2 * HOUR_MS));
    expect(bob.node.registry.get("service", alice.peerId, serviceId)).toEqual(tombstone);
    expect(bob.node.registry.live("service")).toEqual([]);
  });

  it("a tombstone may come before what it deletes", () => {
    const { bob, link } = memberLink();
    link.push(recordOf(alice, "service", serviceId, { deleted: true }, { at: NOW - HOUR_MS }));
    link.push(serviceAt(NOW));
    expect(bob.node.registry.live("service")).toEqual([]);
  });

  it("nobody deletes what another owns", () => {
    const { bob, link } = memberLink({ others: [carol] });
    link.push(note(carol, "x"));
    link.push({ ...recordOf(alice, "app.note", "x", { deleted: true }, { at: NOW }), owner: carol.peerId });
    link.push({
      ...recordOf(alice, "app.note", "x", { deleted: true }, { at: NOW }),
      owner: carol.peerId,
      key: note(carol, "x").key,
    });
    expect(bob.node.registry.live("app.note")).toHaveLength(1);
    expect(refusalsOf(bob)).toEqual(["record_key_mismatch × 1", "record_signature_invalid × 1"]);
  });

  it("a peer that left takes its records with it but for the lasting ones, and nothing of it comes back (T45)", () => {
    const { bob, link } = memberLink({ others: [carol] });
    const left = recordOf(carol, "peer", carol.peerId, { deleted: true });
    const dave = identityOf("dave");
    link.push(note(carol, "x"), admissionOf(carol, dave.peerId), note(dave, "y"));
    link.push(left);
    expect(bob.node.registry.live("app.note").map(({ id }) => id)).toEqual(["y"]);
    expect(bob.node.peers.isMember(dave.peerId)).toBe(true);
    expect(bob.node.peers.get(carol.peerId)?.standing).toBe("left");
    link.push(
      note(carol, "z", { at: NOW }),
      recordOf(carol, "peer", carol.peerId, { body: peerBody(carol.peerId, "carol") }, { at: NOW }),
    );
    expect(bob.node.registry.live("app.note")).toHaveLength(1);
    expect(bob.node.peers.isMember(carol.peerId)).toBe(false);
    expect([...bob.stored.values()].filter(({ owner, kind }) => owner === carol.peerId && kind === "app.note")).toEqual(
      [],
    );
  });

  it("a revoked peer's records end, its admissions and revocations stay", () => {
    const { bob, link } = memberLink({ others: [carol] });
    const [dave, erin] = [identityOf("dave"), identityOf("erin")];
    link.push(
      note(carol, "x"),
      admissionOf(carol, dave.peerId),
      admissionOf(alice, erin.peerId),
      revocationOf(carol, erin.peerId),
    );
    link.push(revocationOf(alice, carol.peerId));
    expect(bob.node.peers.get(carol.peerId)?.standing).toBe("revoked");
    expect(bob.node.peers.isMember(dave.peerId)).toBe(true);
    expect(bob.node.peers.isMember(erin.peerId)).toBe(false);
    expect(bob.node.registry.live("app.note")).toEqual([]);
  });

  it("a member that is revoked over its own link is told and cut off", () => {
    const { bob, link } = memberLink({ others: [carol] });
    bob.handle(
      {
        type: "write",
        kind: "revocation",
        id: alice.peerId,
        body: { reason: "lost", revoked_at: "2026-01-15T12:00:00Z" },
      },
      NOW,
    );
    const told = bob.steps.at(-1)?.effects.filter((effect) => effect.type === "send" || effect.type === "close");
    expect(told?.map(({ type }) => type)).toEqual(["send", "close"]);
    expect(link.push(note(alice, "x")).rejection).toMatchObject({ code: "message_unexpected" });
  });
});

describe("two contents under one version (T6)", () => {
  const twins = [serviceAt(NOW, "one"), serviceAt(NOW, "two")];
  const larger = twins.toSorted((a, b) => (hexFromBytes(hashed(a).hash) < hexFromBytes(hashed(b).hash) ? 1 : -1))[0];

  it.each([
    ["as they come", twins],
    ["the other way round", twins.toReversed()],
  ])("%s: the larger hash is kept, both are shown", (_, order) => {
    const { bob, link } = memberLink();
    for (const record of order) link.push(record);
    expect(bob.node.registry.get("service", alice.peerId, serviceId)).toEqual(larger);
    const shown = bob.notices.find((notice) => notice.type === "equivocation");
    expect(shown).toMatchObject({ kept: larger, other: twins.find((record) => record !== larger) });
    expect(link.closedWith).toBeUndefined();
  });
});

describe("one's own records from elsewhere", () => {
  const bob = identityOf("bob");

  it("one that this peer wrote before its start is taken back (T7)", () => {
    const { bob: peer, link } = memberLink();
    const older = note(bob, "x", { at: NOW - HOUR_MS });
    link.push(older);
    expect(peer.node.registry.get("app.note", bob.peerId, "x")).toEqual(older);
    expect(peer.node.cluster.isCloned).toBe(false);
  });

  it("one from after the start that it did not write is a clone's: it stops writing, for good, and says so (T8)", () => {
    const { bob: peer, link } = memberLink();
    link.push(note(bob, "x", { at: NOW }));
    expect(peer.node.cluster.isCloned).toBe(true);
    expect(peer.flags).toEqual({ isCloned: true });
    expect(peer.notices).toContainEqual({ type: "cloned" });
    expect(
      peer.handle({ type: "write", kind: "peer", id: peer.id, body: peerBody(peer.id, "bob") }, NOW).rejection,
    ).toMatchObject({ code: "identity_cloned" });
    peer.restart(NOW + HOUR_MS);
    expect(peer.node.cluster.isCloned).toBe(true);
  });

  it("its own write coming back is no clone's", () => {
    const { bob: peer, link } = memberLink();
    const { record } = peer.bootstrap(NOW);
    if (record === undefined) throw new Error("the write was made");
    const later = peer.handle(
      { type: "write", kind: "peer", id: peer.id, body: peerBody(peer.id, "bob", { description: "later" }) },
      NOW,
    ).record;
    link.push(record);
    if (later !== undefined) link.push(later);
    expect(peer.node.cluster.isCloned).toBe(false);
  });

  it("its own tombstone that it pruned already, and a neighbour has not, is no clone's", () => {
    const startedAt = NOW - 31 * DAY_MS;
    const { bob: peer } = memberLink({ startedAt });
    peer.handle({ type: "write", kind: "service", id: serviceId, body: serviceBody(alice.peerId) }, startedAt);
    const { record } = peer.handle({ type: "delete", kind: "service", id: serviceId }, startedAt);
    if (record === undefined) throw new Error("the deletion was made");
    for (let at = startedAt; at <= NOW; at += DAY_MS / 4) peer.handle({ type: "wake" }, at);
    expect(peer.node.registry.get("service", bob.peerId, serviceId)).toBeUndefined();
    const again = memberLinkOf(peer);
    again.push(record);
    expect(peer.node.cluster.isCloned).toBe(false);
  });
});

describe("quotas (T33)", () => {
  const notes = Array.from({ length: LIMITS.unknownKindPerOwner + 20 }, (_, index) =>
    note(alice, `n${String(index).padStart(4, "0")}`, { version: versionOf(NOW) - 1000 + index }),
  );
  const lasting = notes.map((record, index) =>
    recordOf(alice, "app.note!", record.id, { body: {} }, { version: versionOf(NOW) - 1000 + index }),
  );
  const keptOf = (records: readonly SignedRecord[]) => {
    const { bob, link } = memberLink();
    for (const record of records) link.push(record);
    return [...bob.node.registry.all()]
      .filter(({ kind }) => kind.startsWith("app.note"))
      .map(({ id }) => id)
      .sort();
  };

  it("an unknown kind has 256 places an owner, and another owner has its own", () => {
    const { bob, link } = memberLink({ others: [carol] });
    link.push(...notes);
    link.push(note(carol, "x"));
    expect(bob.node.registry.live("app.note")).toHaveLength(LIMITS.unknownKindPerOwner + 1);
    expect(refusalsOf(bob)).toEqual(["record_quota × 20"]);
    expect(link.closedWith).toBeUndefined();
  });

  it("of a lasting kind the lowest (version, id) stay, whatever came first", () => {
    const expected = lasting
      .slice(0, LIMITS.unknownKindPerOwner)
      .map(({ id }) => id)
      .sort();
    expect(keptOf(lasting)).toEqual(expected);
    expect(keptOf(lasting.toReversed())).toEqual(expected);
  });

  it("of a kind that does not last the same ones stay, whatever came first (SPEC 5.3)", () => {
    expect(keptOf(notes.toReversed())).toEqual(keptOf(notes));
  });

  it("a record over the quota is refused before the curve is asked", () => {
    const { crypto, verified } = countingCrypto("bob");
    const { link } = memberLink({ crypto });
    link.push(...notes.slice(0, LIMITS.unknownKindPerOwner));
    const before = verified();
    link.push(...notes.slice(LIMITS.unknownKindPerOwner));
    expect(verified()).toBe(before);
  });
});

function memberLinkOf(peer: Parameters<typeof refusalsOf>[0]): RawLink {
  const link = new RawLink(peer, { now: NOW });
  if (!link.handshake(alice)) throw new Error("a member is let in");
  return link;
}
