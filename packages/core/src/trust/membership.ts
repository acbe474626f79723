import { keyMarkOf, type PeerId } from "../identity/id.ts";
import { LayeredMap } from "../registry/layered-map.ts";

export type Standing = "member" | "left" | "revoked";

export interface MembershipFacts {
  readonly self: PeerId;
  readonly admissions: Iterable<{ readonly introducer: PeerId; readonly newcomer: PeerId }>;
  readonly revocations: Iterable<{ readonly revoker: PeerId; readonly revoked: PeerId }>;
  /** Peers whose own record is a tombstone. */
  readonly left: Iterable<PeerId>;
}

/**
 * Who belongs to the cluster, as seen from one peer: every peer reached from it by admissions (an ended introducer
 * still counts as a step), less those that left or were revoked by a peer so reached. Both sets only grow, so facts
 * that come one by one lead where all at once lead.
 */
export class Membership {
  readonly self: PeerId;
  readonly #standingByPeer: LayeredMap<PeerId, Standing>;
  /** How the keys of peers ended, by the mark that all ids of one key share. */
  readonly #endByMark: LayeredMap<string, "left" | "revoked">;
  #members: readonly PeerId[] | undefined;

  constructor(self: PeerId, base?: MembershipBase) {
    this.self = self;
    this.#standingByPeer = new LayeredMap(base?.standingByPeer);
    this.#endByMark = new LayeredMap(base?.endByMark);
    this.#members = base?.members;
    if (base === undefined) this.#standingByPeer.set(self, "member");
  }

  /** How a peer stands; a key that ended is ended under every id. `undefined` for a stranger. */
  standingOf(peer: PeerId): Standing | undefined {
    return this.#standingByPeer.get(peer) ?? this.#endByMark.get(keyMarkOf(peer));
  }

  /** True for a peer that was reached by admissions, however it stands. */
  isAdmitted(peer: PeerId): boolean {
    return this.#standingByPeer.has(peer);
  }

  admitted(): Iterable<readonly [PeerId, Standing]> {
    return this.#standingByPeer;
  }

  /** Members in the order of their ids. The list is another one after every change, and the same one until then. */
  members(): readonly PeerId[] {
    this.#members ??= [...this.#standingByPeer]
      .flatMap(([peer, standing]) => (standing === "member" ? [peer] : []))
      .sort();
    return this.#members;
  }

  /** An admission by an admitted peer. */
  admit(newcomer: PeerId): void {
    if (this.#standingByPeer.has(newcomer)) return;
    this.#standingByPeer.set(newcomer, this.#endByMark.get(keyMarkOf(newcomer)) ?? "member");
    this.#members = undefined;
  }

  /** A revocation by an admitted peer, or a peer's own leaving. A revocation outweighs a leaving. */
  end(peer: PeerId, how: "left" | "revoked"): void {
    const mark = keyMarkOf(peer);
    if (this.#endByMark.get(mark) === "revoked" || this.#endByMark.get(mark) === how) return;
    this.#endByMark.set(mark, how);
    // What ends an id ends every id of the same key.
    for (const [other] of [...this.#standingByPeer])
      if (keyMarkOf(other) === mark) this.#standingByPeer.set(other, how);
    this.#members = undefined;
  }

  /** What others may begin with, once this one does not change any more. */
  base(): MembershipBase {
    return {
      standingByPeer: this.#standingByPeer.flattened(),
      endByMark: this.#endByMark.flattened(),
      members: this.members(),
    };
  }
}

export interface MembershipBase {
  readonly standingByPeer: ReadonlyMap<PeerId, Standing>;
  readonly endByMark: ReadonlyMap<string, "left" | "revoked">;
  readonly members: readonly PeerId[];
}

/** The membership that all facts at once lead to, whatever their order. */
export function membershipFrom(facts: MembershipFacts): Membership {
  const membership = new Membership(facts.self);
  for (const newcomer of introducersFrom(facts.self, facts.admissions).keys()) membership.admit(newcomer);
  for (const peer of facts.left) membership.end(peer, "left");
  for (const { revoker, revoked } of facts.revocations)
    if (membership.isAdmitted(revoker)) membership.end(revoked, "revoked");
  return membership;
}

/** Every peer that admissions reach from `self`, with the introducer by which it was first reached. */
export function introducersFrom(self: PeerId, admissions: MembershipFacts["admissions"]): Map<PeerId, PeerId> {
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
