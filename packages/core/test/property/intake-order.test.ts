import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SignedRecord } from "../../src/registry/record.ts";
import { HOUR_MS } from "../../src/time.ts";
import { admissionOf, identityOf, NOW, peerBody, recordOf, revocationOf } from "../support/fixtures.ts";
import { memberLink } from "../support/member-link.ts";

const alice = identityOf("alice");
const others = ["carol", "dave", "erin"].map((name) => identityOf(name));
const everyone = [alice, ...others];
const pairs = everyone.flatMap((a) => others.flatMap((b) => (a === b ? [] : [[a, b] as const])));

/** All that three newcomers and alice may have written of each other: chains, circles, endings, deletions, twins. */
const universe: readonly SignedRecord[] = [
  ...pairs.map(([a, b]) => admissionOf(a, b.peerId)),
  ...pairs.map(([a, b]) => revocationOf(a, b.peerId)),
  ...everyone.flatMap((owner) => [
    recordOf(owner, "peer", owner.peerId, { body: peerBody(owner.peerId, "x") }),
    recordOf(owner, "app.note", "n", { body: { text: "a" } }),
    recordOf(owner, "app.note", "n", { body: { text: "b" } }),
    recordOf(owner, "app.note", "n", { body: { text: "c" } }, { at: NOW - HOUR_MS / 2 }),
    recordOf(owner, "app.note", "n", { deleted: true }, { at: NOW - 2 * HOUR_MS }),
    recordOf(owner, "app.note!", "n", { body: {} }),
  ]),
  ...others.map((owner) => recordOf(owner, "peer", owner.peerId, { deleted: true })),
];

/** What a peer holds after every record was shown to it, one frame each, until nothing is new any more. */
function heldAfter(records: readonly SignedRecord[]) {
  const { bob, link } = memberLink();
  for (let round = 0; round < 5; round += 1) for (const record of records) link.push(record);
  return {
    records: [...bob.node.registry.all()].map((record) => JSON.stringify(record)).sort(),
    stored: [...bob.stored.values()].map((record) => JSON.stringify(record)).sort(),
    hashes: bob.node.registry.hashes,
    peers: bob.node.peers.list().map(({ peerId, standing }) => `${peerId} ${standing}`),
  };
}

describe("what a peer holds", () => {
  it("depends on which records it was shown, never on their order; and its disk holds the same", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...universe.keys()], { minLength: 1, maxLength: 24 }), (picked) => {
        const records = picked.flatMap((index) => universe[index] ?? []);
        const one = heldAfter(records);
        expect(heldAfter(records.toReversed())).toEqual(one);
        expect(one.stored).toEqual(one.records);
      }),
      { numRuns: 120 },
    );
  });
  it("is the same where all came in one frame", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...universe.keys()], { minLength: 1, maxLength: 24 }), (picked) => {
        const records = picked.flatMap((index) => universe[index] ?? []);
        const { bob, link } = memberLink();
        for (let round = 0; round < 2; round += 1) link.push(...records);
        expect(bob.node.registry.hashes).toEqual(heldAfter(records).hashes);
      }),
      { numRuns: 80 },
    );
  });
  it("is known again after a restart", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...universe.keys()], { minLength: 1, maxLength: 24 }), (picked) => {
        const { bob, link } = memberLink();
        link.push(...picked.flatMap((index) => universe[index] ?? []));
        const [hashes, peers] = [
          bob.node.registry.hashes,
          bob.node.peers.list().map(({ peerId, standing }) => [peerId, standing]),
        ];
        bob.restart(NOW);
        expect(bob.node.registry.hashes).toEqual(hashes);
        expect(bob.node.peers.list().map(({ peerId, standing }) => [peerId, standing])).toEqual(
          peers.filter(([, standing]) => standing !== "vouched"),
        );
      }),
      { numRuns: 60 },
    );
  });
});
