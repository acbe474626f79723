import * as LIMITS from "../limits.ts";
import { DAY_MS, type Millis } from "../time.ts";
import type { KindDefinition } from "./kind.ts";
import { isTombstone, type SignedRecord, versionAt } from "./record.ts";

/** True where neither the horizon nor the owner's end takes this record away. */
export function isLasting(kind: KindDefinition | undefined, record: SignedRecord): boolean {
  // A kind that is unknown here says by its name whether it lasts.
  if (kind === undefined) return record.kind.endsWith("!");
  return kind.lasting === "lasting" || (kind.lasting === "tombstone_lasts" && isTombstone(record));
}

/** True where the record is older than 30 days: neither accepted nor kept, lasting ones and the owner's own excepted. */
export function isBeyondHorizon({ version }: Pick<SignedRecord, "version">, now: Millis): boolean {
  return versionAt(version) < now - LIMITS.horizonMs;
}

export function isAhead({ version }: Pick<SignedRecord, "version">, now: Millis): boolean {
  return versionAt(version) > now + LIMITS.versionAheadMs;
}

/**
 * When an owner signs its live record anew: at 8 to 14 days of age. `spread` (0 to 1, from a hash of the id) picks the
 * day, so that the records of one owner do not come all at once.
 */
export function renewAt(record: SignedRecord, spread: number): Millis {
  const { from, to } = LIMITS.renewAfterDays;
  return versionAt(record.version) + (from + spread * (to - from)) * DAY_MS;
}
