import type { MessageOf } from "../gossip/message.ts";
import { pagesOf } from "../gossip/pages.ts";
import type { PeerId } from "../identity/id.ts";
import type { PeerBody } from "../kinds/peer.ts";
import type { License } from "../license/license.ts";
import * as LIMITS from "../limits.ts";
import { isTombstone, type RecordKey, recordKey } from "../registry/record.ts";
import type { Held } from "../registry/registry.ts";
import { type Millis, msFromRfc3339, rfc3339FromMs, SECOND_MS } from "../time.ts";
import type { Connectivity } from "./connectivity.ts";
import type { LinkId } from "./input.ts";
import type { LiveLink } from "./link.ts";
import { News } from "./news.ts";
import { Offers } from "./offers.ts";
import type { Pacing } from "./pacing.ts";
import { type Applied, type NodeState, touchesTrust } from "./state.ts";

/** A record's text, as it travels. */
interface Carried {
  readonly text: string;
}

/** What goes over live links: heartbeats, pushes and offers. */
export class Gossip {
  readonly #state: NodeState;
  readonly #connectivity: Connectivity;
  readonly #pacing: Pacing;
  readonly #offers: Offers;
  readonly #news = new News();
  /** From when on it is worth comparing: while much changes, what is on its way would count as missing. */
  #calmAt: Millis = 0;

  constructor(state: NodeState, connectivity: Connectivity, pacing: Pacing) {
    this.#state = state;
    this.#connectivity = connectivity;
    this.#pacing = pacing;
    this.#offers = new Offers(state);
  }

  get wakeAt(): Millis {
    let at = Math.min(this.#offers.at, this.#news.at);
    for (const { live } of this.#state.liveLinks())
      if (live.heartbeatAt < at && this.#state.isMember(live.peer)) at = live.heartbeatAt;
    return at;
  }

  wake(now: Millis): void {
    for (const { id, live } of this.#state.liveLinks()) {
      if (now < live.heartbeatAt || !this.#state.isMember(live.peer)) continue;
      const calmAt = Math.min(this.#calmAt, live.beatBy);
      if (now < calmAt) live.heartbeatAt = calmAt;
      else this.#beat(id, live, now);
    }
    if (now >= this.#news.at) this.#passOn(now);
    if (now < this.#offers.at) return;
    for (const { link, held } of this.#offers.take()) this.#offer(link, held);
  }

  /** The clock was set: what waits, waits as long as before. */
  shift(byMs: number): void {
    this.#calmAt += byMs;
    this.#offers.at += byMs;
    this.#news.shift(byMs);
  }

  /**
   * The first words on a link to a member. At a first contact nothing is known of what the other side holds: it gets
   * all. A member that calls for the first time shows how it came to be one, since the other side may not have heard.
   */
  greet(link: LinkId, live: LiveLink, showing: "all" | "introduction" | "nothing", now: Millis): void {
    const [first = [], ...rest] = pagesOf(this.#shown(showing));
    this.heartbeat(link, live, first, now);
    this.#pacing.sent(live.pace, first);
    this.#pacing.push(link, rest.flat());
    // What crossed on the way is compared soon, instead of a whole interval later.
    if (showing !== "nothing") live.heartbeatAt = now + SECOND_MS * (1 + this.#state.random());
  }

  heartbeat(link: LinkId, live: LiveLink, records: readonly Carried[], now: Millis): void {
    const { bootId, license, licenseHash, registry } = this.#state;
    live.heartbeatsSent += 1;
    const clusterId = this.#ownClusterId();
    const head = {
      type: "heartbeat" as const,
      boot: bootId,
      seq: live.heartbeatsSent,
      time: rfc3339FromMs(now),
      ...(clusterId === undefined ? {} : { cluster_id: clusterId }),
      ...(live.licenseTold === licenseHash ? {} : namedLicense(license, licenseHash)),
      hashes: registry.hashes,
    };
    live.licenseTold = licenseHash;
    live.hashesTold = registry.hashes;
    this.#state.outbox.heartbeat(link, head, records);
    live.beatBy = now + this.#state.heartbeatEveryMs * (0.9 + 0.2 * this.#state.random());
    live.heartbeatAt = live.beatBy;
  }

  /**
   * The heartbeat of every interval. Now and then it assumes nothing of what the other side says that it holds: then it
   * is followed by an offer of all own records.
   */
  #beat(link: LinkId, live: LiveLink, now: Millis): void {
    const isDistrustful = live.heartbeatsSent % LIMITS.suspectHeartbeats === LIMITS.suspectHeartbeats - 1;
    // What a link was told may have been lost on the way.
    if (isDistrustful) live.licenseTold = undefined;
    this.heartbeat(link, live, this.#connectivity.toTell(live, now), now);
    if (isDistrustful) this.#offer(link, this.#state.registry.ofOwner(this.#state.self));
  }

  /** Judges a heartbeat's frame around its records. Answers false for one that was seen before, which refreshes nothing. */
  takeHeartbeat(live: LiveLink, message: MessageOf<"heartbeat">, now: Millis): boolean {
    if (message.boot === live.lastBoot && message.seq <= live.lastSeq) return false;
    live.lastBoot = message.boot;
    live.lastSeq = message.seq;
    live.skewMs = (msFromRfc3339(message.time) ?? now) - now;
    live.hashes = message.hashes;
    live.licenseHash = message.license_hash ?? live.licenseHash;
    return true;
  }

  takeOffer(link: LinkId, message: MessageOf<"offer">): void {
    const same: RecordKey[] = [];
    const missing: (readonly [string, PeerId, string])[] = [];
    for (const [kind, owner, id, version] of message.entries) {
      const key = recordKey({ kind, owner, id });
      const held = this.#state.registry.held(key)?.record;
      if (held?.version === version) same.push(key);
      else if (held === undefined || (!isTombstone(held) && held.version < version)) missing.push([kind, owner, id]);
    }
    this.heardHeld(link, same);
    if (missing.length > 0) this.#state.outbox.send(link, { type: "want", keys: missing });
  }

  takeWant(link: LinkId, keys: readonly (readonly [string, PeerId, string])[]): void {
    const wanted = new Set(keys.map(([kind, owner, id]) => recordKey({ kind, owner, id })));
    const records = [...wanted].flatMap((key) => this.#state.registry.held(key) ?? []);
    const live = this.#state.live(link);
    if (live !== undefined && live.offered > 0) {
      live.wantsAll = wanted.size >= live.offered;
      live.offered = 0;
    }
    this.#pacing.push(link, records);
  }

  /** The other end of a link has shown these records as they are held here: it needs to hear nothing of them. */
  heardHeld(link: LinkId, keys: readonly RecordKey[]): void {
    const live = this.#state.live(link);
    if (live !== undefined && keys.length > 0) live.wantsAll = false;
    this.#news.heard(link, keys);
    this.#offers.heard(link, keys);
  }

  /** Passes on what became current, or has it wait a moment where something was passed on just before. */
  forward(batch: readonly Applied[], now: Millis): void {
    if (batch.length >= LIMITS.newsMany) this.#calmAt = now + LIMITS.calmAfterMs * (1 + this.#state.random());
    this.#news.add(batch, now);
    if (batch.some(isUrgent) || now >= this.#news.at) this.#passOn(now);
  }

  /**
   * Whole to six links and to those that want all, key and version to the rest soon after, nothing to whom is known to
   * hold it.
   */
  #passOn(now: Millis): void {
    const current = this.#news.take(now).flatMap(([key, holders]) => {
      const held = this.#state.registry.held(key);
      return held === undefined ? [] : [{ held, holders }];
    });
    const standing = (peer: PeerId) => this.#state.standingOf(peer);
    const heard = this.#state.liveLinks().filter(({ live }) => standing(live.peer) !== undefined);
    const links = this.#state.someOf(heard, heard.length);
    for (const [index, { id, live }] of links.entries()) {
      const records = current.flatMap(({ held, holders }) => (holders.has(id) ? [] : [held]));
      if (records.length === 0) continue;
      if (index < LIMITS.pushLinks || live.wantsAll) this.#pacing.push(id, records);
      else this.#offers.add(id, records, now);
    }
  }

  /** Keys and versions, from which the receiver asks for what it misses. */
  #offer(link: LinkId, held: readonly Held[]): void {
    const live = this.#state.live(link);
    if (live !== undefined) live.offered = Math.min(held.length, LIMITS.offerEntries);
    for (let from = 0; from < held.length; from += LIMITS.offerEntries) {
      const entries = held.slice(from, from + LIMITS.offerEntries);
      this.#state.outbox.send(link, {
        type: "offer",
        entries: entries.map(({ record: { kind, owner, id, version } }) => [kind, owner, id, version]),
      });
    }
  }

  #shown(showing: "all" | "introduction" | "nothing"): Held[] {
    switch (showing) {
      case "all":
        return [...this.#state.registry.all()];
      case "introduction": {
        const { registry, self } = this.#state;
        const own = registry.held(recordKey({ kind: "peer", owner: self, id: self }));
        // Who let it in by a voucher knows the signer: what the signer wrote of this peer is all that it lacks.
        const admissions = [...registry.ofKind("admission")].filter(({ record }) => record.id === self);
        return [...admissions, ...(own === undefined ? [] : [own])];
      }
      case "nothing":
        return [];
    }
  }

  #ownClusterId(): PeerBody["cluster"]["id"] | undefined {
    const own = this.#state.registry.get("peer", this.#state.self, this.#state.self);
    return own === undefined || isTombstone(own) ? undefined : (own.body as unknown as PeerBody).cluster.id;
  }
}

/**
 * What waits for nothing: what this peer writes itself, so that who was answered finds it elsewhere, but for admissions,
 * which come in bursts; and what ends a peer, which is told before its link is closed: its owner shall read why in its log.
 */
function isUrgent({ record, from }: Applied): boolean {
  return record.kind !== "admission" && (from === undefined || touchesTrust(record));
}

/** The license as a heartbeat names it, where this link has not been told of it. */
function namedLicense(license: License, hash: string) {
  return { license_id: license.license_id, license_hash: hash, license_issued_at: license.issued_at };
}
