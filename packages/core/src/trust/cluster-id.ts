import { type ClusterId, type CustomerId, mintedAt, type PeerId, ulidOf } from "../identity/id.ts";
import { LIMITS } from "../limits.ts";
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
  // Nearly all members claim the same id.
  const mintedRightById = new Map<ClusterId, boolean>();
  const isMintedRight = (id: ClusterId) => {
    const known = mintedRightById.get(id);
    if (known !== undefined) return known;
    const isRight = isMintedFor(id, facts.customerId, facts.now);
    mintedRightById.set(id, isRight);
    return isRight;
  };
  const isValid = (claim: ClusterClaim) => !facts.isRevoked(claim.mintedBy) && isMintedRight(claim.id);
  const founded = claims.filter((claim) => claim.founded && isValid(claim));
  const candidates = founded.length > 0 ? founded : claims.filter(isValid);
  return candidates.reduce<ClusterClaim | undefined>(
    (best, claim) => (best === undefined || isSmaller(claim, best) ? claim : best),
    undefined,
  );
}

/** True where an id's time part lies between the customer's and the present (5 minutes of clock tolerance). */
export function isMintedFor(id: ClusterId, customerId: CustomerId, now: Millis): boolean {
  return mintedAt(id) >= mintedAt(customerId) && mintedAt(id) <= now + LIMITS.clockToleranceMs;
}

/** Of claims to one id the smaller minter is named, so that the order in which they came does not matter. */
function isSmaller(a: ClusterClaim, b: ClusterClaim): boolean {
  const [ofA, ofB] = [ulidOf(a.id), ulidOf(b.id)];
  return ofA === ofB ? a.mintedBy < b.mintedBy : ofA < ofB;
}
