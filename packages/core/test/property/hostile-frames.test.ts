import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkRecordProof } from "../../src/registry/record.ts";
import { crypto, identityOf, licenseOf, NOW } from "../support/fixtures.ts";
import { memberLink } from "../support/member-link.ts";
import { RawLink } from "../support/raw-link.ts";
import type { TestPeer } from "../support/test-peer.ts";
import { clusterOf } from "../support/world.ts";

/** Frames that honest peers said to each other, of every kind that a cluster says by itself. */
const honest = (() => {
  const { network, alice, bob } = clusterOf({
    alice: {},
    bob: {},
    carol: { license: licenseOf({ issued_at: "2026-01-14T00:00:00.000Z" }) },
  });
  network.feed(alice, { type: "call", peer: bob.id, call: "c", body: "{}" });
  network.advance(120_000);
  const byType = new Map(network.frames.map(({ text }) => [(JSON.parse(text) as { type: string }).type, text]));
  return [...byType.values()];
})();

const junk = fc.oneof(
  fc.constantFrom<unknown>(null, true, -1, 0, 2 ** 53 - 1, "", "x", [], {}, [[]], "A".repeat(43), "A".repeat(86)),
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>,
);

/** An honest frame of which one place, somewhere inside, is another value, or is gone. */
const mutated = fc
  .tuple(fc.constantFrom(...honest), fc.nat(10_000), fc.option(junk, { nil: undefined }))
  .map(([frame, seed, value]) => JSON.stringify(withChange(JSON.parse(frame), seed, value)));

/** An honest frame of which some characters are others. */
const garbled = fc
  .tuple(
    fc.constantFrom(...honest),
    fc.array(fc.tuple(fc.nat(5000), fc.string({ unit: "binary", maxLength: 2 })), { minLength: 1, maxLength: 4 }),
  )
  .map(([frame, edits]) =>
    edits.reduce(
      (text, [at, put]) => text.slice(0, at % text.length) + put + text.slice((at % text.length) + 1),
      frame,
    ),
  );

const frames = fc.array(
  fc.oneof({ weight: 5, arbitrary: mutated }, { weight: 3, arbitrary: garbled }, fc.constantFrom(...honest)),
  { maxLength: 12 },
);

function expectOnlySigned(peer: TestPeer): void {
  for (const record of peer.node.registry.all()) expect(checkRecordProof(crypto, record).ok).toBe(true);
  for (const record of peer.stored.values()) expect(checkRecordProof(crypto, record).ok).toBe(true);
}

describe("whatever frames come", () => {
  it("from a member, none throws, nothing unsigned is applied, and the node still serves", () => {
    fc.assert(
      fc.property(frames, (texts) => {
        const { bob, link } = memberLink();
        for (const text of texts) link.sayText(text);
        expectOnlySigned(bob);
        link.wake(NOW + 60_000);
        expect(bob.bootstrap(NOW + 60_000).rejection).toBeUndefined();
      }),
      { numRuns: 150 },
    );
  });
  it("from a stranger, none throws, nothing is applied and nothing of the registry is told", () => {
    fc.assert(
      fc.property(frames, (texts) => {
        const { bob } = memberLink();
        const before = bob.node.registry.hashes;
        const link = new RawLink(bob);
        for (const text of texts) link.sayText(text);
        expect(bob.node.registry.hashes).toEqual(before);
        expect(link.heard.every(({ type }) => type === "refusal" || type === "welcome")).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
  it("from a vouched stranger's live link as from a member's, none throws", () => {
    fc.assert(
      fc.property(frames, (texts) => {
        const { bob } = memberLink({ others: [identityOf("carol")] });
        const link = new RawLink(bob);
        expect(link.handshake(identityOf("carol"))).toBe(true);
        for (const text of texts) link.sayText(text);
        expectOnlySigned(bob);
      }),
      { numRuns: 80 },
    );
  });
});

/** Replaces the place that the seed picks by the value; takes it away where the value is undefined. */
function withChange(frame: unknown, seed: number, value: unknown): unknown {
  const places: [owner: Record<string, unknown>, key: string][] = [];
  const walk = (one: unknown): void => {
    if (typeof one !== "object" || one === null) return;
    for (const key of Object.keys(one)) {
      places.push([one as Record<string, unknown>, key]);
      walk((one as Record<string, unknown>)[key]);
    }
  };
  walk(frame);
  const place = places[seed % Math.max(1, places.length)];
  if (place === undefined) return frame;
  const [owner, key] = place;
  if (value === undefined) delete owner[key];
  else owner[key] = value;
  return frame;
}
