import { kindTable } from "../../../packages/core/src/kinds/kinds.ts";
import { contentHash, type SignedRecord } from "../../../packages/core/src/registry/record.ts";
import { Registry } from "../../../packages/core/src/registry/registry.ts";
import {
  admissionOf,
  crypto,
  hexFromBytes,
  identityOf,
  NOW,
  peerBody,
  recordOf,
  revocationOf,
  serviceBody,
  serviceIdOf,
  versionOf,
} from "../../../packages/core/test/support/fixtures.ts";
import { twin } from "./license-cases.ts";

const alice = identityOf("alice");
const bob = identityOf("bob");
const serviceId = serviceIdOf("web");
const live = recordOf(alice, "service", serviceId, { body: serviceBody(bob.peerId) });

export function recordVectors() {
  return {
    description:
      "Records as they travel. `valid`: shape and proof hold; `hash` is SHA-256 of the signed bytes, hex. `refused`: with the code that says why. `order`: of two records of one key the one that is kept. `digests`: registries and their three hashes, base64url.",
    valid: valid().map(({ name, record }) => ({ name, record, hash: hexFromBytes(contentHash(crypto, record)) })),
    refused: [...malformed(), ...unproven()],
    order: order(),
    digests: digests(),
  };
}

function valid(): { name: string; record: SignedRecord }[] {
  return [
    {
      name: "a peer's own record",
      record: recordOf(alice, "peer", alice.peerId, { body: peerBody(alice.peerId, "alice") }),
    },
    { name: "a service", record: live },
    { name: "the tombstone of a service", record: recordOf(alice, "service", serviceId, { deleted: true }) },
    { name: "an admission", record: admissionOf(alice, bob.peerId) },
    { name: "a revocation", record: revocationOf(alice, bob.peerId) },
    {
      name: "a kind that nobody knows",
      record: recordOf(alice, "app.note", "n-1", { body: { text: "häl😀lo", list: [1, null, true] } }),
    },
    { name: "a lasting kind that nobody knows", record: recordOf(alice, "app.note!", "n-1", { body: {} }) },
    {
      name: "a kind and an id at their longest",
      record: recordOf(alice, `${"k".repeat(63)}!`, "Az09._:-".repeat(16), { body: {} }),
    },
    { name: "a kind and an id at their shortest", record: recordOf(alice, "k", "n", { body: {} }) },
    { name: "the first version", record: recordOf(alice, "app.note", "n-1", { body: {} }, { version: 1 }) },
    { name: "the largest version", record: recordOf(alice, "app.note", "n-1", { body: {} }, { version: 2 ** 53 - 1 }) },
  ];
}

function malformed() {
  const of = (name: string, changes: Record<string, unknown>) => ({
    name,
    record: { ...live, ...changes },
    code: "record_malformed",
  });
  const without = (field: string) => Object.fromEntries(Object.entries(live).filter(([name]) => name !== field));
  return [
    ...["kind", "id", "owner", "key", "version", "customer_id", "signature", "body"].map((field) => ({
      name: `${field} is missing`,
      record: without(field),
      code: "record_malformed",
    })),
    of("both a body and a deletion", { deleted: true }),
    of("a deletion that is not true", { deleted: false }),
    { name: "a deletion that is a text", record: { ...without("body"), deleted: "true" }, code: "record_malformed" },
    {
      name: "a deletion with a body of null",
      record: { ...without("body"), deleted: true, body: null },
      code: "record_malformed",
    },
    of("a body that is a list", { body: [] }),
    of("version zero", { version: 0 }),
    of("a negative version", { version: -1 }),
    of("a version beyond the safe integers", { version: 2 ** 53 }),
    of("a version as text", { version: "1" }),
    of("an upper-case kind", { kind: "Service" }),
    of("an empty kind", { kind: "" }),
    of("a kind that is its mark alone", { kind: "!" }),
    of("a kind of 64 characters", { kind: "k".repeat(64) }),
    of("a kind of 64 characters and its mark", { kind: `${"k".repeat(64)}!` }),
    of("a kind that begins with a digit", { kind: "1kind" }),
    of("a kind with a line break", { kind: "service\n" }),
    of("a kind that is no text", { kind: 5 }),
    of("an id that is no text", { id: 5 }),
    of("an id with a letter beyond ASCII", { id: "é" }),
    of("a key of 42 characters", { key: "A".repeat(42) }),
    of("a key that is no text", { key: 5 }),
    of("a signature of 85 characters", { signature: "A".repeat(85) }),
    of("a signature that is no text", { signature: 5 }),
    of("a body of null", { body: null }),
    of("a kind with the separator", { kind: "service|x" }),
    of("a kind of two marks", { kind: "app.note!!" }),
    of("an id with the separator", { id: "a|b" }),
    of("an empty id", { id: "" }),
    of("an id of 129 characters", { id: "x".repeat(129) }),
    of("an owner in lower case", { owner: live.owner.toLowerCase() }),
    of("an owner that is no peer", { owner: serviceId }),
    of("a customer in lower case", { customer_id: live.customer_id.toLowerCase() }),
    of("a padded key", { key: `${live.key}=` }),
    of("a padded signature", { signature: `${live.signature}==` }),
  ];
}

function unproven() {
  const of = (name: string, changes: Record<string, unknown>) => ({
    name,
    record: { ...live, ...changes },
    code: "record_signature_invalid",
  });
  const tombstone = recordOf(alice, "service", serviceId, { deleted: true });
  const withoutBody = Object.fromEntries(Object.entries(live).filter(([name]) => name !== "body"));
  return [
    of("another kind", { kind: "app.note" }),
    of("another id", { id: serviceIdOf("other") }),
    of("a higher version", { version: live.version + 1 }),
    of("another customer", { customer_id: live.customer_id.replace(/.$/, (last) => (last === "0" ? "1" : "0")) }),
    of("another body", { body: serviceBody(alice.peerId) }),
    of("a field more", { note: "added" }),
    of("another record's signature", { signature: tombstone.signature }),
    of("the signature in its second spelling", { signature: twin(live.signature) }),
    { name: "a key in its second spelling", record: { ...live, key: twin(live.key) }, code: "record_key_mismatch" },
    {
      name: "a deletion that the owner did not sign",
      record: { ...withoutBody, deleted: true },
      code: "record_signature_invalid",
    },
    {
      name: "somebody else's key under the owner's id",
      record: { ...recordOf(bob, "service", serviceId, { body: serviceBody(alice.peerId) }), owner: alice.peerId },
      code: "record_key_mismatch",
    },
    {
      name: "somebody else's id over the owner's key",
      record: { ...live, owner: bob.peerId },
      code: "record_key_mismatch",
    },
  ];
}

function order() {
  const at = (version: number, name = "web") =>
    recordOf(alice, "service", serviceId, { body: serviceBody(bob.peerId, { name }) }, { version });
  const dead = (version: number) => recordOf(alice, "service", serviceId, { deleted: true }, { version });
  const twins = [at(versionOf(NOW), "one"), at(versionOf(NOW), "two")] as const;
  const [larger, smaller] =
    Buffer.compare(contentHash(crypto, twins[0]), contentHash(crypto, twins[1])) > 0 ? twins : [twins[1], twins[0]];
  return [
    { name: "the higher version", kept: at(versionOf(NOW) + 1), beaten: at(versionOf(NOW)) },
    {
      name: "a tombstone over a live record of a lower version",
      kept: dead(versionOf(NOW) + 1),
      beaten: at(versionOf(NOW)),
    },
    {
      name: "a tombstone over a live record of a higher version",
      kept: dead(versionOf(NOW)),
      beaten: at(versionOf(NOW) + 5000),
    },
    { name: "a tombstone over a live record of its version", kept: dead(versionOf(NOW)), beaten: at(versionOf(NOW)) },
    { name: "of two tombstones the higher version", kept: dead(versionOf(NOW) + 1), beaten: dead(versionOf(NOW)) },
    { name: "of two contents under one version the larger hash", kept: larger, beaten: smaller },
  ];
}

function digests() {
  const peer = recordOf(alice, "peer", alice.peerId, { body: peerBody(alice.peerId, "alice") });
  return [
    { name: "nothing", records: [] },
    { name: "one service", records: [live] },
    { name: "one of each group", records: [peer, live, admissionOf(alice, bob.peerId)] },
    {
      name: "forty of one group",
      records: Array.from({ length: 40 }, (_, index) =>
        recordOf(alice, "service", serviceIdOf(`service ${index}`), { body: serviceBody(bob.peerId) }),
      ),
    },
  ].map(({ name, records }) => {
    const registry = new Registry(crypto, kindTable());
    for (const record of records) registry.put(record, contentHash(crypto, record));
    return { name, records, hashes: registry.hashes };
  });
}
