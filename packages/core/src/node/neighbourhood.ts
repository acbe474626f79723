import { type Neighbours, neighboursOf, nextDrawAt } from "../gossip/overlay.ts";
import type { PeerId } from "../identity/id.ts";
import * as LIMITS from "../limits.ts";
import type { Millis } from "../time.ts";
import type { NodeState } from "./state.ts";

/**
 * Whom this peer keeps links with among those that are not known to be gone. Drawn anew when they change, and slowly with
 * time. Where many become members in a row each of them would change everybody's neighbours, and most links that were
 * dialled would be of no use a moment later: so the drawing waits until no more come, for a few seconds at most.
 */
export class Neighbourhood {
  readonly #state: NodeState;
  /** As they were when it was last asked, and those that are drawn among. */
  #members: readonly PeerId[] | undefined;
  #alive: readonly PeerId[] = [];
  #neighbours: Neighbours = { targets: new Set(), dialled: new Set(), watched: [] };
  #drawAt: Millis = Number.POSITIVE_INFINITY;
  /** Since when there are members that the drawing does not know. */
  #changedAt: Millis | undefined;
  /** The last drawing waited as long as one may, and in vain. */
  #isEndless = false;
  #isStale = true;

  constructor(state: NodeState) {
    this.#state = state;
  }

  get wakeAt(): Millis {
    return this.#drawAt;
  }

  /** More members come soon, and others may be neighbours then. False where they come without end. */
  get isChanging(): boolean {
    return this.#changedAt !== undefined && !this.#isEndless;
  }

  at(now: Millis): Neighbours {
    const members = this.#state.members();
    if (members !== this.#members) this.#membersChanged(members, now);
    // Who has no link waits for nobody.
    const isLost = this.#changedAt !== undefined && this.#state.linkByPeer.size === 0;
    if (isLost || this.#isStale || now >= this.#drawAt) this.#draw(members, now);
    return this.#neighbours;
  }

  /** To be called when a peer is found gone, or back, and when the clock was set. */
  forget(): void {
    this.#isStale = true;
  }

  #membersChanged(members: readonly PeerId[], now: Millis): void {
    this.#members = members;
    // Nobody keeps a link with a peer that has ended.
    if ([...this.#neighbours.targets].some((peer) => !this.#state.isMember(peer))) this.forget();
    this.#changedAt ??= now;
    const quietMs = Math.max(LIMITS.settleMs, this.#state.answersInMs) * (0.9 + this.#state.random() / 5);
    this.#drawAt = Math.min(now + quietMs, this.#changedAt + LIMITS.settleAtMostMs);
  }

  #draw(members: readonly PeerId[], now: Millis): void {
    const { self, downPeers } = this.#state;
    const alive = members.filter((peer) => !downPeers.has(peer));
    // The same list where nobody is gone: what is computed of it is shared by its identity.
    this.#alive = alive.length === members.length ? members : alive;
    this.#isStale = false;
    this.#isEndless = now - (this.#changedAt ?? now) >= LIMITS.settleAtMostMs;
    this.#changedAt = undefined;
    this.#drawAt = nextDrawAt(this.#alive.length, now);
    this.#neighbours = neighboursOf(self, this.#alive, now);
  }
}
