import { base64urlFromBytes } from "../encoding/base64url.ts";
import type { Message, MessageOf } from "../gossip/message.ts";
import { groupBy } from "../group-by.ts";
import { checkLicense, isSuccessor, type License, licenseHash } from "../license/license.ts";
import * as LIMITS from "../limits.ts";
import { type Rejection, type RejectionCode, rejectionOf } from "../rejection.ts";
import { accept, type Result, refuse } from "../result.ts";
import type { Millis } from "../time.ts";
import {
  checkGreeting,
  type Greeting,
  isTranscriptSignedBy,
  PROTOCOL_VERSION,
  signTranscript,
  transcriptHash,
} from "../trust/handshake.ts";
import { useUpInvitation, welcomeFor } from "./door.ts";
import type { LinkId } from "./input.ts";
import type { Link, LinkOrigin, LiveLink, Welcome } from "./link.ts";
import { newPace } from "./pace.ts";
import type { NodeState } from "./state.ts";

export interface LinkEvents {
  onLive(link: Link, live: LiveLink, welcome: Welcome, now: Millis): void;
  /** An outgoing link ended before it was live. */
  onHandshakeFailed(origin: LinkOrigin & { direction: "out" }, rejection: Rejection, now: Millis): void;
  onUnlinked(link: Link, live: LiveLink, now: Millis): void;
}

/** The link table and the handshake on both sides: three messages, after which each side knows whom it talks to. */
export class Links {
  readonly #state: NodeState;
  readonly #events: LinkEvents;

  constructor(state: NodeState, events: LinkEvents) {
    this.#state = state;
    this.#events = events;
  }

  opened(id: LinkId, origin: LinkOrigin, binding: Uint8Array, now: Millis): Rejection | undefined {
    const link: Link = {
      id,
      origin,
      binding,
      openedAt: now,
      phase: { type: "waiting" },
      charged: { since: now, count: 0 },
    };
    if (!this.#state.isTakingPart()) return this.#turnAway(id, "peer_left");
    const pending = [...this.#state.links.values()].filter(({ phase }) => phase.type !== "live");
    if (origin.direction === "in" && pending.length >= LIMITS.pendingHandshakes) {
      const crowding = oldestOfBusiestHost(pending);
      if (crowding === undefined) return this.#turnAway(id, "pending_full");
      this.end(crowding, rejectionOf("pending_full"), now);
    }
    this.#state.links.set(id, link);
    if (origin.direction === "out") {
      const own = this.#greeting();
      link.phase = { type: "greeted", own, license: this.#state.license };
      this.#state.outbox.send(id, { type: "hello", ...own });
    }
    return undefined;
  }

  /** A message of the handshake, or of a link that is not live yet. */
  received(link: Link, message: Message, now: Millis): Rejection | undefined {
    const isLate = now >= link.openedAt + LIMITS.challengeMs;
    const rejection = isLate ? rejectionOf("handshake_expired") : this.#step(link, message, now);
    if (rejection !== undefined) this.end(link, rejection, now);
    return rejection;
  }

  /** Closes a link from this side. */
  end(link: Link, rejection: Rejection, now: Millis): void {
    // The other side of an unfinished handshake learns that it ended, never why: the reason would be an oracle.
    const isInbound = link.origin.direction === "in";
    if (isInbound && link.phase.type !== "live")
      this.#state.outbox.send(link.id, { type: "refusal", code: "handshake_refused" });
    this.#state.outbox.close(link.id, rejection);
    this.#forget(link, rejection, now);
  }

  /** The connection is gone. */
  closed(id: LinkId, now: Millis): void {
    const link = this.#state.links.get(id);
    if (link !== undefined)
      this.#forget(link, rejectionOf("link_replaced", "the connection was closed by the other side"), now);
  }

  /** When the next link is to end by itself. */
  get wakeAt(): Millis {
    let at = Number.POSITIVE_INFINITY;
    for (const link of this.#state.links.values()) {
      at = Math.min(at, endAt(link));
      if (link.phase.type === "live") at = Math.min(at, signAt(link.phase.live));
    }
    return at;
  }

  /** Ends handshakes that took too long, and links that were replaced; asks the latter whether somebody is there. */
  expire(now: Millis): void {
    for (const link of [...this.#state.links.values()]) {
      if (link.phase.type === "live" && now >= signAt(link.phase.live)) this.#askForSign(link.id, link.phase.live, now);
      if (now < endAt(link)) continue;
      this.end(link, rejectionOf(link.phase.type === "live" ? "handshake_duplicate" : "handshake_expired"), now);
    }
  }

  #step(link: Link, message: Message, now: Millis): Rejection | undefined {
    const { phase, origin } = link;
    if (message.type === "refusal" && origin.direction === "out") return rejectionOf("handshake_refused");
    switch (phase.type) {
      case "waiting":
        return message.type === "hello" ? this.#answerHello(link, message, now) : unexpected(message);
      case "greeted":
        return message.type === "welcome" ? this.#answerWelcome(link, phase, message, now) : unexpected(message);
      case "proving":
        return message.type === "proof" ? this.#takeProof(link, phase, message, now) : unexpected(message);
      case "awaiting_license":
        return message.type === "license"
          ? this.#takeLicense(link, phase.theirs, phase.publicKey, message.document, now)
          : unexpected(message);
      case "live":
        return unexpected(message);
    }
  }

  /** The other side's greeting, where it is whole and this peer takes it in. */
  #checkTheirs(link: Link, own: Greeting, theirs: Greeting, now: Millis): ReturnType<typeof checkGreeting> {
    const isKnown = this.#state.isKeyOf(theirs.peer_id, theirs.public_key);
    const checked = checkGreeting(this.#state.crypto, own, theirs, isKnown);
    if (!checked.ok) return checked;
    const welcome = welcomeFor(this.#state, theirs, link.origin, now);
    return welcome.ok ? checked : welcome;
  }

  #answerHello(link: Link, theirs: MessageOf<"hello">, now: Millis): Rejection | undefined {
    const own = this.#greeting();
    const checked = this.#checkTheirs(link, own, theirs, now);
    if (!checked.ok) return checked.rejection;
    const transcript = transcriptHash(this.#state.crypto, theirs, own, link.binding);
    const signature = signTranscript(this.#state.crypto, this.#state.identity, "responder", transcript);
    link.phase = { type: "proving", own, license: this.#state.license, theirs, publicKey: checked.value.publicKey };
    this.#state.outbox.send(link.id, { type: "welcome", ...own, signature });
    return undefined;
  }

  #answerWelcome(
    link: Link,
    { own, license }: { readonly own: Greeting; readonly license: License },
    theirs: MessageOf<"welcome">,
    now: Millis,
  ): Rejection | undefined {
    const checked = this.#checkTheirs(link, own, theirs, now);
    if (!checked.ok) return checked.rejection;
    const transcript = transcriptHash(this.#state.crypto, own, theirs, link.binding);
    if (!isTranscriptSignedBy(this.#state.crypto, theirs, "responder", transcript, theirs.signature)) {
      return rejectionOf("handshake_signature_invalid");
    }
    const isSameLicense = theirs.license_hash === own.license_hash;
    const signature = signTranscript(this.#state.crypto, this.#state.identity, "initiator", transcript);
    const shown = isSameLicense ? {} : { license: license as never };
    this.#state.outbox.send(link.id, { type: "proof", signature, ...shown });
    const { publicKey } = checked.value;
    if (!isSameLicense) {
      link.phase = { type: "awaiting_license", theirs, publicKey };
      return undefined;
    }
    return this.#goLive(link, theirs, publicKey, now);
  }

  #takeProof(
    link: Link,
    phase: { own: Greeting; license: License; theirs: Greeting; publicKey: Uint8Array },
    proof: MessageOf<"proof">,
    now: Millis,
  ): Rejection | undefined {
    const { own, theirs, publicKey } = phase;
    const transcript = transcriptHash(this.#state.crypto, theirs, own, link.binding);
    if (!isTranscriptSignedBy(this.#state.crypto, theirs, "initiator", transcript, proof.signature)) {
      return rejectionOf("handshake_signature_invalid");
    }
    if (theirs.license_hash !== own.license_hash) {
      const shown = this.#checkShownLicense(theirs, proof.license);
      if (!shown.ok) return shown.rejection;
      this.#state.outbox.send(link.id, { type: "license", document: phase.license as never });
      this.#adoptIfSuccessor(shown.value, now);
    }
    return this.#goLive(link, theirs, publicKey, now);
  }

  #takeLicense(
    link: Link,
    theirs: Greeting,
    publicKey: Uint8Array,
    document: unknown,
    now: Millis,
  ): Rejection | undefined {
    const shown = this.#checkShownLicense(theirs, document);
    if (!shown.ok) return shown.rejection;
    this.#adoptIfSuccessor(shown.value, now);
    return this.#goLive(link, theirs, publicKey, now);
  }

  #checkShownLicense(theirs: Greeting, document: unknown): Result<License> {
    const checked = checkLicense(this.#state.crypto, this.#state.roots, document);
    if (!checked.ok) return checked;
    if (checked.value.customer_id !== this.#state.customerId) return refuse("license_customer_mismatch");
    const isTheNamedOne =
      licenseHash(this.#state.crypto, checked.value) === theirs.license_hash &&
      checked.value.license_id === theirs.license_id;
    return isTheNamedOne
      ? accept(checked.value)
      : refuse("license_malformed", "it is not the one that the greeting named");
  }

  #adoptIfSuccessor(license: License, now: Millis): void {
    if (isSuccessor(this.#state.license, license)) this.#state.setLicense(license, now);
  }

  #goLive(link: Link, theirs: Greeting, publicKey: Uint8Array, now: Millis): Rejection | undefined {
    const state = this.#state;
    const welcome = welcomeFor(state, theirs, link.origin, now);
    if (!welcome.ok) return welcome.rejection;
    const peer = theirs.peer_id;
    if (link.origin.direction === "out" && link.origin.dial.cause.type === "join") {
      state.outbox.notify({ type: "joined", address: link.origin.dial.address, peer });
    }
    const before = this.#linkOf(peer);
    if (before !== undefined && !this.#doesNewStay(before, link, peer)) return rejectionOf("handshake_duplicate");
    const live: LiveLink = {
      peer,
      publicKey,
      heardAt: now,
      pingAt: now + LIMITS.pingEveryMs * state.random(),
      openPing: undefined,
      rttMs: undefined,
      slowMs: now - link.openedAt,
      heartbeatAt: now,
      beatBy: now,
      heartbeatsSent: 0,
      lastBoot: undefined,
      lastSeq: 0,
      skewMs: undefined,
      hashes: undefined,
      licenseHash: undefined,
      repairedAt: new Map(),
      pace: newPace(),
      hashesTold: undefined,
      licenseTold: undefined,
      offered: 0,
      wantsAll: false,
      connectivityTold: undefined,
      unwantedSince: undefined,
      vouchedAt: undefined,
      superseded: undefined,
      pendingCalls: new Set(),
    };
    if (before !== undefined) this.#replace(before, link, now);
    link.phase = { type: "live", live };
    state.setLinkOf(peer, link.id);
    state.keyByPeer.set(peer, theirs.public_key);
    if (link.origin.direction === "in" && welcome.value === "first_contact")
      useUpInvitation(state, theirs, link.origin.remoteHost, now);
    this.#events.onLive(link, live, welcome.value, now);
    return undefined;
  }

  /**
   * Of two finished links the one dialled by the smaller id stays. Of two that one side dialled, that side alone knows
   * which is the newer, whatever finished first: it closes the other one.
   */
  #doesNewStay(before: Link, next: Link, peer: string): boolean {
    const [was, is] = [before.origin.direction, next.origin.direction];
    if (was === "out" && is === "out") return next.openedAt >= before.openedAt;
    if (was === "in" && is === "in") return true;
    return (is === "out") === this.#state.self < peer;
  }

  /**
   * A link that a newer one takes the place of ends at once, but where the other side dialled both: that side closes
   * one. It stays open for a while and is asked for a sign of life, since two of one identity may run.
   */
  #replace(before: Link, next: Link, now: Millis): void {
    const isTheirs = before.origin.direction === "in" && next.origin.direction === "in";
    if (!isTheirs || before.phase.type !== "live") {
      this.end(before, rejectionOf("handshake_duplicate"), now);
      return;
    }
    for (const older of this.#state.links.values())
      if (older.phase.type === "live" && older.phase.live.peer === before.phase.live.peer && older !== before)
        this.end(older, rejectionOf("handshake_duplicate"), now);
    before.phase.live.superseded = { at: now, isAsked: false };
  }

  #linkOf(peer: LiveLink["peer"]): Link | undefined {
    const id = this.#state.linkByPeer.get(peer);
    return id === undefined ? undefined : this.#state.links.get(id);
  }

  #forget(link: Link, rejection: Rejection, now: Millis): void {
    if (!this.#state.links.delete(link.id)) return;
    if (link.phase.type === "live") {
      const { live } = link.phase;
      if (this.#state.linkByPeer.get(live.peer) === link.id) this.#fallBack(live.peer);
      this.#state.outbox.notify({ type: "peer_unlinked", peer: live.peer, link: link.id, reason: rejection.message });
      this.#events.onUnlinked(link, live, now);
    } else if (link.origin.direction === "out") this.#events.onHandshakeFailed(link.origin, rejection, now);
  }

  #askForSign(id: LinkId, live: LiveLink, now: Millis): void {
    const nonce = this.#state.randomText();
    if (live.superseded !== undefined) live.superseded.isAsked = true;
    live.openPing = { nonce, sentAt: now, saidAt: now, tries: 1 };
    this.#state.outbox.send(id, { type: "ping", nonce });
  }

  /** The link of a peer is gone: an older one that is still open takes its place again. */
  #fallBack(peer: LiveLink["peer"]): void {
    this.#state.setLinkOf(peer, undefined);
    for (const { id, phase } of this.#state.links.values()) {
      if (phase.type !== "live" || phase.live.peer !== peer) continue;
      phase.live.superseded = undefined;
      this.#state.setLinkOf(peer, id);
      return;
    }
  }

  #turnAway(id: LinkId, code: RejectionCode): Rejection {
    const rejection = rejectionOf(code);
    this.#state.outbox.close(id, rejection);
    return rejection;
  }

  #greeting(): Greeting {
    const { crypto, identity, license, customerId } = this.#state;
    return {
      protocol: PROTOCOL_VERSION,
      challenge: base64urlFromBytes(crypto.randomBytes(32)),
      peer_id: identity.peerId,
      public_key: base64urlFromBytes(identity.publicKey),
      license_id: license.license_id,
      license_hash: this.#state.licenseHash,
      customer_id: customerId,
    };
  }
}

/** The link that makes room for another: whoever opens many at one address is in nobody's way but its own. */
function oldestOfBusiestHost(pending: readonly Link[]): Link | undefined {
  const hostOf = ({ origin }: Link) => (origin.direction === "in" ? origin.remoteHost : undefined);
  const inbound = pending.filter(({ origin }) => origin.direction === "in");
  const [busiest] = [...groupBy(inbound, hostOf).values()].toSorted((a, b) => b.length - a.length);
  return busiest?.[0];
}

/** When a link ends by itself: a handshake after 30 s, a replaced link after ten. */
function endAt(link: Link): Millis {
  if (link.phase.type !== "live") return link.openedAt + LIMITS.challengeMs;
  const { superseded } = link.phase.live;
  return superseded === undefined ? Number.POSITIVE_INFINITY : superseded.at + LIMITS.replacedLinkMs;
}

/** When a replaced link is asked for a sign of life. */
function signAt({ superseded }: LiveLink): Millis {
  return superseded === undefined || superseded.isAsked ? Number.POSITIVE_INFINITY : superseded.at + SIGN_AFTER_MS;
}

const SIGN_AFTER_MS = 2000;

function unexpected(message: Message): Rejection {
  return rejectionOf("message_unexpected", message.type);
}
