import type { Crypto } from "../crypto/crypto.ts";
import { isId, type PeerId } from "../identity/id.ts";
import { kindTable } from "../kinds/kinds.ts";
import type { KindDefinition } from "../registry/kind.ts";
import { contentHash, type SignedRecord } from "../registry/record.ts";
import { Registry, type RegistryBase } from "../registry/registry.ts";
import { introducersFrom, type MembershipBase, membershipFrom } from "../trust/membership.ts";
import { membershipFacts } from "./membership-facts.ts";

/**
 * Records that several nodes of one process begin with and hold only once; what a node changes it keeps for itself.
 * Opaque: made by `createSharedRecords`, handed in as `NodeOptions.stored.shared`.
 */
export interface SharedRecords {
  readonly registry: RegistryBase;
  readonly keyByPeer: ReadonlyMap<PeerId, string>;
  /** The membership as a peer sees it, where all who reach each other by admissions see the same. */
  membershipOf(self: PeerId): MembershipBase | undefined;
}

/** Takes records as trusted as those in `NodeOptions.stored.records`: they were verified when they came. */
export function createSharedRecords(options: {
  readonly crypto: Pick<Crypto, "sha256">;
  readonly kinds?: readonly KindDefinition[];
  readonly records: readonly SignedRecord[];
}): SharedRecords {
  const registry = new Registry(options.crypto, kindTable(options.kinds));
  const keyByPeer = new Map<PeerId, string>();
  for (const record of options.records) {
    registry.put(record, contentHash(options.crypto, record));
    keyByPeer.set(record.owner, record.key);
  }
  const [first] = options.records;
  if (first === undefined) return { registry: registry.base(), keyByPeer, membershipOf: () => undefined };
  const facts = membershipFacts(first.owner, registry);
  const membership = membershipFrom(facts);
  const base = membership.base();
  // Who is reached and reaches back, reaches the same peers.
  const reverse = facts.admissions.flatMap(({ introducer, newcomer }) =>
    isId("peer", newcomer) ? [{ introducer: newcomer, newcomer: introducer }] : [],
  );
  const reachingBack = introducersFrom(first.owner, reverse);
  const isAlike = (peer: PeerId) => peer === first.owner || (membership.isAdmitted(peer) && reachingBack.has(peer));
  return { registry: registry.base(), keyByPeer, membershipOf: (self) => (isAlike(self) ? base : undefined) };
}
