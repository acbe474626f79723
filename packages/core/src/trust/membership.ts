import { keyMarkOf, type PeerId } from "../identity/id.ts";

export type Standing = "member" | "left" | "revoked";

export interface MembershipFacts {
  readonly self: PeerId;
  readonly admissions: Iterable<{ readonly introducer: PeerId; readonly newcomer: PeerId }>;
  readonly revocations: Iterable<{ readonly revoker: PeerId; readonly revoked: PeerId }>;
  /** Peers whose own record is a tombstone. */
  readonly left: Iterable<PeerId>;
}

/** Who belongs to the cluster, as seen from one peer. Computed from the records alone, never from the order in which they came. */
export interface Membership {
  /** Every peer reached from self by admissions, with how it stands now. An ended introducer still counts as a step. */
  readonly standingByPeer: ReadonlyMap<PeerId, Standing>;
  /** The introducer by which a peer was first reached. */
  readonly introducerByPeer: ReadonlyMap<PeerId, PeerId>;
  /** How the keys of peers ended, by the mark that all ids of one key share. */
  readonly endByMark: ReadonlyMap<string, "left" | "revoked">;
}

export function computeMembership(facts: MembershipFacts): Membership {
  const introducerByPeer = reachedFrom(facts.self, facts.admissions);
  const admitted = [facts.self, ...introducerByPeer.keys()];
  const admittedSet = new Set(admitted);
  // What ends an id ends every id of the same key, hence marks. A revocation outweighs a leaving.
  const endByMark = new Map<string, "left" | "revoked">();
  for (const peer of facts.left) endByMark.set(keyMarkOf(peer), "left");
  for (const { revoker, revoked } of facts.revocations)
    if (admittedSet.has(revoker)) endByMark.set(keyMarkOf(revoked), "revoked");
  const standingByPeer = new Map<PeerId, Standing>();
  for (const peer of admitted) standingByPeer.set(peer, endByMark.get(keyMarkOf(peer)) ?? "member");
  return { standingByPeer, introducerByPeer, endByMark };
}

function reachedFrom(self: PeerId, admissions: MembershipFacts["admissions"]): Map<PeerId, PeerId> {
  const newcomersByIntroducer = new Map<PeerId, PeerId[]>();
  for (const { introducer, newcomer } of admissions) {
    const newcomers = newcomersByIntroducer.get(introducer);
    if (newcomers === undefined) newcomersByIntroducer.set(introducer, [newcomer]);
    else newcomers.push(newcomer);
  }
  const introducerByPeer = new Map<PeerId, PeerId>();
  const open: PeerId[] = [self];
  for (let introducer = open.pop(); introducer !== undefined; introducer = open.pop()) {
    for (const newcomer of (newcomersByIntroducer.get(introducer) ?? []).sort()) {
      if (newcomer === self || introducerByPeer.has(newcomer)) continue;
      introducerByPeer.set(newcomer, introducer);
      open.push(newcomer);
    }
  }
  return introducerByPeer;
}
