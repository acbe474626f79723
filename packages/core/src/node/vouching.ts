import { bytesFromBase64url } from "../encoding/base64url.ts";
import type { JsonValue } from "../encoding/json.ts";
import * as LIMITS from "../limits.ts";
import { MINUTE_MS, type Millis, msFromRfc3339 } from "../time.ts";
import { checkVoucher, issueVoucher, type Voucher } from "../trust/voucher.ts";
import type { LinkId } from "./input.ts";
import type { LiveLink } from "./link.ts";
import type { NodeState } from "./state.ts";

const TICK_MS = 10 * MINUTE_MS;
const GIVEN_AT_MOST_EVERY_MS = MINUTE_MS;

/**
 * The members' words for newcomers. A newcomer keeps the one that it got, across restarts too, while there is a member
 * whom it has not met; within six hours of its end it asks a linked member for another.
 */
export class Vouching {
  readonly #state: NodeState;
  #tickAt: Millis;

  constructor(state: NodeState) {
    this.#state = state;
    this.#tickAt = state.startedAt;
  }

  /** The clock was set: a voucher may be nearer to its end than it seemed. */
  shift(byMs: number): void {
    this.#tickAt = Math.min(this.#tickAt, this.#tickAt + byMs);
  }

  get wakeAt(): Millis {
    return this.#state.flags.voucher === undefined ? Number.POSITIVE_INFINITY : this.#tickAt;
  }

  wake(now: Millis): void {
    const { voucher } = this.#state.flags;
    if (voucher === undefined || now < this.#tickAt) return;
    this.#tickAt = now + TICK_MS;
    if (!this.#isNeeded()) this.#state.keepVoucher(undefined);
    else if (now >= (msFromRfc3339(voucher.expires_at) ?? 0) - LIMITS.voucherRefreshMs) this.#ask(voucher);
  }

  /** Gives a peer on a live link this peer's word. */
  give(link: LinkId, live: LiveLink, now: Millis): void {
    const { crypto, identity, customerId } = this.#state;
    const newcomer = { peerId: live.peer, publicKey: live.publicKey };
    const voucher = issueVoucher(crypto, identity, newcomer, customerId, now);
    live.vouchedAt = now;
    this.#state.outbox.send(link, { type: "voucher", voucher: voucher as never });
  }

  /** A member asks for another word, once a minute at most. */
  takeWanted(link: LinkId, live: LiveLink, now: Millis): void {
    if (live.vouchedAt === undefined || now >= live.vouchedAt + GIVEN_AT_MOST_EVERY_MS) this.give(link, live, now);
  }

  /** A word that the other side of a live link gives: taken where it is its own, for this peer, and in time. */
  take(live: LiveLink, value: JsonValue, now: Millis): void {
    const checked = checkVoucher(this.#state.crypto, value, live.publicKey, this.#state.customerId, now);
    if (!checked.ok || checked.value.signer !== live.peer || checked.value.peer_id !== this.#state.self) return;
    this.#state.keepVoucher(checked.value);
    this.#tickAt = now + TICK_MS;
  }

  /** While there is a member whom this peer has not met, somebody may not have heard of its admission. */
  #isNeeded(): boolean {
    const { self, book } = this.#state;
    return this.#state.members().some((peer) => peer !== self && book.get(peer)?.lastHandshakeAt === undefined);
  }

  #ask(voucher: Voucher): void {
    const links = this.#state.liveLinks().filter(({ live }) => this.#state.isMember(live.peer));
    const asked = links.find(({ live }) => live.peer === voucher.signer) ?? links[0];
    if (asked !== undefined) this.#state.outbox.send(asked.id, { type: "voucher_wanted" });
  }
}

/** Whether a voucher opens this peer's door to a subject: its signer is an active member here, and it is in time. */
export function isVouchedFor(
  state: NodeState,
  subject: { readonly peer_id: string; readonly public_key: string },
  voucher: Voucher,
  now: Millis,
): boolean {
  const signerKey = bytesFromBase64url(state.keyByPeer.get(voucher.signer) ?? "");
  if (signerKey === undefined || !state.isMember(voucher.signer)) return false;
  const checked = checkVoucher(state.crypto, voucher, signerKey, state.customerId, now);
  return checked.ok && checked.value.peer_id === subject.peer_id && checked.value.public_key === subject.public_key;
}
