import type { MessageOf } from "../gossip/message.ts";
import type { PeerId } from "../identity/id.ts";
import type { Millis } from "../time.ts";
import type { Link, LiveLink } from "./link.ts";
import type { NodeState } from "./state.ts";

/**
 * Two running peers with one identity. Who holds two links under one id, hears another boot id on the newer, and still
 * hears the older, tells both sides; who is told so by a member, and finds its own boot id beside a foreign one, is a
 * clone or was cloned, and stops writing.
 */
export class Clones {
  readonly #state: NodeState;

  constructor(state: NodeState) {
    this.#state = state;
  }

  /** A word on a link that a newer one of the same peer has taken the place of. */
  heardOnOlder(older: Link, live: LiveLink, now: Millis): void {
    const newerId = this.#state.linkByPeer.get(live.peer);
    const newer = newerId === undefined ? undefined : this.#state.live(newerId);
    if (newerId === undefined || newer === undefined || live.superseded === undefined) return;
    // What was under way when the newer link came says nothing of who runs now.
    const isLater = now >= live.superseded.at + UNDER_WAY_MS;
    if (!isLater || live.lastBoot === undefined || newer.lastBoot === undefined || live.lastBoot === newer.lastBoot)
      return;
    const boots: [string, string] = [live.lastBoot, newer.lastBoot];
    for (const link of [older.id, newerId]) this.#state.outbox.send(link, { type: "duplicate", boots });
    // Once told, the older link has done its part.
    live.lastBoot = undefined;
  }

  /** A member's word that this identity runs twice. */
  takeDuplicate(from: PeerId, { boots }: MessageOf<"duplicate">): void {
    const { bootId } = this.#state;
    if (boots.includes(bootId) && boots.some((boot) => boot !== bootId)) this.#state.becomeCloned(from);
  }
}

const UNDER_WAY_MS = 1000;
