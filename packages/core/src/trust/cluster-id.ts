import { type ClusterId, type CustomerId, mintedAt, type PeerId, ulidOf } from "../identity/id.ts";
import * as LIMITS from "../limits.ts";
import type { Millis } from "../time.ts";

/** What a member's own record says of the cluster id. */
export interface ClusterClaim {
  readonly id: ClusterId;
  readonly mintedBy: PeerId;
  readonly founded: boolean;
}

/**
 * The cluster's id: the smallest ULID among founded claims, or, where none is founded, among all. So when two halves
 * meet the older wins, and a spare host that was bootstrapped early cannot rename a running cluster. A claim counts
 * only while its minter is not revoked and its time part lies between the customer's and the present.
 */
export function electClusterId(
  claims: readonly ClusterClaim[],
  facts: { readonly customerId: CustomerId; readonly now: Millis; isRevoked(peer: PeerId): boolean },
): ClusterClaim | undefined {
  const smallest = (among: readonly ClusterClaim[]) => {
    let best: ClusterClaim | undefined;
    for (const claim of among) {
      // Nearly all members claim the same: only what would be better is judged.
      if (best !== undefined && !isSmaller(claim, best)) continue;
      if (!facts.isRevoked(claim.mintedBy) && isMintedFor(claim.id, facts.customerId, facts.now)) best = claim;
    }
    return best;
  };
  return smallest(claims.filter(({ founded }) => founded)) ?? smallest(claims);
}

/** True where an id's time part lies between the customer's and the present (5 minutes of clock tolerance). */
export function isMintedFor(id: ClusterId, customerId: CustomerId, now: Millis): boolean {
  return mintedAt(id) >= mintedAt(customerId) && mintedAt(id) <= now + LIMITS.clockToleranceMs;
}

/** Of claims to one id the smaller minter is named, so that the order in which they came does not matter. */
function isSmaller(a: ClusterClaim, b: ClusterClaim): boolean {
  if (a.id === b.id) return a.mintedBy < b.mintedBy;
  return ulidOf(a.id) < ulidOf(b.id);
}
