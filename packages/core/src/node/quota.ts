import * as LIMITS from "../limits.ts";
import { isLasting } from "../registry/horizon.ts";
import type { KindDefinition } from "../registry/kind.ts";
import { isTombstone, type SignedRecord } from "../registry/record.ts";
import type { Held, Registry } from "../registry/registry.ts";

/** Whether an owner may have one more record of a kind here, and what gives way to it. */
export type Room =
  | { readonly type: "free" }
  | { readonly type: "evict"; readonly held: Held }
  | { readonly type: "full"; readonly limit: number };

/**
 * Above an owner's limit the lowest stay: of lasting kinds by (version, id), of the others by id, which is the order of
 * their making. So all peers keep the same ones, whatever came first. Tombstones have a limit of their own, and all kinds
 * that are not known here have one between them, in which equal ids go by the kind.
 */
export function roomFor(registry: Registry, record: SignedRecord, kind: KindDefinition | undefined): Room {
  const isDead = isTombstone(record);
  const limit = limitOf(kind, isDead);
  if (registry.countOf(record.kind, record.owner, isDead) < limit) return { type: "free" };
  const isLower = isLasting(kind, record) ? isLowerByVersion : isLowerById;
  const place = registry.placeOf(record.kind);
  const last = registry
    .ofOwner(record.owner)
    .filter((held) => registry.placeOf(held.record.kind) === place && isTombstone(held.record) === isDead)
    .reduce((a, b) => (isLower(a.record, b.record) ? b : a));
  return isLower(record, last.record) ? { type: "evict", held: last } : { type: "full", limit };
}

/** How many live records, or tombstones, of a kind one owner may have. */
export function limitOf(kind: KindDefinition | undefined, isDead: boolean): number {
  return (kind?.limitPerOwner ?? LIMITS.unknownKindPerOwner) * (isDead ? LIMITS.tombstonesPerLive : 1);
}

function isLowerByVersion(a: SignedRecord, b: SignedRecord): boolean {
  return a.version === b.version ? isLowerById(a, b) : a.version < b.version;
}

function isLowerById(a: SignedRecord, b: SignedRecord): boolean {
  return a.id === b.id ? a.kind < b.kind : a.id < b.id;
}
