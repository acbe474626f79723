import type { JsonObject } from "../../../packages/core/src/encoding/json.ts";
import { kindTable } from "../../../packages/core/src/kinds/kinds.ts";
import { roomFor } from "../../../packages/core/src/node/quota.ts";
import type { KindDefinition } from "../../../packages/core/src/registry/kind.ts";
import type { SignedRecord } from "../../../packages/core/src/registry/record.ts";
import { Registry } from "../../../packages/core/src/registry/registry.ts";
import { crypto, hashed, identityOf, recordOf } from "../../../packages/core/test/support/fixtures.ts";

const alice = identityOf("alice");
const LIMIT = 2;

type Head = readonly [version: number, id: string];

/** Who stays where an owner has more of a kind than it may. */
export function quotaVectors() {
  return {
    description:
      "A kind with room for `limit` live records an owner (four times as many tombstones). `held` and `incoming` are [version, id] of records of one state whose keys all differ. `outcome`: free, full (record_quota), or evict with the id of what gives way.",
    limit: LIMIT,
    cases: [
      quota("there is room", "live", false, [[5, "a"]], [6, "b"]),
      quota(
        "a lower id evicts the highest",
        "live",
        false,
        [
          [5, "b"],
          [6, "d"],
        ],
        [9, "c"],
      ),
      quota(
        "a higher id is refused, however low its version",
        "live",
        false,
        [
          [5, "b"],
          [6, "c"],
        ],
        [1, "d"],
      ),
      quota(
        "ids compare as text",
        "live",
        false,
        [
          [5, "10"],
          [6, "9"],
        ],
        [7, "2"],
      ),
      quota(
        "lasting: a lower version evicts the highest",
        "lasting",
        false,
        [
          [5, "a"],
          [7, "b"],
        ],
        [6, "z"],
      ),
      quota(
        "lasting: a higher version is refused, however low its id",
        "lasting",
        false,
        [
          [5, "x"],
          [7, "y"],
        ],
        [8, "a"],
      ),
      quota(
        "lasting: equal versions go by id",
        "lasting",
        false,
        [
          [5, "a"],
          [7, "c"],
        ],
        [7, "b"],
      ),
      quota(
        "lasting: equal versions, a higher id",
        "lasting",
        false,
        [
          [5, "a"],
          [7, "c"],
        ],
        [7, "d"],
      ),
      quota("tombstones have four times the room", "live", true, heads(7), [9, "z"]),
      quota("more tombstones than that", "live", true, heads(8), [9, "z"]),
      quota("a lower tombstone evicts the highest", "live", true, heads(8), [9, "a"]),
    ],
  };
}

function heads(count: number): Head[] {
  return Array.from({ length: count }, (_, index) => [index + 1, `t${index}`]);
}

function quota(name: string, lasting: "live" | "lasting", isDead: boolean, held: readonly Head[], incoming: Head) {
  const kind: KindDefinition = {
    name: lasting === "lasting" ? "app.note!" : "app.note",
    group: "others",
    lasting,
    isDeletable: true,
    limitPerOwner: LIMIT,
    checkId: () => undefined,
    checkBody: () => undefined,
  };
  const record = ([version, id]: Head): SignedRecord =>
    recordOf(alice, kind.name, id, isDead ? { deleted: true } : { body: {} as JsonObject }, { version });
  const registry = new Registry(crypto, kindTable([kind]));
  for (const head of held) registry.put(record(head), hashed(record(head)).hash);
  const room = roomFor(registry, record(incoming), kind);
  return {
    name,
    lasting: lasting === "lasting",
    tombstones: isDead,
    held,
    incoming,
    outcome: room.type,
    evicted: room.type === "evict" ? room.held.record.id : null,
  };
}
