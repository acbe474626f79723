import { describe, expect, it } from "vitest";
import { signedBytes } from "../../src/crypto/signed.ts";
import { utf8FromText } from "../../src/encoding/utf8.ts";
import { kindTable } from "../../src/kinds/kinds.ts";
import { isAhead, isBeyondHorizon, isLasting, renewAt } from "../../src/registry/horizon.ts";
import {
  checkRecordProof,
  checkRecordShape,
  contentHash,
  isTombstone,
  nextVersion,
  recordKey,
  versionAt,
} from "../../src/registry/record.ts";
import { DAY_MS, MINUTE_MS } from "../../src/time.ts";
import {
  admissionOf,
  crypto,
  identityOf,
  NOW,
  peerBody,
  recordOf,
  serviceBody,
  serviceIdOf,
  versionOf,
} from "../support/fixtures.ts";

const alice = identityOf("alice");
const bob = identityOf("bob");
const service = recordOf(alice, "service", serviceIdOf("web"), { body: serviceBody(bob.peerId) });
const codeOf = (record: object) => {
  const shaped = checkRecordShape(record);
  const judged = shaped.ok ? checkRecordProof(crypto, shaped.value) : shaped;
  return judged.ok ? "ok" : judged.rejection.code;
};

describe("a record", () => {
  it("proves its owner by itself", () => {
    expect(codeOf(service)).toBe("ok");
    expect(codeOf(recordOf(alice, "service", service.id, { deleted: true }))).toBe("ok");
  });
  it("signs arctic/record/v1, a zero, and its canonical JSON without the signature", () => {
    const record = recordOf(alice, "app.note", "n", { body: {} }, { version: 1 });
    const { signature: _, ...unsigned } = record;
    const keys = ["body", "customer_id", "id", "key", "kind", "owner", "version"] as const;
    const text = keys.map((key) => `"${key}":${JSON.stringify((unsigned as Record<string, unknown>)[key])}`).join(",");
    expect(signedBytes("record", record as never)).toEqual(utf8FromText(`arctic/record/v1\u0000{${text}}`));
  });
  it("of one purpose is worth nothing for another", () => {
    expect(signedBytes("record", service as never)).not.toEqual(signedBytes("license", service as never));
  });
  it("does not verify once any part of it is another", () => {
    for (const changes of [
      { kind: "app.x" },
      { id: "x" },
      { version: service.version + 1 },
      { body: {} },
      { extra: 1 },
    ])
      expect(codeOf({ ...service, ...changes })).toBe("record_signature_invalid");
    expect(codeOf({ ...service, owner: bob.peerId })).toBe("record_key_mismatch");
    expect(codeOf({ ...recordOf(bob, "service", service.id, { body: {} }), owner: alice.peerId })).toBe(
      "record_key_mismatch",
    );
  });
  it("keeps the fields that it does not know", () => {
    const shaped = checkRecordShape({ ...service, later: { version: 2 } });
    expect(shaped).toMatchObject({ ok: true, value: { later: { version: 2 } } });
  });
  it("is either live or a tombstone", () => {
    const { signature: _, ...rest } = service;
    expect(codeOf({ ...service, deleted: true })).toBe("record_malformed");
    expect(codeOf({ ...rest, deleted: "true", signature: service.signature })).toBe("record_malformed");
    expect(codeOf({ ...service, body: null })).toBe("record_malformed");
    expect(codeOf({ ...service, deleted: false })).toBe("record_malformed");
  });
  it("that is live by its shape is no tombstone, even where `deleted` is there and undefined", () => {
    const shaped = checkRecordShape({ ...service, deleted: undefined });
    expect(shaped.ok && isTombstone(shaped.value)).toBe(false);
  });
  it("that cannot be signed is refused by its proof, and nothing is thrown", () => {
    expect(codeOf({ ...service, body: { half: 0.5 } })).not.toBe("ok");
    expect(codeOf({ ...service, body: { text: "\ud800" } })).not.toBe("ok");
  });
  it("has a key that no two (kind, owner, id) share", () => {
    expect(recordKey({ kind: "a", owner: alice.peerId, id: "b" })).toBe(`a|${alice.peerId}|b`);
    expect(codeOf({ ...service, id: "a|b" })).toBe("record_malformed");
    expect(codeOf({ ...service, kind: "a|b" })).toBe("record_malformed");
  });
  it("has one content hash for every signature over it", () => {
    expect(contentHash(crypto, service)).toEqual(contentHash(crypto, { ...service, signature: "A".repeat(86) }));
  });
});

describe("a version", () => {
  it("is the clock's, or one more than the version before", () => {
    expect(nextVersion(undefined, NOW)).toBe(versionOf(NOW));
    expect(nextVersion(versionOf(NOW) - 1, NOW)).toBe(versionOf(NOW));
    expect(nextVersion(versionOf(NOW), NOW)).toBe(versionOf(NOW) + 1);
    expect(nextVersion(versionOf(NOW + 9 * MINUTE_MS), NOW)).toBe(versionOf(NOW + 9 * MINUTE_MS) + 1);
  });
  it("goes back to the clock where the one before is more than ten minutes ahead", () => {
    expect(nextVersion(versionOf(NOW + 11 * MINUTE_MS), NOW)).toBe(versionOf(NOW));
    expect(nextVersion(Number.MAX_SAFE_INTEGER, NOW)).toBe(versionOf(NOW));
  });
  it("is a safe integer until 2248", () => {
    expect(Number.isSafeInteger(nextVersion(undefined, Date.UTC(2248, 0, 1)))).toBe(true);
    expect(versionAt(nextVersion(undefined, NOW))).toBe(NOW);
  });
  it("is ahead beyond ten minutes, and old beyond thirty days", () => {
    const at = (ms: number) => recordOf(alice, "app.x", "x", { body: {} }, { at: ms });
    expect(isAhead(at(NOW + 10 * MINUTE_MS), NOW)).toBe(false);
    expect(isAhead(at(NOW + 10 * MINUTE_MS + 1), NOW)).toBe(true);
    expect(isBeyondHorizon(at(NOW - 30 * DAY_MS), NOW)).toBe(false);
    expect(isBeyondHorizon(at(NOW - 30 * DAY_MS - 1), NOW)).toBe(true);
  });
  it("anything that is not a safe integer from one on is malformed", () => {
    for (const version of [0, -1, 1.5, 2 ** 53, Number.NaN, "1", null])
      expect(codeOf({ ...service, version })).toBe("record_malformed");
  });
});

describe("what lasts", () => {
  const kinds = kindTable();
  const lasts = (record: typeof service) => isLasting(kinds.get(record.kind), record);
  it("an admission, and a peer's tombstone", () => {
    expect(lasts(admissionOf(alice, bob.peerId))).toBe(true);
    expect(lasts(recordOf(alice, "peer", alice.peerId, { deleted: true }))).toBe(true);
  });
  it("not a live peer record, a service or its tombstone", () => {
    expect(lasts(recordOf(alice, "peer", alice.peerId, { body: peerBody(alice.peerId, "alice") }))).toBe(false);
    expect(lasts(service)).toBe(false);
    expect(lasts(recordOf(alice, "service", service.id, { deleted: true }))).toBe(false);
  });
  it("an unknown kind where its name ends in an exclamation mark", () => {
    expect(lasts(recordOf(alice, "app.x!", "x", { body: {} }))).toBe(true);
    expect(lasts(recordOf(alice, "app.x", "x", { body: {} }))).toBe(false);
  });
  it("a live record is renewed between the eighth and the fourteenth day", () => {
    expect(renewAt(service, 0)).toBe(versionAt(service.version) + 8 * DAY_MS);
    expect(renewAt(service, 1)).toBe(versionAt(service.version) + 14 * DAY_MS);
  });
});
