import { base64urlFromBytes, bytesFromBase64url, type Effect, type Input, type LinkId } from "@arctic/core";
import { type Card, HALF_BYTES, type Packet, packetFrom } from "./packet.ts";

type DialEffect = Extract<Effect, { type: "dial" }>;

export interface ChannelEvents {
  onInput(input: Input): void;
  onPresent(card: Card): void;
  onAbsent(peerId: string): void;
}

/** A dial that nobody has accepted yet. */
interface Dialled {
  readonly dial: DialEffect;
  readonly half: string;
  readonly timer: number;
}

const DIAL_TIMEOUT_MS = 1000;

/**
 * Links between two pages over one BroadcastChannel that all pages of the origin hear. It keeps nobody out and hides
 * nothing: what a page may believe is for core to find out.
 */
export class Channel {
  /** Absent once it has ended. */
  #broadcast: BroadcastChannel | undefined;
  readonly #card: Card;
  readonly #events: ChannelEvents;
  readonly #dialledByLink = new Map<LinkId, Dialled>();
  /** The other end's address of each open link. */
  readonly #addressByLink = new Map<LinkId, string>();

  constructor(name: string, card: Card, events: ChannelEvents) {
    this.#broadcast = new BroadcastChannel(name);
    this.#card = card;
    this.#events = events;
  }

  start(): void {
    if (this.#broadcast === undefined) return;
    this.#broadcast.onmessage = ({ data }) => {
      const packet = packetFrom(data);
      if (packet !== undefined) this.#hear(packet);
    };
    this.#post({ type: "present", card: this.#card, asks: true });
  }

  /** Opens a link; `opened` or `dial_failed` follows. */
  dial(dial: DialEffect): void {
    const link = crypto.randomUUID();
    const half = randomHalf();
    const timer = window.setTimeout(() => {
      this.#dialledByLink.delete(link);
      this.#events.onInput({ type: "dial_failed", dial: dial.dial, reason: "no page answers under this name" });
    }, DIAL_TIMEOUT_MS);
    this.#dialledByLink.set(link, { dial, half, timer });
    const vouched = dial.voucher === undefined ? {} : { voucher: dial.voucher };
    this.#post({ type: "open", to: dial.address, link, from: this.#card.address, half, ...vouched });
  }

  send(link: LinkId, text: string): void {
    const to = this.#addressByLink.get(link);
    if (to !== undefined) this.#post({ type: "frame", to, link, text });
  }

  close(link: LinkId): void {
    const to = this.#addressByLink.get(link);
    this.#addressByLink.delete(link);
    if (to !== undefined) this.#post({ type: "close", to, link });
  }

  /** Closes all links and says goodbye. */
  end(): void {
    for (const link of [...this.#addressByLink.keys()]) this.close(link);
    for (const { timer } of this.#dialledByLink.values()) window.clearTimeout(timer);
    this.#post({ type: "absent", peer_id: this.#card.peer_id });
    this.#broadcast?.close();
    this.#broadcast = undefined;
  }

  #hear(packet: Packet): void {
    switch (packet.type) {
      case "present":
        if (packet.asks) this.#post({ type: "present", card: this.#card, asks: false });
        this.#events.onPresent(packet.card);
        return;
      case "absent":
        this.#events.onAbsent(packet.peer_id);
        return;
      case "open":
        if (packet.to === this.#card.address) this.#accept(packet);
        return;
      case "accept":
        if (packet.to === this.#card.address) this.#accepted(packet);
        return;
      case "frame":
        if (packet.to === this.#card.address && this.#addressByLink.has(packet.link))
          this.#events.onInput({ type: "received", link: packet.link, text: packet.text });
        return;
      case "close":
        if (packet.to === this.#card.address && this.#addressByLink.delete(packet.link))
          this.#events.onInput({ type: "closed", link: packet.link });
        return;
    }
  }

  #accept({ link, from, half, voucher }: Extract<Packet, { type: "open" }>): void {
    if (this.#addressByLink.has(link) || this.#dialledByLink.has(link)) return;
    const ownHalf = randomHalf();
    this.#addressByLink.set(link, from);
    this.#post({ type: "accept", to: from, link, half: ownHalf });
    this.#events.onInput({
      type: "opened",
      link,
      direction: "in",
      binding: bindingOf(half, ownHalf),
      remoteHost: from,
      ...(voucher === undefined ? {} : { voucher }),
    });
  }

  #accepted({ link, half }: Extract<Packet, { type: "accept" }>): void {
    const dialled = this.#dialledByLink.get(link);
    if (dialled === undefined) return;
    const { dial, address } = dialled.dial;
    this.#dialledByLink.delete(link);
    window.clearTimeout(dialled.timer);
    this.#addressByLink.set(link, address);
    const binding = bindingOf(dialled.half, half);
    this.#events.onInput({ type: "opened", link, direction: "out", binding, dial, address });
  }

  #post(packet: Packet): void {
    this.#broadcast?.postMessage(packet);
  }
}

function randomHalf(): string {
  return base64urlFromBytes(crypto.getRandomValues(new Uint8Array(HALF_BYTES)));
}

/**
 * Both ends name the link alike: the dialler's 16 bytes, then the other's. Two pages have no encrypted channel whose own
 * secret could stand here, as the TLS exporter does between hosts.
 */
function bindingOf(dialler: string, accepter: string): Uint8Array {
  return new Uint8Array([dialler, accepter].flatMap((half) => [...(bytesFromBase64url(half) ?? [])]));
}
