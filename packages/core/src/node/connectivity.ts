import { signedBytes } from "../crypto/signed.ts";
import { isJsonObject, type JsonObject } from "../encoding/json.ts";
import { hasShape } from "../encoding/shape.ts";
import type { PeerId } from "../identity/id.ts";
import { type ConnectivityBody, connectivityShape } from "../kinds/connectivity.ts";
import { LIMITS } from "../limits.ts";
import { isAhead } from "../registry/horizon.ts";
import {
  checkRecordProof,
  checkRecordShape,
  issueRecord,
  isTombstone,
  nextVersion,
  type SignedRecord,
} from "../registry/record.ts";
import { type Rejection, rejectionOf } from "../rejection.ts";
import { type Millis, rfc3339FromMs, SECOND_MS } from "../time.ts";
import type { LinkId } from "./input.ts";
import type { LiveLink } from "./link.ts";
import type { NodeState } from "./state.ts";

/** A neighbour as this peer last published it. */
interface OwnWord {
  reachable: boolean;
  confirmed: number;
  lastSeenAt: Millis;
  /**
   * What is not said of it yet, nor found to be said by enough others: that it is gone, that it is back for who said so,
   * or that it answered while others doubted.
   */
  unsaid: "loss" | "return" | "answer" | undefined;
  /** When a change of it was last said: the next one is not said at once. */
  changeSaidAt: Millis;
}

interface Word {
  readonly version: number;
  takenAt: Millis;
  readonly entryByPeer: ReadonlyMap<string, ConnectivityBody["peers"][number]>;
}

export interface ConnectivityEvents {
  /** Others say that a linked peer is gone: it is asked at once. */
  onDoubt(peer: PeerId, now: Millis): void;
  /** Another member says that a peer answers it. */
  onAffirmed(peer: PeerId, now: Millis): void;
  /** Enough members say that a peer is gone, or one says that it is back. */
  onChange(peer: PeerId, isDown: boolean, now: Millis): void;
}

/**
 * What members say of whom they reach. A peer counts as gone when three members have said so since one last said that it
 * answers. Everybody's own link outweighs that. Nothing is stored, and nothing is ever deleted for it.
 */
export class Connectivity {
  readonly #state: NodeState;
  readonly #events: ConnectivityEvents;
  readonly #wordByOwner = new Map<PeerId, Word>();
  /** Who has said of a peer that it is gone, since somebody last said that it answers. */
  readonly #deniersByPeer = new Map<PeerId, Set<PeerId>>();
  readonly #ownByPeer = new Map<PeerId, OwnWord>();
  #own: { readonly record: SignedRecord; readonly text: string; readonly at: Millis } | undefined;
  #publishAt: Millis = Number.POSITIVE_INFINITY;

  constructor(state: NodeState, events: ConnectivityEvents) {
    this.#state = state;
    this.#events = events;
  }

  /** The clock was set. */
  shift(byMs: number): void {
    this.#publishAt += byMs;
    if (this.#own !== undefined) this.#own = { ...this.#own, at: this.#own.at + byMs };
    for (const word of this.#ownByPeer.values()) {
      word.changeSaidAt += byMs;
      word.lastSeenAt += byMs;
    }
    for (const word of this.#wordByOwner.values()) word.takenAt += byMs;
  }

  get wakeAt(): Millis {
    return this.#publishAt;
  }

  /** How many members say that a peer is gone. */
  deniersOf(peer: PeerId): number {
    return this.#deniersByPeer.get(peer)?.size ?? 0;
  }

  /** What members say of a peer: how many reach it, this one included, and who said that it is gone. */
  saidOf(peer: PeerId): { readonly reachedBy: number; readonly unreachedBy: readonly PeerId[] } {
    let reachedBy = this.#state.linkByPeer.has(peer) ? 1 : 0;
    for (const [owner, { entryByPeer }] of this.#wordByOwner)
      if (entryByPeer.get(peer)?.reachable === true && this.#state.isMember(owner)) reachedBy += 1;
    const deniers = [...(this.#deniersByPeer.get(peer) ?? [])];
    return { reachedBy, unreachedBy: deniers.filter((denier) => this.#state.isMember(denier)).sort() };
  }

  /** A connectivity record that came over a link. */
  take(value: unknown, from: LinkId, now: Millis): Rejection | undefined {
    const shaped = checkRecordShape(value);
    if (!shaped.ok) return shaped.rejection;
    const record = shaped.value;
    const refused = this.#objectionTo(record, now);
    if (refused !== undefined) return refused;
    // A form that only a newer version knows is nobody's fault, and tells nothing here.
    if (isTombstone(record) || !hasShape(connectivityShape, record.body)) return undefined;
    const before = this.#wordByOwner.get(record.owner);
    const entryByPeer = new Map(record.body.peers.map((entry) => [entry.peer_id as string, entry]));
    this.#wordByOwner.set(record.owner, { version: record.version, takenAt: now, entryByPeer });
    let isNews = false;
    for (const [peer, entry] of entryByPeer) {
      // What is said of others takes no place here and is not passed on.
      if (!this.#state.isMember(peer as PeerId)) continue;
      const previous = before?.entryByPeer.get(peer);
      const isDenied = !entry.reachable && previous?.reachable !== false;
      const isAffirmed = entry.reachable && isBack(entry.confirmed ?? 0, previous);
      if (isDenied) this.#denied(peer as PeerId, record.owner, now);
      if (isAffirmed) this.#affirmedBySomebody(peer as PeerId, now);
      isNews ||= isDenied || isAffirmed;
    }
    if (isNews) this.#pass(JSON.stringify(record), from);
    return undefined;
  }

  /** This peer found a neighbour gone: its link is silent, or a dial failed. */
  lost(peer: PeerId, lastSeenAt: Millis, now: Millis): void {
    const word = this.#ownByPeer.get(peer);
    if (word?.reachable === false) return;
    const changeSaidAt = word?.changeSaidAt ?? Number.NEGATIVE_INFINITY;
    const confirmed = word?.confirmed ?? 0;
    this.#ownByPeer.set(peer, { reachable: false, confirmed, lastSeenAt, unsaid: "loss", changeSaidAt });
    this.#denied(peer, this.#state.self, now);
    this.#publishSoon(Math.max(now, changeSaidAt + LIMITS.reachabilitySaidEveryMs));
  }

  /** This peer reaches a neighbour: a link is live, or it answered when others doubted. */
  reached(peer: PeerId, now: Millis): void {
    const word = this.#ownByPeer.get(peer);
    const isReturn = word?.reachable === false || word?.unsaid === "return";
    const unsaid = isReturn ? "return" : this.deniersOf(peer) > 0 ? "answer" : word?.unsaid;
    const isNews = unsaid !== word?.unsaid;
    const confirmed = (word?.confirmed ?? 0) + (isNews ? 1 : 0);
    const changeSaidAt = word?.changeSaidAt ?? Number.NEGATIVE_INFINITY;
    this.#ownByPeer.set(peer, { reachable: true, confirmed, lastSeenAt: now, unsaid, changeSaidAt });
    this.#affirmed(peer, now);
    if (!isNews) return;
    this.#publishSoon(now);
  }

  wake(now: Millis): void {
    if (now < this.#publishAt) return;
    this.#publishAt = Number.POSITIVE_INFINITY;
    if (!this.#isPublishingUseful()) return;
    this.#publish(now);
    if (this.#own !== undefined) this.#pass(this.#own.text, undefined);
  }

  /** This peer's own word for a link that has not heard it; renewed now and then where its links are others than it says. */
  toTell(live: LiveLink, now: Millis): { readonly text: string }[] {
    if (this.#hasOtherLinks() && (this.#own === undefined || now >= this.#own.at + 5 * SECOND_MS)) this.#publish(now);
    if (this.#own === undefined || live.connectivityTold === this.#own.record.version) return [];
    live.connectivityTold = this.#own.record.version;
    return [{ text: this.#own.text }];
  }

  #objectionTo(record: SignedRecord, now: Millis): Rejection | undefined {
    const { customerId, self, crypto } = this.#state;
    if (record.customer_id !== customerId) return rejectionOf("record_foreign", record.customer_id);
    if (record.id !== record.owner) return rejectionOf("record_malformed", "not the owner's peer id");
    if (isTombstone(record)) return rejectionOf("record_not_deletable", record.kind);
    if (record.owner === self) return rejectionOf("record_held");
    const held = this.#wordByOwner.get(record.owner);
    if (held !== undefined && held.version >= record.version) return rejectionOf("record_superseded");
    if (isAhead(record, now)) return rejectionOf("record_ahead");
    const standing = this.#state.standingOf(record.owner);
    if (standing === undefined) return rejectionOf("record_owner_unknown", record.owner);
    if (standing !== "member") return rejectionOf("record_owner_ended", record.owner);
    // Two that were said in time may come at once. Nobody is to blame, and the next one tells all that this one did.
    if (held !== undefined && now < held.takenAt + LIMITS.connectivityEveryMs && now >= held.takenAt)
      return rejectionOf("record_superseded", "too soon after the one before");
    let bytes: Uint8Array;
    try {
      bytes = signedBytes("record", record as unknown as JsonObject);
    } catch (error) {
      return rejectionOf("record_malformed", error instanceof Error ? error.message : undefined);
    }
    if (bytes.length > LIMITS.recordBytes) return rejectionOf("record_too_large", `${bytes.length} bytes`);
    const proof = checkRecordProof(crypto, record, bytes);
    return proof.ok ? undefined : proof.rejection;
  }

  #denied(peer: PeerId, by: PeerId, now: Millis): void {
    if (peer === this.#state.self) return;
    const deniers = this.#deniersByPeer.get(peer) ?? new Set();
    deniers.add(by);
    this.#deniersByPeer.set(peer, deniers);
    if (by !== this.#state.self && this.#state.linkByPeer.has(peer)) this.#events.onDoubt(peer, now);
    this.#judge(peer, now);
  }

  #affirmed(peer: PeerId, now: Millis): void {
    if (this.#deniersByPeer.delete(peer)) this.#judge(peer, now);
  }

  #judge(peer: PeerId, now: Millis): void {
    const { downPeers, linkByPeer } = this.#state;
    const enough = Math.min(LIMITS.deniersToBeDown, Math.max(1, this.#state.members().length - 1));
    const isDown = this.deniersOf(peer) >= enough && !linkByPeer.has(peer);
    if (isDown === downPeers.has(peer)) return;
    if (isDown) downPeers.add(peer);
    else downPeers.delete(peer);
    this.#events.onChange(peer, isDown, now);
  }

  /** Of twenty who found that a doubted peer answers, one says so. */
  #affirmedBySomebody(peer: PeerId, now: Millis): void {
    this.#affirmed(peer, now);
    this.#events.onAffirmed(peer, now);
    const word = this.#ownByPeer.get(peer);
    if (word?.unsaid !== "answer") return;
    word.unsaid = undefined;
    word.confirmed -= 1;
  }

  /** To be called when a link ended: others' words may count now. */
  unlinked(peer: PeerId, now: Millis): void {
    this.#judge(peer, now);
  }

  /** What enough others have said is not said once more. */
  #isPublishingUseful(): boolean {
    let isUseful = false;
    for (const [peer, word] of this.#ownByPeer) {
      const others = this.deniersOf(peer) - (word.reachable ? 0 : 1);
      if (word.unsaid === "loss" && others >= LIMITS.deniersToBeDown) word.unsaid = undefined;
      isUseful ||= word.unsaid !== undefined;
    }
    return isUseful;
  }

  #publishSoon(at: Millis): void {
    // On links of different lengths two of an owner must not come closer together than receivers take them.
    const notBefore = Math.max(at, (this.#own?.at ?? Number.NEGATIVE_INFINITY) + 2 * LIMITS.connectivityEveryMs);
    this.#publishAt = Math.min(this.#publishAt, notBefore + this.#state.random() * LIMITS.reachabilitySpreadMs);
  }

  #publish(now: Millis): void {
    const { crypto, identity, self, customerId, flags } = this.#state;
    if (flags.isCloned === true || !this.#state.isTakingPart()) return;
    const lost = [...this.#ownByPeer].filter(([peer, { reachable }]) => !reachable && this.#state.isMember(peer));
    const peers = [
      ...this.#state.liveLinks().map(({ live }) => ({
        peer_id: live.peer,
        reachable: true,
        ...(live.rttMs === undefined ? {} : { rtt_ms: Math.max(0, Math.min(3_600_000, Math.round(live.rttMs))) }),
        ...this.#confirmedOf(live.peer),
      })),
      ...lost.map(([peer, word]) => ({
        peer_id: peer,
        reachable: false,
        last_seen_at: rfc3339FromMs(word.lastSeenAt),
        ...this.#confirmedOf(peer),
      })),
    ].slice(0, LIMITS.connectivityPeers);
    for (const word of this.#ownByPeer.values()) {
      if (word.unsaid !== undefined) word.changeSaidAt = now;
      word.unsaid = undefined;
    }
    const version = nextVersion(this.#own?.record.version, now);
    const head = { kind: "connectivity", id: self, version, customerId };
    const record = issueRecord(crypto, identity, head, { body: { peers } });
    this.#own = { record, text: JSON.stringify(record), at: now };
  }

  #confirmedOf(peer: PeerId): { confirmed?: number } {
    const confirmed = this.#ownByPeer.get(peer)?.confirmed ?? 0;
    return confirmed === 0 ? {} : { confirmed };
  }

  #hasOtherLinks(): boolean {
    const linked = this.#state.liveLinks().map(({ live }) => live.peer as string);
    const body = this.#own === undefined || isTombstone(this.#own.record) ? undefined : this.#own.record.body;
    const said = Array.isArray(body?.peers)
      ? body.peers.filter((entry) => isJsonObject(entry) && entry.reachable === true)
      : [];
    return (
      said.length !== linked.length ||
      said.some((entry) => isJsonObject(entry) && !linked.includes(String(entry.peer_id)))
    );
  }

  /** To twelve links at random, nothing back to where it came from. */
  #pass(text: string, from: LinkId | undefined): void {
    const links = this.#state.liveLinks().filter(({ id, live }) => id !== from && this.#state.isMember(live.peer));
    for (const { id } of this.#state.someOf(links, LIMITS.connectivityLinks)) this.#state.outbox.push(id, [{ text }]);
  }
}

function isBack(confirmed: number, previous: ConnectivityBody["peers"][number] | undefined): boolean {
  return previous?.reachable === false || confirmed > (previous?.confirmed ?? 0);
}
