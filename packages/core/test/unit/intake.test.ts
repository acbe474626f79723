import { describe, expect, it } from "vitest";
import type { Crypto } from "../../src/crypto/crypto.ts";
import * as LIMITS from "../../src/limits.ts";
import { recordKey, type SignedRecord } from "../../src/registry/record.ts";
import { DAY_MS, MINUTE_MS } from "../../src/time.ts";
import { createTestCrypto } from "../support/crypto.ts";
import {
  admissionOf,
  customerIdOf,
  identityOf,
  NOW,
  recordOf,
  serviceBody,
  serviceIdOf,
  versionOf,
} from "../support/fixtures.ts";
import { memberLink, refusalsOf } from "../support/member-link.ts";

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

  it("that somebody else signed is refused however high its version, counted, and in the end closes the link", () => {
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

  it("is one of thousands with wrong signatures in one frame: the curve is asked twenty-odd times, not thousands", () => {
    const { crypto, verified } = countingCrypto("bob");
    const { link } = memberLink({ crypto });
    const before = verified();
    // A signature of hers, of something else: what a cheap look at it would refuse asks nothing of the curve.
    const { signature } = note(alice, "another");
    link.push(...Array.from({ length: 1500 }, (_, index) => ({ ...note(alice, `n${index}`), signature })));
    expect(link.closedWith).toBe("link_failures");
    expect(verified() - before).toBe(LIMITS.refusalsPerMinute + 1);
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

  it("more than ten minutes ahead is neither taken nor charged, and welcome when its time has come", () => {
    const { bob, link } = memberLink();
    const ahead = note(alice, "x", { at: NOW + 10 * MINUTE_MS + 1000 });
    for (let count = 0; count < 30; count += 1) link.push(ahead);
    expect(link.closedWith).toBeUndefined();
    expect(bob.node.registry.get("app.note", alice.peerId, "x")).toBeUndefined();
    link.now = NOW + 2000;
    link.push(ahead);
    expect(bob.node.registry.get("app.note", alice.peerId, "x")).toEqual(ahead);
  });

  it("with the largest version of all does not stop its owner's next one", () => {
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

  it("of a kind and with fields that nobody here knows is stored, hashed and kept as it is", () => {
    const { bob, link } = memberLink();
    const strange = recordOf(alice, "app.strange", "x", { body: { a: [1, { b: null }] } });
    const before = bob.node.registry.hashes.others;
    link.push(strange);
    expect(bob.node.registry.get("app.strange", alice.peerId, "x")).toEqual(strange);
    expect(bob.node.registry.hashes.others).not.toBe(before);
  });

  it("with a value that only a newer version knows is held, hashed and passed on, and not read", () => {
    const { bob, link } = memberLink();
    const before = bob.node.registry.hashes.services;
    const strange = { body: serviceBody(bobId, { transport_type: "quic" }) };
    for (let count = 0; count < 30; count += 1) link.push(recordOf(alice, "service", serviceIdOf(`${count}`), strange));
    expect(link.closedWith).toBeUndefined();
    expect(refusalsOf(bob)).toEqual([]);
    expect([...bob.node.registry.all()].filter(({ kind }) => kind === "service")).toHaveLength(30);
    expect(bob.node.registry.hashes.services).not.toBe(before);
    expect(bob.node.registry.live("service")).toEqual([]);
    expect(bob.node.registry.get("service", alice.peerId, serviceIdOf("1"))).toBeUndefined();
  });

  it("over eight kibibytes is refused and charged", () => {
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

  it("under an id that does not commit to its key is refused and charged", () => {
    const { bob, link } = memberLink({ others: [carol] });
    link.push({ ...note(alice, "x"), owner: carol.peerId });
    expect(refusalsOf(bob)).toEqual(["record_key_mismatch × 1"]);
  });

  it("under an id that does not commit to its key is charged even where the owner is unknown", () => {
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

describe("quotas", () => {
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

  it.each(["", "!"])(
    "kinds that nobody here knows have one quota between them, however they are called: app.x%s",
    (end) => {
      const called = Array.from({ length: LIMITS.unknownKindPerOwner + 40 }, (_, index) =>
        recordOf(alice, `app.k${String(index).padStart(4, "0")}${end}`, "one-id", { body: {} }),
      );
      for (const order of [called, called.toReversed()]) {
        const { bob, link } = memberLink({ others: [carol] });
        for (const record of order) link.push(record);
        link.push(note(carol, "x"));
        const held = [...bob.node.registry.all()].filter(({ kind }) => kind.startsWith("app.k"));
        expect(held.map(({ kind }) => kind).sort()).toEqual(
          called.slice(0, LIMITS.unknownKindPerOwner).map(({ kind }) => kind),
        );
        expect(bob.node.registry.live("app.note")).toHaveLength(1);
        expect(link.closedWith).toBeUndefined();
      }
    },
  );

  it("an owner has a thousand services, whatever its license says", () => {
    const { bob, link } = memberLink();
    const services = Array.from({ length: LIMITS.servicesPerPeer + 1 }, (_, index) =>
      recordOf(alice, "service", serviceIdOf(`service ${index}`), { body: serviceBody(bobId) }),
    );
    for (let from = 0; from < services.length; from += 250) link.push(...services.slice(from, from + 250));
    expect(bob.node.registry.live("service")).toHaveLength(LIMITS.servicesPerPeer);
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

  it("of a kind that does not last the same ones stay, whatever came first", () => {
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

  it("an owner that deletes without end has a bound on its tombstones too", () => {
    const { bob, link } = memberLink();
    const count = LIMITS.unknownKindPerOwner * LIMITS.tombstonesPerLive + 100;
    for (let index = 0; index < count; index += 50) {
      const ids = Array.from({ length: 50 }, (_, step) => `n${String(count - index - step).padStart(6, "0")}`);
      link.push(...ids.map((id) => note(alice, id)));
      link.push(...ids.map((id) => recordOf(alice, "app.note", id, { deleted: true }, { at: NOW })));
    }
    const held = [...bob.node.registry.all()].filter(({ kind }) => kind === "app.note");
    expect(held.length).toBeLessThanOrEqual(LIMITS.unknownKindPerOwner * (LIMITS.tombstonesPerLive + 1));
    expect(held.filter((record) => "deleted" in record).length).toBeLessThanOrEqual(
      LIMITS.unknownKindPerOwner * LIMITS.tombstonesPerLive,
    );
  });

  it("a frame that is a chain of admissions in the worst order costs a few hashes a record, not one for each other record", () => {
    const inner = createTestCrypto("bob");
    let hashes = 0;
    const crypto: Crypto = {
      ...inner,
      sha256: (bytes) => {
        hashes += 1;
        return inner.sha256(bytes);
      },
    };
    const { bob, link } = memberLink({ crypto });
    const chain = Array.from({ length: 200 }, (_, index) => identityOf(`sybil ${index}`));
    const before = hashes;
    link.push(...chain.map((newcomer, index) => admissionOf(chain[index - 1] ?? alice, newcomer.peerId)).toReversed());
    expect(bob.node.peers.list()).toHaveLength(chain.length + 1);
    expect(hashes - before).toBeLessThan(chain.length * 20);
  });
});
