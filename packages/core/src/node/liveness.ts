import type { MessageOf } from "../gossip/message.ts";
import { LIMITS } from "../limits.ts";
import { rejectionOf } from "../rejection.ts";
import { MINUTE_MS, type Millis } from "../time.ts";
import type { LinkId } from "./input.ts";
import type { Link, LiveLink } from "./link.ts";
import type { Links } from "./links.ts";
import type { NodeState } from "./state.ts";
import type { RegistryHashes } from "./view.ts";

/** Pings on live links. A link that does not answer is closed; nothing is ever deleted for it. */
export class Liveness {
  readonly #state: NodeState;
  readonly #links: Links;

  constructor(state: NodeState, links: Links) {
    this.#state = state;
    this.#links = links;
  }

  get wakeAt(): Millis {
    let at = Number.POSITIVE_INFINITY;
    for (const { live } of this.#state.liveLinks()) {
      at = Math.min(at, live.openPing === undefined ? live.pingAt : live.openPing.sentAt + PATIENCE_MS);
    }
    return at;
  }

  wake(now: Millis): void {
    for (const { id, live } of this.#state.liveLinks()) {
      const link = this.#state.links.get(id);
      if (link === undefined) continue;
      if (live.openPing !== undefined && now >= live.openPing.sentAt + PATIENCE_MS)
        this.#links.end(link, rejectionOf("link_silent"), now);
      else if (this.#isStrangerForLong(link, live, now))
        this.#links.end(link, rejectionOf("peer_not_accepted", "its admission did not arrive"), now);
      else if (live.openPing === undefined && now >= live.pingAt) this.#ping(id, live, now);
    }
  }

  takePing(link: LinkId, message: MessageOf<"ping">): void {
    this.#state.outbox.send(link, { type: "pong", nonce: message.nonce, ...this.#hashesFor(link) });
  }

  takePong(live: LiveLink, message: MessageOf<"pong">, now: Millis): void {
    if (live.openPing?.nonce !== message.nonce) return;
    live.rttMs = now - live.openPing.sentAt;
    live.openPing = undefined;
    // For status alone: what a push still carries is no difference to repair.
    live.hashes = message.hashes ?? live.hashes;
    live.pingAt = now + this.#intervalMs();
  }

  /** Who is no member yet learns nothing of the registry. */
  #hashesFor(link: LinkId): { hashes?: RegistryHashes } {
    const live = this.#state.live(link);
    return live !== undefined && this.#state.isMember(live.peer) ? { hashes: this.#state.registry.hashes } : {};
  }

  #ping(link: LinkId, live: LiveLink, now: Millis): void {
    const nonce = this.#state.randomText();
    live.openPing = { nonce, sentAt: now };
    this.#state.outbox.send(link, { type: "ping", nonce });
  }

  /** A peer with many links is pinged over each of them seldom, since others ping it too. */
  #intervalMs(): number {
    const share = Math.max(1, this.#state.linkByPeer.size / 4);
    return LIMITS.pingEveryMs * share * (0.8 + 0.4 * this.#state.random());
  }

  #isStrangerForLong(link: Link, live: LiveLink, now: Millis): boolean {
    return !this.#state.isMember(live.peer) && now >= link.openedAt + MINUTE_MS;
  }
}

const PATIENCE_MS = LIMITS.silentMs - LIMITS.pingEveryMs;
