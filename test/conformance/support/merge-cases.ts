import { compareRecords } from "../../../packages/core/src/registry/merge.ts";
import type { SignedRecord } from "../../../packages/core/src/registry/record.ts";
import {
  hashed,
  identityOf,
  NOW,
  recordOf,
  serviceBody,
  serviceIdOf,
  versionOf,
} from "../../../packages/core/test/support/fixtures.ts";

const alice = identityOf("alice");
const bob = identityOf("bob");
const id = serviceIdOf("web");
const at = (version: number, name = "web") =>
  recordOf(alice, "service", id, { body: serviceBody(bob.peerId, { name }) }, { version });
const dead = (version: number) => recordOf(alice, "service", id, { deleted: true }, { version });
const now = versionOf(NOW);

/** Records of one key, in some order: whatever the order, one is kept. */
export function mergeVectors() {
  return {
    description:
      "Records of one registry key. `kept` is the index of the one that is kept, in whatever order they come. `equivocations`: pairs of indices that bear two contents under one version.",
    sets: [
      set("one alone", [at(now)]),
      set("three versions", [at(now), at(now + 2), at(now + 1)]),
      set("a tombstone among live ones", [at(now + 9), dead(now - 5), at(now), at(now + 10)]),
      set("two tombstones and a later live one", [dead(now), dead(now + 1), at(now + 2)]),
      set(
        "five contents under one version",
        ["a", "b", "c", "d", "e"].map((name) => at(now, name)),
      ),
      set("equal versions, then a higher one", [at(now, "a"), at(now, "b"), at(now + 1, "c")]),
      set("live and deleted under one version", [at(now, "a"), dead(now), at(now, "b")]),
      set("one content twice", [at(now), at(now)]),
    ],
  };
}

function set(name: string, records: readonly SignedRecord[]) {
  const all = records.map(hashed);
  const kept = all.reduce((best, one, index) => {
    const held = all[best];
    return held !== undefined && compareRecords(one, held) > 0 ? index : best;
  }, 0);
  const equivocations = all.flatMap((a, i) =>
    all.flatMap((b, j) =>
      i < j && a.record.version === b.record.version && Buffer.compare(a.hash, b.hash) !== 0 ? [[i, j]] : [],
    ),
  );
  return { name, records, kept, equivocations };
}
