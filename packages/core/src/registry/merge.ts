import { compareBytes } from "../encoding/framing.ts";
import { isTombstone, type SignedRecord } from "./record.ts";

/** A record with the SHA-256 of its signed bytes. */
export interface Hashed {
  readonly record: SignedRecord;
  readonly hash: Uint8Array;
}

/**
 * Which of two records of one key is kept: 1 where `a` beats `b`, -1 where `b` beats `a`, 0 for one content.
 * A tombstone beats every live record; else the higher version wins; equal versions are ordered by the larger hash.
 * A total order, so that merging is commutative, associative and idempotent.
 */
export function compareRecords(a: Hashed, b: Hashed): -1 | 0 | 1 {
  if (isTombstone(a.record) !== isTombstone(b.record)) return isTombstone(a.record) ? 1 : -1;
  if (a.record.version !== b.record.version) return a.record.version > b.record.version ? 1 : -1;
  return compareBytes(a.hash, b.hash);
}

/** True where an owner signed two contents under one version: a clone, a restored disk, or a lie. */
export function isEquivocation(a: Hashed, b: Hashed): boolean {
  return a.record.version === b.record.version && compareBytes(a.hash, b.hash) !== 0;
}
