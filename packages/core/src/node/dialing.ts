import type { PeerId } from "../identity/id.ts";
import * as LIMITS from "../limits.ts";
import type { Rejection } from "../rejection.ts";
import { rejectionOf } from "../rejection.ts";
import { MINUTE_MS, type Millis, SECOND_MS } from "../time.ts";
import type { Address, DialId } from "./input.ts";
import type { Dial, DialCause } from "./link.ts";
import type { Neighbourhood } from "./neighbourhood.ts";
import type { NodeState } from "./state.ts";

interface Attempts {
  failed: number;
  nextAt: Millis;
  inFlight: DialId | undefined;
  /** When the last dial began. */
  begunAt: Millis;
  /** News does not hasten a try before this: the last link did not live long. */
  notBefore: Millis;
}

/** Whom to connect to, when to try again, and when to leave a peer alone until something changes. */
export class Dialing {
  readonly #state: NodeState;
  readonly #attemptsByPeer = new Map<PeerId, Attempts>();
  /** How many links to a peer in a row ended within a minute of their opening. */
  readonly #shortLivedByPeer = new Map<PeerId, number>();
  /** When another's word last hastened a try. */
  readonly #affirmedAtByPeer = new Map<PeerId, Millis>();
  readonly #dials = new Map<DialId, Dial>();
  readonly #joins = new Map<Address, Attempts & { readonly cause: DialCause & { type: "join" } }>();

  /** Peers that are dialled although no link to them is kept: for a call, or to see whether they are back. */
  readonly #wanted = new Set<PeerId>();
  readonly #neighbourhood: Neighbourhood;
  readonly #onGone: (peer: PeerId, isTold: boolean, now: Millis) => void;
  #hasNews = true;
  #plannedFor: ReadonlySet<PeerId> | undefined;
  #plannedWith: readonly unknown[] | undefined;
  #planAt: Millis = 0;
  #probeAt: Millis = Number.POSITIVE_INFINITY;
  #probeEveryMs: number = LIMITS.probeFirstMs;

  /** `onGone` hears of every dial of a member that failed, and whether it is worth telling others. */
  constructor(
    state: NodeState,
    neighbourhood: Neighbourhood,
    onGone: (peer: PeerId, isTold: boolean, now: Millis) => void,
  ) {
    this.#state = state;
    this.#neighbourhood = neighbourhood;
    this.#onGone = onGone;
  }

  /** The clock was set: what is waited for is waited for as long as before. */
  shift(byMs: number): void {
    for (const attempts of [...this.#attemptsByPeer.values(), ...this.#joins.values()]) {
      attempts.nextAt += byMs;
      attempts.notBefore += byMs;
      attempts.begunAt += byMs;
    }
    this.#affirmedAtByPeer.clear();
    this.#neighbourhood.forget();
    this.#probeAt += byMs;
    this.#hasNews = true;
  }

  /** Dials a member now, whether or not a link to it is kept. */
  want(peer: PeerId, now: Millis): void {
    if (this.#state.linkByPeer.has(peer)) return;
    this.#hasNews = true;
    this.#wanted.add(peer);
    const attempts = this.#attemptsOf(peer, now);
    if (attempts.inFlight === undefined) attempts.nextAt = Math.max(now, attempts.notBefore);
  }

  get wakeAt(): Millis {
    let at = Math.min(this.#probeAt, this.#neighbourhood.wakeAt);
    for (const { inFlight, nextAt } of this.#joins.values()) if (inFlight === undefined) at = Math.min(at, nextAt);
    const { isChanging, wakeAt } = this.#neighbourhood;
    const roomAt = isChanging ? wakeAt : (this.#begun()[LIMITS.dialsAtOnce - 1] ?? 0);
    for (const [peer, { inFlight, nextAt }] of this.#attemptsByPeer)
      if (inFlight === undefined) at = Math.min(at, this.#wanted.has(peer) ? nextAt : Math.max(nextAt, roomAt));
    return at;
  }

  join(address: Address, expectKey: Uint8Array | undefined, now: Millis): void {
    this.#hasNews = true;
    const cause = { type: "join" as const, address, ...(expectKey === undefined ? {} : { expectKey }) };
    this.#joins.set(address, { cause, failed: 0, nextAt: now, inFlight: undefined, begunAt: now, notBefore: now });
  }

  /** The dial behind a connection that was opened; each is answered once. */
  redeem(id: DialId): Dial | undefined {
    const dial = this.#dials.get(id);
    this.#dials.delete(id);
    return dial;
  }

  /** A dial, or the handshake on the link that it opened, failed. */
  failed(dial: Dial, rejection: Rejection, now: Millis): void {
    this.#hasNews = true;
    if (rejection.code === "handshake_duplicate") {
      if (dial.cause.type === "join") this.#joins.delete(dial.address);
      else this.#attemptsByPeer.delete(dial.cause.peer);
      return;
    }
    switch (dial.cause.type) {
      case "join":
        this.#joinFailed(dial, rejection, now);
        return;
      case "member":
        this.#memberFailed(dial, dial.cause.peer, rejection, now);
        return;
    }
  }

  linked(peer: PeerId, dial: Dial | undefined): void {
    this.#hasNews = true;
    this.#attemptsByPeer.delete(peer);
    this.#wanted.delete(peer);
    if (dial?.cause.type === "join") this.#joins.delete(dial.address);
  }

  /** A live link ended. One that lived for less than a minute is followed by a back-off, so that nothing spins. */
  unlinked(peer: PeerId, livedMs: number, now: Millis): void {
    const shortLived = livedMs < MINUTE_MS ? (this.#shortLivedByPeer.get(peer) ?? 0) + 1 : 0;
    this.#shortLivedByPeer.set(peer, shortLived);
    const waitMs =
      shortLived === 0
        ? LIMITS.dialBackoffMs * this.#state.random()
        : backoffMs(Math.min(shortLived, 7), this.#state.random());
    const nextAt = now + waitMs;
    this.#attemptsByPeer.set(peer, { failed: 0, nextAt, inFlight: undefined, begunAt: now, notBefore: nextAt });
  }

  /** Something about the peer changed: it is worth another try. */
  changed(peer: PeerId, now: Millis): void {
    this.#hasNews = true;
    const attempts = this.#attemptsByPeer.get(peer);
    if (attempts === undefined || attempts.inFlight !== undefined) return;
    // Who was not tried yet is tried in its time: the other side may be about to dial.
    if (attempts.failed === 0 && attempts.nextAt !== Number.POSITIVE_INFINITY) return;
    attempts.failed = 0;
    attempts.nextAt = Math.max(
      attempts.notBefore,
      Math.min(attempts.nextAt, now + this.#state.random() * LIMITS.dialBackoffMs),
    );
  }

  /** A third peer reaches one that was given up here: it is tried once more, at most once a minute whoever says so. */
  affirmed(peer: PeerId, now: Millis): void {
    const attempts = this.#attemptsByPeer.get(peer);
    if (attempts === undefined || attempts.inFlight !== undefined || attempts.failed < LIMITS.dialTries) return;
    if (now < (this.#affirmedAtByPeer.get(peer) ?? Number.NEGATIVE_INFINITY) + MINUTE_MS) return;
    this.#affirmedAtByPeer.set(peer, now);
    this.changed(peer, now);
  }

  changedAll(now: Millis): void {
    for (const peer of this.#attemptsByPeer.keys()) this.changed(peer, now);
  }

  /** Dials what is due. Looks at nothing where neither the clock nor anything else has given reason to. */
  plan(now: Millis): void {
    const { targets } = this.#neighbourhood.at(now);
    const links = this.#state.liveLinks();
    const isIdle = !this.#hasNews && targets === this.#plannedFor && links === this.#plannedWith && now < this.#planAt;
    if (isIdle || !this.#state.isTakingPart()) return;
    this.#dialDue(targets, now);
    this.#hasNews = false;
    this.#plannedFor = targets;
    this.#plannedWith = links;
    this.#planAt = this.wakeAt;
  }

  #dialDue(targets: ReadonlySet<PeerId>, now: Millis): void {
    for (const [address, join] of this.#joins)
      if (join.inFlight === undefined && join.nextAt <= now) this.#dial(join, join.cause, address, now);
    this.#probeOneThatIsGone(now);
    for (const peer of this.#attemptsByPeer.keys())
      if (!this.#isDialled(peer, targets)) this.#attemptsByPeer.delete(peer);
    const atOnce = this.#neighbourhood.isChanging ? 0 : LIMITS.dialsAtOnce;
    let room = atOnce - this.#begun().filter((endAt) => now < endAt).length;
    for (const peer of new Set([...targets, ...this.#attemptsByPeer.keys()])) {
      if (this.#state.linkByPeer.has(peer)) continue;
      const attempts = this.#attemptsOf(peer, now);
      if (attempts.inFlight !== undefined || attempts.nextAt > now) continue;
      // A call waits for nobody.
      if (room <= 0 && !this.#wanted.has(peer)) continue;
      const addresses = this.#addressesOf(peer);
      const address = addresses[attempts.failed % Math.max(1, addresses.length)];
      // Nowhere to dial: its record is still on its way, and will say that something changed.
      if (address === undefined) attempts.nextAt = Number.POSITIVE_INFINITY;
      else {
        this.#dial(attempts, { type: "member", peer }, address, now);
        room -= 1;
      }
    }
  }

  /** Until when each dial of a member that is under way keeps others back, the latest first: it may take longer. */
  #begun(): Millis[] {
    return [...this.#attemptsByPeer.values()]
      .flatMap(({ inFlight, begunAt }) => (inFlight === undefined ? [] : [begunAt + SECOND_MS]))
      .sort((a, b) => b - a);
  }

  /** Who was found gone, and was a neighbour, is tried again in its own time. */
  #isDialled(peer: PeerId, targets: ReadonlySet<PeerId>): boolean {
    return targets.has(peer) || this.#wanted.has(peer) || this.#state.downPeers.has(peer);
  }

  /**
   * Ever more seldom, one of those that nobody here reaches: where a partition ends, some pair finds each other, and
   * its word brings the rest together.
   */
  #probeOneThatIsGone(now: Millis): void {
    if (now < this.#probeAt) return;
    this.#probeEveryMs = Math.min(2 * this.#probeEveryMs, LIMITS.unreachableRetryMs);
    this.#probeAt = now + this.#probeEveryMs * (0.5 + this.#state.random());
    const { book, downPeers, linkByPeer } = this.#state;
    const gone = this.#state
      .members()
      .filter(
        (peer) => !linkByPeer.has(peer) && (downPeers.has(peer) || book.get(peer)?.reachability === "unreachable"),
      );
    if (gone.length === 0) this.#probeAt = Number.POSITIVE_INFINITY;
    const [one] = this.#state.someOf(gone, 1);
    if (one !== undefined) this.want(one, now);
  }

  #attemptsOf(peer: PeerId, now: Millis): Attempts {
    const known = this.#attemptsByPeer.get(peer);
    if (known !== undefined) return known;
    // One of two dials first, so that they seldom dial each other at once. It dials a few at a time, too.
    const { targets, dialled } = this.#neighbourhood.at(now);
    const turns = 1 + targets.size / LIMITS.dialsAtOnce + this.#state.random();
    const isFirst = targets.has(peer) ? dialled.has(peer) : this.#state.self < peer;
    const patienceMs = isFirst ? 0 : LIMITS.dialBackoffMs * turns + 4 * this.#state.answersInMs;
    // A few links make a cluster of many one: the rest follow one by one, so that a burst of joins is no burst of links.
    const place = this.#state.members().length > LIMITS.fullMeshPeers ? [...targets].indexOf(peer) + 1 : 0;
    const nextAt = now + patienceMs + LIMITS.farDialMs * Math.max(0, place - LIMITS.pushLinks);
    const created: Attempts = { failed: 0, nextAt, inFlight: undefined, begunAt: now, notBefore: now };
    this.#attemptsByPeer.set(peer, created);
    return created;
  }

  #dial(attempts: Attempts, cause: DialCause, address: Address, now: Millis): void {
    const { outbox, book, flags } = this.#state;
    const id = this.#state.randomText();
    attempts.inFlight = id;
    attempts.begunAt = now;
    this.#dials.set(id, { id, cause, address });
    const isStranger = cause.type === "member" && book.get(cause.peer)?.lastHandshakeAt === undefined;
    outbox.dial({
      type: "dial",
      dial: id,
      address,
      ...(cause.type === "member" ? { peer: cause.peer } : {}),
      ...(isStranger && flags.voucher !== undefined ? { voucher: flags.voucher } : {}),
    });
  }

  #joinFailed(dial: Dial, rejection: Rejection, now: Millis): void {
    const join = this.#joins.get(dial.address);
    if (join === undefined) return;
    join.failed += 1;
    join.inFlight = undefined;
    join.nextAt = now + backoffMs(join.failed, this.#state.random());
    // A refusal is an answer; only silence is worth another try.
    if (rejection.code === "peer_unreachable" && join.failed < LIMITS.dialTries) return;
    this.#joins.delete(dial.address);
    this.#state.outbox.notify({ type: "join_failed", address: dial.address, rejection });
  }

  #memberFailed(dial: Dial, peer: PeerId, rejection: Rejection, now: Millis): void {
    const attempts = this.#attemptsByPeer.get(peer);
    if (attempts === undefined) return;
    attempts.failed += 1;
    attempts.inFlight = undefined;
    this.#wanted.delete(peer);
    // That one which was never met does not answer at once says nothing of it yet.
    const isMet = this.#state.book.get(peer)?.lastHandshakeAt !== undefined;
    this.#onGone(peer, isMet || attempts.failed >= LIMITS.dialTries, now);
    if (attempts.failed < LIMITS.dialTries) {
      attempts.nextAt = now + backoffMs(attempts.failed, this.#state.random());
      return;
    }
    attempts.nextAt = now + LIMITS.unreachableRetryMs * (0.5 + this.#state.random());
    if (attempts.failed > LIMITS.dialTries) return;
    this.#probeEveryMs = LIMITS.probeFirstMs;
    this.#probeAt = Math.min(this.#probeAt, now + this.#probeEveryMs * (0.5 + this.#state.random()));
    const entry = this.#state.book.get(peer) ?? { peer, provenAddresses: [], reachability: "idle" as const };
    const marked = { ...entry, reachability: "unreachable" as const };
    this.#state.book.set(peer, marked);
    this.#state.outbox.note(marked);
    this.#state.outbox.notify({ type: "peer_unreachable", peer, address: dial.address, reason: rejection.message });
  }

  /** Proven addresses first, then what its record announces. */
  #addressesOf(peer: PeerId): readonly Address[] {
    const record = this.#state.registry.liveOne("peer", peer, peer);
    const announced = record === undefined ? [] : (record.body.addresses as readonly string[]);
    return [...new Set([...(this.#state.book.get(peer)?.provenAddresses ?? []), ...announced])];
  }
}

export function dialRejection(reason: string): Rejection {
  return rejectionOf("peer_unreachable", reason);
}

/** 1 s, 2 s, 4 s, with up to half of it more. */
function backoffMs(failed: number, random: number): number {
  return LIMITS.dialBackoffMs * 2 ** (failed - 1) * (1 + random / 2);
}
