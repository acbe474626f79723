import { base64urlFromBytes } from "../encoding/base64url.ts";
import type { DigestGroup } from "../registry/kind.ts";
import type { Held, Registry } from "../registry/registry.ts";

/** The first 8 bytes of each bucket's hash of a group, base64url. */
export function bucketMarks(registry: Registry, group: DigestGroup): string[] {
  return registry.digest(group).marks().map(base64urlFromBytes);
}

/** What is held here in the buckets whose marks differ from the other side's. */
export function heldInDifferingBuckets(registry: Registry, group: DigestGroup, theirs: readonly string[]): Held[] {
  return bucketMarks(registry, group).flatMap((mark, bucket) => {
    if (mark === theirs[bucket]) return [];
    return registry
      .digest(group)
      .keysIn(bucket)
      .flatMap((key) => registry.held(key) ?? []);
  });
}
