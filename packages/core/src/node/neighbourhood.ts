import { type Neighbours, neighboursOf, nextDrawAt } from "../gossip/overlay.ts";
import type { PeerId } from "../identity/id.ts";
import type { Millis } from "../time.ts";
import type { NodeState } from "./state.ts";

/** Whom this peer keeps links with among those that are not known to be gone. Drawn anew when they change, and slowly with time. */
export class Neighbourhood {
  readonly #state: NodeState;
  #members: readonly PeerId[] | undefined;
  #alive: readonly PeerId[] = [];
  #neighbours: Neighbours = { targets: new Set(), watched: [] };
  #drawAt: Millis = 0;
  #isStale = true;

  constructor(state: NodeState) {
    this.#state = state;
  }

  get wakeAt(): Millis {
    return this.#drawAt;
  }

  at(now: Millis): Neighbours {
    const members = this.#state.members();
    const isSame = members === this.#members && !this.#isStale && now < this.#drawAt;
    if (isSame) return this.#neighbours;
    const { self, downPeers } = this.#state;
    const alive = members.filter((peer) => !downPeers.has(peer));
    // The same list where nobody is gone: what is computed of it is shared by its identity.
    this.#alive = alive.length === members.length ? members : alive;
    this.#members = members;
    this.#isStale = false;
    this.#drawAt = nextDrawAt(this.#alive.length, now);
    this.#neighbours = neighboursOf(self, this.#alive, now);
    return this.#neighbours;
  }

  /** To be called when a peer is found gone, or back. */
  forget(): void {
    this.#isStale = true;
  }
}
