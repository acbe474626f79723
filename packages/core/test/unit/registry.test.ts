import { describe, expect, it } from "vitest";
import { kindTable } from "../../src/kinds/kinds.ts";
import { BUCKETS } from "../../src/registry/digest.ts";
import { recordKey, type SignedRecord } from "../../src/registry/record.ts";
import { Registry } from "../../src/registry/registry.ts";
import {
  admissionOf,
  crypto,
  hashed,
  hexFromBytes,
  identityOf,
  peerBody,
  recordOf,
  serviceBody,
  serviceIdOf,
} from "../support/fixtures.ts";

const alice = identityOf("alice");
const bob = identityOf("bob");
const services = Array.from({ length: 60 }, (_, index) =>
  recordOf(alice, "service", serviceIdOf(`service ${index}`), { body: serviceBody(bob.peerId) }),
);

function registryOf(records: readonly SignedRecord[]): Registry {
  const registry = new Registry(crypto, kindTable());
  for (const record of records) registry.put(record, hashed(record).hash);
  return registry;
}

describe("the digest of a registry", () => {
  it("is the same in whatever order the records came", () => {
    expect(registryOf(services.toReversed()).hashes).toEqual(registryOf(services).hashes);
  });
  it("one change costs one bucket of one group", () => {
    const [first = services[0]] = services;
    if (first === undefined) throw new Error("there are services");
    const registry = registryOf(services);
    const before = registry.digest("services").marks().map(hexFromBytes);
    const hashesBefore = registry.hashes;
    const changed = recordOf(alice, "service", first.id, { body: serviceBody(alice.peerId) });
    registry.put(changed, hashed(changed).hash);
    const after = registry.digest("services").marks().map(hexFromBytes);
    expect(after.filter((mark, bucket) => mark !== before[bucket])).toHaveLength(1);
    expect(registry.hashes).toMatchObject({ peers: hashesBefore.peers, others: hashesBefore.others });
    expect(registry.hashes.services).not.toBe(hashesBefore.services);
    registry.put(first, hashed(first).hash);
    expect(registry.hashes).toEqual(hashesBefore);
  });
  it("covers the version and the content, and forgets what is dropped", () => {
    const [first] = services;
    if (first === undefined) throw new Error("there are services");
    const body = serviceBody(bob.peerId);
    const later = recordOf(alice, "service", first.id, { body }, { version: first.version + 1 });
    expect(registryOf([later]).hashes).not.toEqual(registryOf([first]).hashes);
    const registry = registryOf([first]);
    registry.drop(recordKey(first));
    expect(registry.hashes).toEqual(registryOf([]).hashes);
    expect(registry.size).toBe(0);
    expect(registry.countOf("service", alice.peerId, false)).toBe(0);
  });
  it("has 256 buckets, each told by its first eight bytes", () => {
    const marks = registryOf(services).digest("services").marks();
    expect(marks).toHaveLength(BUCKETS);
    expect(new Set(marks.map((mark) => mark.length))).toEqual(new Set([8]));
  });
  it("is one of peers, one of services and one of the rest", () => {
    const peer = recordOf(alice, "peer", alice.peerId, { body: peerBody(alice.peerId, "alice") });
    const empty = registryOf([]).hashes;
    expect(registryOf([peer]).hashes).toMatchObject({ services: empty.services, others: empty.others });
    expect(registryOf([admissionOf(alice, bob.peerId)]).hashes).toMatchObject({
      peers: empty.peers,
      services: empty.services,
    });
    expect(registryOf([recordOf(alice, "app.x", "x", { body: {} })]).hashes).toMatchObject({
      peers: empty.peers,
      services: empty.services,
    });
  });
  it("two owners' records of one id are two records", () => {
    const registry = registryOf([
      recordOf(alice, "app.x", "x", { body: {} }),
      recordOf(bob, "app.x", "x", { body: {} }),
    ]);
    expect(registry.size).toBe(2);
    expect(registry.ofOwner(bob.peerId)).toHaveLength(1);
  });
});
