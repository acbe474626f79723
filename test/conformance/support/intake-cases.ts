import { signedBytes } from "../../../packages/core/src/crypto/signed.ts";
import type { JsonObject } from "../../../packages/core/src/encoding/json.ts";
import type { SignedRecord } from "../../../packages/core/src/registry/record.ts";
import { DAY_MS, MINUTE_MS } from "../../../packages/core/src/time.ts";
import { createTestCrypto } from "../../../packages/core/test/support/crypto.ts";
import {
  admissionOf,
  CUSTOMER,
  customerIdOf,
  hashed,
  identityOf,
  NOW,
  peerBody,
  recordOf,
  revocationOf,
  serviceBody,
  serviceIdOf,
  versionOf,
} from "../../../packages/core/test/support/fixtures.ts";
import { recordOfMixedOrderKey, signedOtherwise } from "./odd-signatures.ts";
import { judge, RECEIVER, STARTED_AT } from "./receiver.ts";

const self = RECEIVER;
const alice = identityOf("alice");
const bob = identityOf("bob");
const gone = identityOf("gone");
const evil = identityOf("evil");
const stranger = identityOf("stranger");
const web = serviceIdOf("web");
const old = serviceIdOf("old");
const body = serviceBody(bob.peerId);
const service = (id: string, head: Parameters<typeof recordOf>[4] = {}, content: JsonObject = body) =>
  recordOf(alice, "service", id, { body: content }, head);
const note = (owner: typeof alice, id: string, head: Parameters<typeof recordOf>[4] = {}, content: JsonObject = {}) =>
  recordOf(owner, "app.note", id, { body: content }, head);
const mixed = recordOfMixedOrderKey("mixed");

const HELD: readonly SignedRecord[] = [
  admissionOf(self, alice.peerId),
  admissionOf(alice, bob.peerId),
  admissionOf(alice, gone.peerId),
  admissionOf(alice, evil.peerId),
  admissionOf(alice, mixed.owner),
  recordOf(gone, "peer", gone.peerId, { deleted: true }),
  revocationOf(self, evil.peerId),
  recordOf(bob, "peer", bob.peerId, { body: peerBody(bob.peerId, "bob") }),
  service(web),
  recordOf(alice, "service", old, { deleted: true }),
];

export interface IntakeCase {
  readonly name: string;
  readonly record: unknown;
  readonly code: string | null;
}

/** One receiver, what it holds, and what it answers to records that come over a link. */
export function intakeVectors() {
  return {
    description:
      "A receiver (`self`, started at `started_at_ms`, clock at `now_ms`) that holds `held`. `single`: one record in a frame; `code` is null where it is kept. `frames`: several; the refusals' codes in the order of their text, and the registry keys that became current, sorted.",
    self: self.peerId,
    started_at_ms: STARTED_AT,
    now_ms: NOW,
    customer_id: CUSTOMER,
    held: HELD,
    single: [...kept(), ...refused(), ...firstFaultWins(), ...own()].map(({ name, record, code }) => {
      const found = judge(HELD, [record]).codes[0] ?? null;
      if (found !== code) throw new Error(`${name}: core says ${found}, the case says ${code}`);
      return { name, record, code };
    }),
    frames: frames().map(({ name, records }) => ({ name, records, ...judge(HELD, records) })),
  };
}

function kept(): IntakeCase[] {
  const of = (name: string, record: unknown) => ({ name, record, code: null });
  return [
    of("a member's record", service(serviceIdOf("new"))),
    of("a higher version", service(web, { at: NOW })),
    of("a tombstone of a lower version", recordOf(alice, "service", web, { deleted: true }, { at: NOW - DAY_MS })),
    of("a later tombstone", recordOf(alice, "service", old, { deleted: true }, { at: NOW })),
    of("a kind that nobody knows", note(bob, "n-1")),
    of("a tombstone of a kind that nobody knows", recordOf(bob, "app.note", "n-1", { deleted: true })),
    of("a body that is not understood here", service(serviceIdOf("quic"), {}, { ...body, transport_type: "quic" })),
    of("a field of the envelope that nobody knows", sealedAnew({ hint: [1, 2] })),
    of("10 minutes ahead", service(web, { at: NOW + 10 * MINUTE_MS })),
    of("30 days old", note(bob, "n-1", { at: NOW - 30 * DAY_MS })),
    of("a lasting record of 300 days", admissionOf(bob, stranger.peerId, NOW - 300 * DAY_MS)),
    of(
      "a lasting record of an unknown kind, of 300 days",
      recordOf(bob, "app.note!", "n-1", { body: {} }, { at: NOW - 300 * DAY_MS }),
    ),
    of(
      "the tombstone of a peer, of 300 days",
      recordOf(bob, "peer", bob.peerId, { deleted: true }, { at: NOW - 300 * DAY_MS }),
    ),
    of("a lasting record of one who left", admissionOf(gone, stranger.peerId)),
    of("a lasting record of one who was revoked", revocationOf(evil, bob.peerId)),
    of("signed bytes of exactly 8,192", sized(8192)),
    of("two contents under one version, the larger hash", twinsOfWeb().larger),
  ];
}

function refused(): IntakeCase[] {
  const of = (code: string, name: string, record: unknown) => ({ name, record, code });
  return [
    of("record_malformed", "no object", 5),
    of("record_malformed", "version zero", { ...service(web), version: 0 }),
    of("record_foreign", "another customer", note(bob, "n-1", { customerId: customerIdOf("other") })),
    of("record_held", "held already", service(web)),
    of("record_held", "held already, under another right signature", signedOtherwise(service(web), alice)),
    of("record_superseded", "a lower version", service(web, { at: NOW - DAY_MS })),
    of("record_superseded", "a live record under a tombstone, however high its version", service(old, { at: NOW })),
    of(
      "record_superseded",
      "an earlier tombstone",
      recordOf(alice, "service", old, { deleted: true }, { at: NOW - DAY_MS }),
    ),
    of("record_superseded", "two contents under one version, the smaller hash", twinsOfWeb().smaller),
    of("record_superseded", "live under the version of a tombstone", service(old)),
    of("record_key_mismatch", "somebody else's key", { ...note(bob, "n-1"), owner: alice.peerId }),
    of("record_key_mismatch", "a key that does not decode", { ...note(bob, "n-1"), key: `${"A".repeat(42)}B` }),
    of("record_key_mismatch", "a key with torsion, rightly signed", mixed),
    of("record_ahead", "more than 10 minutes ahead", note(bob, "n-1", { at: NOW + 10 * MINUTE_MS + 1 })),
    of("record_ahead", "a lasting record more than 10 minutes ahead", admissionOf(bob, stranger.peerId, NOW + DAY_MS)),
    of("record_too_old", "more than 30 days old", note(bob, "n-1", { version: versionOf(NOW - 30 * DAY_MS) - 1 })),
    of(
      "record_too_old",
      "a tombstone of more than 30 days",
      recordOf(bob, "app.note", "n-1", { deleted: true }, { at: NOW - 31 * DAY_MS }),
    ),
    of("record_owner_unknown", "a stranger's record", note(stranger, "n-1")),
    of("record_owner_unknown", "a stranger's admission", admissionOf(stranger, bob.peerId)),
    of("record_owner_ended", "of one who left", note(gone, "n-1")),
    of("record_owner_ended", "of one who was revoked", note(evil, "n-1")),
    of(
      "record_malformed",
      "a peer record under another id",
      recordOf(bob, "peer", alice.peerId, { body: peerBody(bob.peerId, "bob") }),
    ),
    of("record_malformed", "an admission of oneself", admissionOf(bob, bob.peerId)),
    of("record_malformed", "a service under an id of another kind", recordOf(bob, "service", bob.peerId, { body })),
    of(
      "record_not_deletable",
      "the deletion of an admission",
      recordOf(alice, "admission", bob.peerId, { deleted: true }),
    ),
    of(
      "record_not_deletable",
      "the deletion of a revocation",
      recordOf(bob, "revocation", evil.peerId, { deleted: true }),
    ),
    of("record_malformed", "a body that cannot be canonical", { ...note(bob, "n-1"), body: nested(8) }),
    of("record_too_large", "signed bytes of 8,193", sized(8193)),
    of("record_signature_invalid", "another body", { ...note(bob, "n-1"), body: { x: 1 } }),
    of("record_signature_invalid", "no signature of anybody", { ...note(bob, "n-1"), signature: "A".repeat(86) }),
  ];
}

/** Where a record has two faults, the check that comes first names it. */
function firstFaultWins(): IntakeCase[] {
  const forged = { signature: "A".repeat(86) };
  const of = (code: string, name: string, record: unknown) => ({ name: `first fault: ${name}`, record, code });
  return [
    of("record_foreign", "another customer, then an unknown owner", {
      ...note(stranger, "n"),
      customer_id: customerIdOf("other"),
    }),
    of("record_superseded", "beaten, then another key", {
      ...service(web, { at: NOW - DAY_MS }),
      key: note(bob, "n").key,
    }),
    of("record_key_mismatch", "another key, then ahead", {
      ...note(stranger, "n", { at: NOW + DAY_MS }),
      key: note(bob, "n").key,
    }),
    of("record_ahead", "ahead, then an unknown owner", note(stranger, "n", { at: NOW + DAY_MS })),
    of("record_too_old", "too old, then an unknown owner", note(stranger, "n", { at: NOW - 31 * DAY_MS })),
    of("record_owner_unknown", "an unknown owner, then forged", { ...note(stranger, "n"), ...forged }),
    of("record_owner_ended", "an ended owner, then a wrong id", recordOf(gone, "service", gone.peerId, { body })),
    of("record_malformed", "a wrong id, then forged", { ...recordOf(bob, "service", bob.peerId, { body }), ...forged }),
    of("record_not_deletable", "not deletable, then forged", {
      ...recordOf(bob, "rotation", `rot_${bob.peerId.slice(5)}`, { deleted: true }),
      ...forged,
    }),
    of("record_too_large", "too large, then forged", { ...sized(8193), ...forged }),
    of("record_superseded", "a lower version, then forged", { ...service(web, { at: NOW - DAY_MS }), ...forged }),
    of("record_signature_invalid", "forged under the held version, never evidence", {
      ...twinsOfWeb().larger,
      ...forged,
    }),
  ];
}

function own(): IntakeCase[] {
  const mine = (at: number, content: { body: JsonObject } | { deleted: true } = { body: {} }) =>
    recordOf(self, "app.note", "mine", content, { at });
  return [
    { name: "own, from before this start: taken back", record: mine(STARTED_AT - 1), code: null },
    { name: "own tombstone, from before this start", record: mine(STARTED_AT - 1, { deleted: true }), code: null },
    { name: "own and live, of 300 days", record: mine(NOW - 300 * DAY_MS), code: null },
    { name: "own tombstone of 31 days", record: mine(NOW - 31 * DAY_MS, { deleted: true }), code: "record_too_old" },
    {
      name: "own, from the instant of this start, never written here",
      record: mine(STARTED_AT),
      code: "identity_cloned",
    },
    {
      name: "own and forged, from after this start",
      record: { ...mine(NOW), signature: "A".repeat(86) },
      code: "record_signature_invalid",
    },
  ];
}

function frames(): { name: string; records: readonly unknown[] }[] {
  const [c, d] = [identityOf("c"), identityOf("d")];
  return [
    { name: "nothing", records: [] },
    { name: "an admission behind what the admitted one wrote", records: [note(c, "n"), admissionOf(bob, c.peerId)] },
    {
      name: "a chain of admissions, the last first",
      records: [note(d, "n"), admissionOf(c, d.peerId), admissionOf(bob, c.peerId)],
    },
    {
      name: "a revocation goes before the service that it ends",
      records: [note(bob, "n"), revocationOf(alice, bob.peerId)],
    },
    {
      name: "good ones beside bad ones",
      records: [note(bob, "n"), 5, { ...note(bob, "m"), signature: "A".repeat(86) }, note(stranger, "n"), service(web)],
    },
    { name: "one record twice", records: [note(bob, "n"), note(bob, "n")] },
    {
      name: "two versions of one record, the lower first",
      records: [note(bob, "n", { at: NOW - 5 }), note(bob, "n", { at: NOW })],
    },
    {
      name: "two versions of one record, the higher first",
      records: [note(bob, "n", { at: NOW }), note(bob, "n", { at: NOW - 5 })],
    },
    { name: "twenty faults are borne", records: [...Array.from({ length: 20 }, () => 5), note(bob, "n")] },
    {
      name: "at the twenty-first the rest is not read",
      records: [...Array.from({ length: 21 }, () => 5), note(bob, "n")],
    },
  ];
}

function sealedAnew(more: JsonObject): SignedRecord {
  const { signature: _, ...unsigned } = note(bob, "n-1");
  const crypto = createTestCrypto("seal");
  const object = { ...unsigned, ...more } as unknown as JsonObject;
  const signature = Buffer.from(crypto.sign(bob.secretKey, signedBytes("record", object))).toString("base64url");
  return { ...object, signature } as unknown as SignedRecord;
}

/** A record with this many signed bytes. */
function sized(bytes: number): SignedRecord {
  const bare = signedBytes("record", note(bob, "n-1", {}, { x: "" }) as unknown as JsonObject).length;
  return note(bob, "n-1", {}, { x: "x".repeat(bytes - bare) });
}

/** Two more contents under the version of the held service: one that beats it, one that it beats. */
function twinsOfWeb() {
  const held = hashed(service(web)).hash;
  const others = Array.from({ length: 64 }, (_, index) =>
    service(web, {}, serviceBody(bob.peerId, { name: `twin ${index}` })),
  );
  const larger = others.find((other) => Buffer.compare(hashed(other).hash, held) > 0);
  const smaller = others.find((other) => Buffer.compare(hashed(other).hash, held) < 0);
  if (larger === undefined || smaller === undefined) throw new Error("no twins were found");
  return { larger, smaller };
}

function nested(depth: number): JsonObject {
  return depth === 0 ? {} : { x: nested(depth - 1) };
}
