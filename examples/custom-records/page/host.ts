import {
  base64urlFromBytes,
  bytesFromBase64url,
  type ClusterNode,
  createClusterNode,
  createId,
  type Effect,
  type Input,
  type JsonObject,
  type LicenseRoot,
  type Millis,
  type Notice,
  nobleCrypto,
  type PeerId,
  type Rejection,
  rfc3339FromMs,
  type Step,
} from "@arctic/core";
import { Channel } from "./channel.ts";
import { noteKind } from "./note.ts";
import type { Card } from "./packet.ts";
import type { Loaded, Store } from "./store.ts";

/** Something that this page was sent and did not believe. */
export interface Refusal {
  readonly at: Millis;
  /** The peer on whose link it came. */
  readonly from: PeerId | undefined;
  readonly message: string;
  readonly count: number;
}

const HEARTBEAT_EVERY_MS = 10_000;
const FRESH_MS = 3_600_000;
const REFUSALS_KEPT = 20;
const CARDS_KEPT = 32;

/**
 * Gives a node a clock, a disk and a network. One input at a time: its effects are performed in order, each to its end,
 * before the next input is fed, so nothing is sent that is not stored. Where the disk fails the page falls silent.
 */
export class Host {
  readonly node: ClusterNode;
  readonly card: Card;
  /** Pages that said that they are here, by peer id, trusted or not. */
  readonly cardByPeer = new Map<string, Card>();
  /** The latest first. */
  readonly refusals: Refusal[] = [];
  readonly #store: Store;
  readonly #channel: Channel;
  readonly #onChange: () => void;
  #last: Promise<unknown> = Promise.resolve();
  #wakeTimer: number | undefined;
  #failure: string | undefined;
  #joinFailure: Rejection | undefined;

  constructor(
    name: string,
    store: Store,
    { identity, license, stored }: Loaded,
    roots: readonly LicenseRoot[],
    onChange: () => void,
  ) {
    const now = Date.now();
    this.#store = store;
    this.#onChange = onChange;
    this.node = createClusterNode({
      crypto: nobleCrypto,
      identity,
      roots,
      license,
      kinds: [noteKind],
      bootId: crypto.randomUUID(),
      stored,
      heartbeatEveryMs: HEARTBEAT_EVERY_MS,
      // Whoever opens the page opens its door, too. It shuts with the first person who comes in.
      fresh: { until: now + FRESH_MS },
      startedAt: now,
    });
    this.card = {
      address: addressOf(name),
      name,
      peer_id: identity.peerId,
      public_key: base64urlFromBytes(identity.publicKey),
    };
    this.#channel = new Channel("arctic-notes", this.card, {
      onInput: (input) => void this.feed(input),
      onPresent: (card) => this.#present(card),
      onAbsent: (peer) => this.#absent(peer),
    });
  }

  /** Why the page has fallen silent, in words; absent while it works. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Why the last add came to nothing. */
  get joinFailure(): Rejection | undefined {
    return this.#joinFailure;
  }

  async start(): Promise<void> {
    const self = this.card.peer_id;
    // A peer's first word is about itself.
    if (this.node.registry.get("peer", self, self) === undefined)
      await this.feed({ type: "write", kind: "peer", id: self, body: this.#peerBody() });
    this.#channel.start();
    await this.feed({ type: "wake" });
  }

  /** Performs what the input leads to, after what was fed before it. Answers nothing once the page has fallen silent. */
  feed(input: Input): Promise<Step | undefined> {
    const step = this.#last.then(() => this.#handle(input));
    this.#last = step;
    return step;
  }

  /** An operator's add: this person vouches for the one on the card. Only the key on it will do. */
  add({ address, public_key }: Card): void {
    this.#joinFailure = undefined;
    const expectKey = bytesFromBase64url(public_key);
    if (expectKey !== undefined) void this.feed({ type: "join", address, hosts: [], expectKey });
  }

  /** Says something to all linked pages that this page's own node knows nothing of: what a forger would do. */
  sayPastTheNode(text: string): void {
    for (const { link } of this.node.peers.list()) if (link !== undefined) this.#channel.send(link, text);
  }

  /** Closes all links at once: the page is going away. */
  end(): void {
    window.clearTimeout(this.#wakeTimer);
    this.#channel.end();
  }

  async #handle(input: Input): Promise<Step | undefined> {
    if (this.#failure !== undefined) return undefined;
    try {
      const step = this.node.handle(input, Date.now());
      for (const effect of step.effects) await this.#perform(effect);
      this.#scheduleWake();
      return step;
    } catch (error) {
      this.#failure = `This page could not go on (${error instanceof Error ? error.message : String(error)}) and has fallen silent. What was not saved was not sent. Reload it.`;
      this.end();
      return undefined;
    } finally {
      this.#onChange();
    }
  }

  async #perform(effect: Effect): Promise<void> {
    switch (effect.type) {
      case "persist":
        return this.#store.commit(effect);
      case "dial":
        return this.#channel.dial(effect);
      case "send":
        return this.#channel.send(effect.link, effect.text);
      case "close":
        return this.#channel.close(effect.link);
      case "notify":
        return this.#take(effect.notice);
    }
  }

  #take(notice: Notice): void {
    if (notice.type === "refused") this.#noteRefusal(notice.peer, notice.rejection.message, notice.count);
    if (notice.type === "join_failed") this.#joinFailure = notice.rejection;
  }

  #noteRefusal(from: PeerId | undefined, message: string, count: number): void {
    const [last] = this.refusals;
    const isAgain = last !== undefined && last.from === from && last.message === message;
    if (isAgain) this.refusals.shift();
    this.refusals.unshift({ at: Date.now(), from, message, count: isAgain ? last.count + count : count });
    this.refusals.length = Math.min(this.refusals.length, REFUSALS_KEPT);
  }

  #scheduleWake(): void {
    window.clearTimeout(this.#wakeTimer);
    const delayMs = Math.max(this.node.wakeAt - Date.now(), 1);
    this.#wakeTimer = window.setTimeout(() => void this.feed({ type: "wake" }), Math.min(delayMs, FRESH_MS));
  }

  #present(card: Card): void {
    if (card.peer_id !== this.card.peer_id && this.cardByPeer.size < CARDS_KEPT)
      this.cardByPeer.set(card.peer_id, card);
    this.#onChange();
  }

  #absent(peer: string): void {
    this.cardByPeer.delete(peer);
    this.#onChange();
  }

  #peerBody(): JsonObject {
    const { address, name, peer_id } = this.card;
    const now = Date.now();
    return {
      name,
      description: "",
      addresses: [address],
      api_access: "full",
      cluster: { id: createId("clu", nobleCrypto, now), minted_by: peer_id, founded: false },
      // There is no TLS between two pages.
      tls_fingerprint: "0".repeat(64),
      agent_version: "0.0.0",
      created_at: rfc3339FromMs(now),
    };
  }
}

/** Where a page is found on the channel, in the form that a peer record has for it. */
function addressOf(name: string): string {
  return `${name}.notes:1`;
}
