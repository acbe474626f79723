import { isId, type LiveRecord, type PeerId } from "@arctic/core";
import type { LocalPeer } from "../../peer/local-peer.ts";

/** A word by which one peer had another in. `version` orders such words in time. */
export interface Admission {
  readonly introducer: PeerId;
  readonly newcomer: PeerId;
  readonly version: number;
}

/** A member and who had it in. */
export interface Introduction {
  readonly peerId: PeerId;
  readonly introducedBy: PeerId;
  /** Other peers that wrote an admission of it, by id. */
  readonly alsoAdmittedBy: PeerId[];
}

/** Members that a peer had in, by id. */
export interface Introductions {
  /** Without the peer they would not be here: they came in by it, or by one that did. */
  readonly brought: Introduction[];
  /** The peer admitted them too, after others had. */
  readonly shared: Introduction[];
}

/** Whom a peer had in, seen from this one, as far as they are members. */
export function introductionsOf(peer: LocalPeer, introducer: PeerId): Introductions {
  const admissions = peer.node.registry.live("admission").flatMap(admissionFrom);
  const { brought, shared } = introductionsBy(introducer, peer.identity.peerId, admissions);
  const isMember = ({ peerId }: Introduction) => peer.node.peers.isMember(peerId);
  return { brought: brought.filter(isMember), shared: shared.filter(isMember) };
}

/**
 * Both sides of a first contact admit each other, and a peer may have others admit it again later. So the tree of
 * introductions is grown from the peer that asks, and of all admissions by peers in it the earliest adds the next one.
 */
export function introductionsBy(introducer: PeerId, self: PeerId, admissions: readonly Admission[]): Introductions {
  const introducerByPeer = treeFrom(self, admissions);
  const isBroughtIn = (peer: PeerId): boolean => {
    for (let by = introducerByPeer.get(peer); by !== undefined; by = introducerByPeer.get(by))
      if (by === introducer) return true;
    return false;
  };
  const admittersByPeer = Map.groupBy(admissions, ({ newcomer }) => newcomer);
  const all = [...introducerByPeer].map(([peerId, introducedBy]) => ({
    peerId,
    introducedBy,
    alsoAdmittedBy: (admittersByPeer.get(peerId) ?? [])
      .map((admission) => admission.introducer)
      .filter((other) => other !== introducedBy)
      .sort(),
  }));
  all.sort((a, b) => (a.peerId < b.peerId ? -1 : 1));
  return {
    brought: all.filter(({ peerId }) => isBroughtIn(peerId)),
    shared: all.filter(
      ({ peerId, alsoAdmittedBy }) =>
        alsoAdmittedBy.includes(introducer) && !isBroughtIn(peerId) && introducerByPeer.get(introducer) !== peerId,
    ),
  };
}

/** Each peer that admissions reach from the root, with the one that had it in. */
function treeFrom(root: PeerId, admissions: readonly Admission[]): Map<PeerId, PeerId> {
  const admissionsByIntroducer = Map.groupBy(admissions, ({ introducer }) => introducer);
  const introducerByPeer = new Map<PeerId, PeerId>();
  /** The latest first, so that the earliest is taken from the end. */
  const open: Admission[] = [];
  const enter = (peer: PeerId) => {
    for (const admission of admissionsByIntroducer.get(peer) ?? []) insert(open, admission);
  };
  enter(root);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { newcomer, introducer } = next;
    if (newcomer === root || introducerByPeer.has(newcomer)) continue;
    introducerByPeer.set(newcomer, introducer);
    enter(newcomer);
  }
  return introducerByPeer;
}

function insert(sorted: Admission[], admission: Admission): void {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const held = sorted[middle];
    if (held !== undefined && isEarlier(admission, held)) from = middle + 1;
    else to = middle;
  }
  sorted.splice(from, 0, admission);
}

function isEarlier(a: Admission, b: Admission): boolean {
  return a.version === b.version ? a.introducer < b.introducer : a.version < b.version;
}

function admissionFrom({ owner, id, version }: LiveRecord): Admission[] {
  return isId("peer", id) ? [{ introducer: owner, newcomer: id, version }] : [];
}
