import type { MessageOf } from "../gossip/message.ts";
import type { Neighbours } from "../gossip/overlay.ts";
import type { PeerId } from "../identity/id.ts";
import * as LIMITS from "../limits.ts";
import { rejectionOf } from "../rejection.ts";
import { MINUTE_MS, type Millis } from "../time.ts";
import type { Connectivity } from "./connectivity.ts";
import type { LinkId } from "./input.ts";
import type { Link, LiveLink } from "./link.ts";
import type { Links } from "./links.ts";
import type { Neighbourhood } from "./neighbourhood.ts";
import type { Pacing } from "./pacing.ts";
import type { NodeState } from "./state.ts";
import type { RegistryHashes } from "./view.ts";

/**
 * Pings on live links. Who is watched is pinged often, the rest seldom, and everybody at once where others say that it is
 * gone. A link that answers none of four pings is closed; nothing is ever deleted for it.
 */
export class Liveness {
  readonly #state: NodeState;
  readonly #links: Links;
  readonly #connectivity: Connectivity;
  readonly #neighbourhood: Neighbourhood;
  readonly #pacing: Pacing;
  #watched: Neighbours["watched"] | undefined;

  constructor(
    state: NodeState,
    links: Links,
    connectivity: Connectivity,
    neighbourhood: Neighbourhood,
    pacing: Pacing,
  ) {
    this.#pacing = pacing;
    this.#state = state;
    this.#links = links;
    this.#connectivity = connectivity;
    this.#neighbourhood = neighbourhood;
  }

  get wakeAt(): Millis {
    let at = Number.POSITIVE_INFINITY;
    for (const { live } of this.#state.liveLinks()) at = Math.min(at, this.#nextAt(live));
    return at;
  }

  wake(now: Millis): void {
    // What was answered meanwhile may wait to be heard here: who is late itself has not heard that nobody is there.
    const isLate = now > this.wakeAt + LIMITS.pingAgainMs;
    this.#watch(now);
    for (const { id, live } of this.#state.liveLinks()) {
      const link = this.#state.links.get(id);
      if (link === undefined) continue;
      if (this.#isStrangerForLong(link, live, now))
        this.#links.end(link, rejectionOf("peer_not_accepted", "its admission did not arrive"), now);
      else if (!isLate && this.#isGone(live, now)) this.#end(link, live, now);
      else if (now >= this.#nextAt(live)) this.#ping(id, live, now);
    }
    this.#closeUnwanted(now);
  }

  /** Asks a linked peer now whether it is there. */
  probe(peer: PeerId, now: Millis): void {
    const id = this.#state.linkByPeer.get(peer);
    const live = id === undefined ? undefined : this.#state.live(id);
    if (id !== undefined && live !== undefined && live.openPing === undefined) this.#ping(id, live, now);
  }

  takePing(link: LinkId, live: LiveLink, message: MessageOf<"ping">): void {
    this.#state.outbox.send(link, { type: "pong", nonce: message.nonce, ...this.#newHashesFor(live) });
  }

  takePong(link: LinkId, live: LiveLink, message: MessageOf<"pong">, now: Millis): void {
    if (live.openPing?.nonce !== message.nonce) return;
    // An answer to a repeated ping tells the time only roughly.
    if (live.openPing.tries === 1 || live.rttMs === undefined) live.rttMs = now - live.openPing.sentAt;
    // Since it was said the last time: an earlier one may have been lost (Karn and Partridge, 1987).
    live.slowMs = now - live.openPing.saidAt;
    live.openPing = undefined;
    this.#pacing.heard(link, live.pace, message.nonce);
    // For status alone: what a push still carries is no difference to repair.
    live.hashes = message.hashes ?? live.hashes;
    live.pingAt = now + this.#intervalMs(live.peer, now);
    if (this.#connectivity.deniersOf(live.peer) > 0) this.#connectivity.reached(live.peer, now);
  }

  /** When a link is to be pinged. One that has been silent for long is not given up unasked: two heartbeats may be lost. */
  #nextAt(live: LiveLink): Millis {
    const { openPing, pingAt, heardAt, pace } = live;
    if (openPing !== undefined) return openPing.saidAt + this.#againMs(live);
    return Math.min(pingAt, heardAt + this.#silenceMs(), pace.fullAt ?? Number.POSITIVE_INFINITY);
  }

  /** What was heard since the last ping was said came from somebody who is there. */
  #isGone(live: LiveLink, now: Millis): boolean {
    const { openPing, heardAt } = live;
    if (openPing === undefined || openPing.tries < LIMITS.pingTries || heardAt > openPing.saidAt) return false;
    return now >= openPing.saidAt + this.#againMs(live);
  }

  /** A peer that took long to answer is given longer. */
  #againMs({ slowMs }: LiveLink): number {
    return Math.max(LIMITS.pingAgainMs, 4 * Math.min(slowMs, LIMITS.slowestMs));
  }

  #end(link: Link, live: LiveLink, now: Millis): void {
    const { heardAt } = live;
    this.#links.end(link, rejectionOf("link_silent"), now);
    if (this.#state.isMember(live.peer)) this.#connectivity.lost(live.peer, heardAt, now);
  }

  /**
   * The sender's hashes, where they differ from what it last said on this link. Who is no member learns nothing of them,
   * and while much changes they are not computed for every ping.
   */
  #newHashesFor(live: LiveLink): { hashes?: RegistryHashes } {
    const hashes = this.#state.registry.hashesAtHand;
    if (hashes === undefined || live.hashesTold === hashes || !this.#state.isMember(live.peer)) return {};
    live.hashesTold = hashes;
    return { hashes };
  }

  #ping(id: LinkId, live: LiveLink, now: Millis): void {
    const { openPing } = live;
    live.openPing =
      openPing === undefined
        ? { nonce: this.#state.randomText().slice(0, 8), sentAt: now, saidAt: now, tries: 1 }
        : { ...openPing, saidAt: now, tries: Math.min(openPing.tries + 1, LIMITS.pingTries) };
    // An answer to a ping that was said before the last of the records says nothing of them.
    if (openPing === undefined && live.pace.fullAt !== undefined) live.pace.nonce = live.openPing.nonce;
    this.#state.outbox.send(id, { type: "ping", nonce: live.openPing.nonce });
  }

  #intervalMs(peer: PeerId, now: Millis): number {
    const { watched } = this.#neighbourhood.at(now);
    const everyMs = watched.find((one) => one.peer === peer)?.everyMs;
    return everyMs ?? LIMITS.pingSeldomMs * (0.8 + 0.4 * this.#state.random());
  }

  #silenceMs(): number {
    return 2.5 * this.#state.heartbeatEveryMs;
  }

  #isStrangerForLong(link: Link, live: LiveLink, now: Millis): boolean {
    return !this.#state.isMember(live.peer) && now >= link.openedAt + MINUTE_MS;
  }

  /** Who is watched from now on is pinged soon, and not when its turn as one of many would come. */
  #watch(now: Millis): void {
    const { watched } = this.#neighbourhood.at(now);
    if (watched === this.#watched) return;
    this.#watched = watched;
    for (const { peer, everyMs } of watched) {
      const id = this.#state.linkByPeer.get(peer);
      const live = id === undefined ? undefined : this.#state.live(id);
      if (live !== undefined) live.pingAt = Math.min(live.pingAt, now + everyMs * this.#state.random());
    }
  }

  /** A link that this peer has no need of is closed after a while, but not while a call is under way on it. */
  #closeUnwanted(now: Millis): void {
    const { targets } = this.#neighbourhood.at(now);
    for (const { id, live } of this.#state.liveLinks()) {
      if (targets.has(live.peer) || !this.#state.isMember(live.peer) || live.pendingCalls.size > 0)
        live.unwantedSince = undefined;
      else live.unwantedSince ??= now;
      const link = this.#state.links.get(id);
      if (link === undefined || live.unwantedSince === undefined) continue;
      if (now >= live.unwantedSince + LIMITS.unwantedLinkMs) this.#links.end(link, rejectionOf("link_unwanted"), now);
    }
  }
}
