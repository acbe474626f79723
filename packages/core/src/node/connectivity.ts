import { hasShape } from "../encoding/shape.ts";
import type { PeerId } from "../identity/id.ts";
import { type ConnectivityBody, connectivityShape } from "../kinds/connectivity.ts";
import * as LIMITS from "../limits.ts";
import { isAhead } from "../registry/horizon.ts";
import {
  checkRecordProof,
  checkRecordShape,
  checkSignedBytes,
  issueRecord,
  isTombstone,
  nextVersion,
  type SignedRecord,
} from "../registry/record.ts";
import { type Rejection, rejectionOf } from "../rejection.ts";
import { type Millis, rfc3339FromMs, SECOND_MS } from "../time.ts";
import type { LinkId } from "./input.ts";
import type { LiveLink } from "./link.ts";
import { Rumours } from "./rumours.ts";
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

/** This peer's record as it was last made, when, and of which links. */
interface OwnRecord {
  readonly version: number;
  readonly text: string;
  readonly at: Millis;
  readonly links: ReturnType<NodeState["liveLinks"]>;
}

interface Word {
  readonly version: number;
  readonly takenAt: Millis;
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
  readonly #rumours: Rumours;
  #own: OwnRecord | undefined;
  #publishAt: Millis = Number.POSITIVE_INFINITY;

  constructor(state: NodeState, events: ConnectivityEvents) {
    this.#state = state;
    this.#events = events;
    this.#rumours = new Rumours(state);
  }

  /** The clock was set. */
  shift(byMs: number): void {
    this.#publishAt += byMs;
    this.#rumours.shift(byMs);
    if (this.#own !== undefined) this.#own = { ...this.#own, at: this.#own.at + byMs };
    for (const word of this.#ownByPeer.values()) {
      word.changeSaidAt += byMs;
      word.lastSeenAt += byMs;
    }
  }

  get wakeAt(): Millis {
    return Math.min(this.#publishAt, this.#rumours.at);
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
      const denials = this.deniersOf(peer as PeerId);
      if (!entry.reachable && previous?.reachable !== false) {
        // What enough have said is no news, nor is the answer of one that nobody here doubts.
        isNews ||= denials < LIMITS.deniersToBeDown;
        this.#denied(peer as PeerId, record.owner, now);
      } else if (entry.reachable && isBack(entry.confirmed ?? 0, previous)) {
        isNews ||= denials > 0 || this.#state.book.get(peer as PeerId)?.reachability === "unreachable";
        this.#affirmedBySomebody(peer as PeerId, now);
      }
    }
    if (isNews) this.#rumours.add(record.owner, { text: JSON.stringify(record), from });
    this.#rumours.pass(now);
    return undefined;
  }

  /** This peer found a neighbour gone: its link is silent, or a dial failed. */
  lost(peer: PeerId, lastSeenAt: Millis, now: Millis): void {
    const word = this.#ownWordOf(peer);
    if (!word.reachable) return;
    Object.assign(word, { reachable: false, lastSeenAt, unsaid: "loss" });
    this.#denied(peer, this.#state.self, now);
    this.#publishSoon(Math.max(now, word.changeSaidAt + LIMITS.reachabilitySaidEveryMs));
  }

  /** This peer reaches a neighbour: a link is live, or it answered when others doubted. */
  reached(peer: PeerId, now: Millis): void {
    const word = this.#ownWordOf(peer);
    const isReturn = !word.reachable || word.unsaid === "return";
    const unsaid = isReturn ? "return" : this.deniersOf(peer) > 0 ? "answer" : word.unsaid;
    const isNews = unsaid !== word.unsaid;
    Object.assign(word, { reachable: true, lastSeenAt: now, unsaid });
    this.#affirmed(peer, now);
    if (!isNews) return;
    word.confirmed += 1;
    this.#publishSoon(now);
  }

  wake(now: Millis): void {
    if (now >= this.#publishAt) {
      this.#publishAt = Number.POSITIVE_INFINITY;
      if (this.#isPublishingUseful()) this.#publish(now, true);
    }
    this.#rumours.pass(now);
  }

  /** This peer's own word for a link that has not heard it; renewed now and then where its links are others than it says. */
  toTell(live: LiveLink, now: Millis): { readonly text: string }[] {
    const isOld = this.#own === undefined || now >= this.#own.at + 5 * SECOND_MS;
    if (isOld && this.#own?.links !== this.#state.liveLinks()) this.#publish(now, false);
    if (this.#own === undefined || live.connectivityTold === this.#own.version) return [];
    live.connectivityTold = this.#own.version;
    return [this.#own];
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
    const bytes = checkSignedBytes(record);
    const proof = bytes.ok ? checkRecordProof(crypto, record, bytes.value) : bytes;
    return proof.ok ? undefined : proof.rejection;
  }

  #denied(peer: PeerId, by: PeerId, now: Millis): void {
    if (peer === this.#state.self) return;
    const deniers = this.#deniersByPeer.get(peer) ?? new Set();
    deniers.add(by);
    this.#deniersByPeer.set(peer, deniers);
    if (by !== this.#state.self && this.#state.linkByPeer.has(peer)) this.#events.onDoubt(peer, now);
    this.judge(peer, now);
  }

  #affirmed(peer: PeerId, now: Millis): void {
    if (this.#deniersByPeer.delete(peer)) this.judge(peer, now);
  }

  /** Whether a peer is gone. To be called when a link ended, too: others' words may count now. */
  judge(peer: PeerId, now: Millis): void {
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

  /** Makes this peer's word of the present, to be told where it is asked for, and to all where it is news. */
  #publish(now: Millis, isNews: boolean): void {
    const { crypto, identity, self, customerId, flags } = this.#state;
    if (flags.isCloned === true || !this.#state.isTakingPart()) return;
    const lost = [...this.#ownByPeer].filter(([peer, { reachable }]) => !reachable && this.#state.isMember(peer));
    const links = this.#state.liveLinks();
    const peers = [
      ...links.map(({ live }) => ({
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
    const version = nextVersion(this.#own?.version, now);
    const head = { kind: "connectivity", id: self, version, customerId };
    const text = JSON.stringify(issueRecord(crypto, identity, head, { body: { peers } }));
    this.#own = { version, text, at: now, links };
    if (isNews) this.#rumours.add(self, { text, from: undefined });
  }

  #ownWordOf(peer: PeerId): OwnWord {
    const never = Number.NEGATIVE_INFINITY;
    const unheard = { reachable: true, confirmed: 0, lastSeenAt: never, unsaid: undefined, changeSaidAt: never };
    const word = this.#ownByPeer.get(peer) ?? unheard;
    this.#ownByPeer.set(peer, word);
    return word;
  }

  #confirmedOf(peer: PeerId): { confirmed?: number } {
    const confirmed = this.#ownByPeer.get(peer)?.confirmed ?? 0;
    return confirmed === 0 ? {} : { confirmed };
  }
}

function isBack(confirmed: number, previous: ConnectivityBody["peers"][number] | undefined): boolean {
  return previous?.reachable === false || confirmed > (previous?.confirmed ?? 0);
}
