import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { kindTable } from "../../src/kinds/kinds.ts";
import { compareRecords, type Hashed } from "../../src/registry/merge.ts";
import { type RecordKey, recordKey } from "../../src/registry/record.ts";
import { Registry } from "../../src/registry/registry.ts";
import { crypto, hashed, identityOf, NOW, recordOf, versionOf } from "../support/fixtures.ts";

const owners = ["a", "b"].map((name) => identityOf(name));

/** Few owners, ids, versions and texts, so that keys meet, versions are equal and contents differ. */
const record: fc.Arbitrary<Hashed> = fc
  .record({
    owner: fc.constantFrom(...owners),
    kind: fc.constantFrom("app.x", "app.y!"),
    id: fc.constantFrom("1", "2", "3"),
    version: fc.integer({ min: 0, max: 3 }).map((step) => versionOf(NOW) + step),
    text: fc.option(fc.constantFrom("p", "q", "r"), { nil: undefined }),
  })
  .map(({ owner, kind, id, version, text }) =>
    hashed(recordOf(owner, kind, id, text === undefined ? { deleted: true } : { body: { text } }, { version })),
  );
const records = fc.array(record, { maxLength: 20 });

type Kept = ReadonlyMap<RecordKey, Hashed>;

function merge(...sets: readonly Iterable<Hashed>[]): Kept {
  const kept = new Map<RecordKey, Hashed>();
  for (const set of sets)
    for (const one of set) {
      const key = recordKey(one.record);
      const held = kept.get(key);
      if (held === undefined || compareRecords(one, held) > 0) kept.set(key, one);
    }
  return kept;
}

function hashesOf(kept: Kept) {
  const registry = new Registry(crypto, kindTable());
  for (const { record, hash } of kept.values()) registry.put(record, hash);
  return registry.hashes;
}

const sorted = (kept: Kept) => [...kept].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { record }]) => record);

describe("merging", () => {
  it("is commutative: whatever comes first, the same is kept", () => {
    fc.assert(
      fc.property(records, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (all, random) => {
        const shuffled = all.map((one) => ({ one, at: random.next().value })).sort((a, b) => a.at - b.at);
        expect(sorted(merge(shuffled.map(({ one }) => one)))).toEqual(sorted(merge(all)));
      }),
      { numRuns: 60 },
    );
  });
  it("is associative: who merged with whom before does not matter", () => {
    fc.assert(
      fc.property(records, records, records, (a, b, c) => {
        const left = merge(merge(a, b).values(), c);
        const right = merge(a, merge(b, c).values());
        expect(sorted(left)).toEqual(sorted(right));
      }),
      { numRuns: 60 },
    );
  });
  it("is idempotent: what is merged again changes nothing", () => {
    fc.assert(
      fc.property(records, (all) => {
        const once = merge(all);
        expect(sorted(merge(once.values(), all, all))).toEqual(sorted(once));
      }),
      { numRuns: 60 },
    );
  });
  it("orders any two records of one key totally: one way, never both, and never in a circle", () => {
    fc.assert(
      fc.property(record, record, record, (a, b, c) => {
        expect(compareRecords(a, b) + compareRecords(b, a)).toBe(0);
        if (compareRecords(a, b) > 0 && compareRecords(b, c) > 0) expect(compareRecords(a, c)).toBe(1);
        expect(compareRecords(a, a)).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
  it("never lets a live record take the place of a tombstone", () => {
    fc.assert(
      fc.property(records, (all) => {
        const kept = merge(all);
        for (const { record } of all)
          if ("deleted" in record) expect(kept.get(recordKey(record))?.record).toHaveProperty("deleted", true);
      }),
      { numRuns: 60 },
    );
  });
});

describe("the digest", () => {
  it("of two registries is equal exactly where their contents are", () => {
    fc.assert(
      fc.property(records, records, (a, b) => {
        const [left, right] = [merge(a), merge(b)];
        const isSame = JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));
        expect(JSON.stringify(hashesOf(left)) === JSON.stringify(hashesOf(right))).toBe(isSame);
      }),
      { numRuns: 60 },
    );
  });
  it("kept step by step equals the one made at once", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(record, fc.boolean()), { maxLength: 30 }), (steps) => {
        const registry = new Registry(crypto, kindTable());
        for (const [{ record, hash }, isDropped] of steps) {
          registry.put(record, hash);
          if (isDropped) registry.drop(recordKey(record));
        }
        const again = new Registry(crypto, kindTable());
        for (const { record, hash } of registry.all()) again.put(record, hash);
        expect(registry.hashes).toEqual(again.hashes);
        expect(registry.size).toBe([...registry.all()].length);
        for (const owner of owners)
          for (const kind of ["app.x", "app.y!"])
            expect(registry.countOf(kind, owner.peerId, false) + registry.countOf(kind, owner.peerId, true)).toBe(
              registry.ofOwner(owner.peerId).filter(({ record }) => record.kind === kind).length,
            );
      }),
      { numRuns: 60 },
    );
  });
});
