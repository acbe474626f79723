import type { Step } from "../../src/node/cluster-node.ts";
import type { Effect } from "../../src/node/effect.ts";
import type { Input, LinkId } from "../../src/node/input.ts";
import type { Millis } from "../../src/time.ts";
import { bytesOf, NOW } from "./fixtures.ts";
import type { TestPeer } from "./test-peer.ts";

interface End {
  readonly peer: TestPeer;
  readonly link: LinkId;
}
interface Delivery {
  readonly to: TestPeer;
  readonly input: Input;
}
/** A frame on its way; the answer of a tap takes its place, `undefined` loses it. */
export interface Frame {
  readonly from: TestPeer;
  readonly to: TestPeer;
  readonly text: string;
}
export type Tap = (frame: Frame) => string | undefined;

const INPUTS_PER_RUN = 50_000;

/**
 * Connects peers in memory: a dial opens a link with one binding on both ends, frames arrive in the order in which
 * they were sent, time stands still until `advance`. What happened is kept as a transcript, one line an event.
 */
export class Network {
  now: Millis = NOW;
  readonly transcript: string[] = [];
  readonly frames: Frame[] = [];
  tap: Tap = (frame) => frame.text;
  readonly #peerByAddress = new Map<string, TestPeer>();
  readonly #otherEndByLink = new Map<LinkId, End>();
  readonly #cuts = new Set<string>();
  #queue: Delivery[] = [];
  #links = 0;

  add(...peers: readonly TestPeer[]): void {
    for (const peer of peers) this.#peerByAddress.set(peer.address, peer);
  }

  /** No new connection between the two, and none that is open survives. */
  cut(a: TestPeer, b: TestPeer): void {
    this.#cuts.add(pairOf(a, b));
    for (const [link, end] of [...this.#otherEndByLink]) {
      const near = [...this.#otherEndByLink.values()].find((candidate) => candidate.link === link)?.peer;
      if (near !== undefined && pairOf(near, end.peer) === pairOf(a, b)) this.#close(near, link);
    }
    this.run();
  }

  mend(a: TestPeer, b: TestPeer): void {
    this.#cuts.delete(pairOf(a, b));
  }

  /** Feeds one input and everything that follows from it at this instant. */
  feed(peer: TestPeer, input: Input): Step {
    const step = this.#handle(peer, input);
    this.run();
    return step;
  }

  join(peer: TestPeer, other: TestPeer, expectKey?: Uint8Array): Step {
    const key = expectKey === undefined ? {} : { expectKey };
    return this.feed(peer, { type: "join", address: other.address, hosts: [hostOf(other)], ...key });
  }

  /** Delivers until nothing is under way. Throws where that does not end. */
  run(): void {
    for (let delivered = 0; ; delivered += 1) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      if (delivered > INPUTS_PER_RUN) throw new Error("the peers do not come to rest");
      this.#handle(next.to, next.input);
    }
  }

  /** Lets time pass, waking every peer when it asked for it. */
  advance(ms: number): void {
    const until = this.now + ms;
    const peers = [...this.#peerByAddress.values()];
    for (let wakes = 0; ; wakes += 1) {
      if (wakes > INPUTS_PER_RUN) throw new Error("the peers wake without end");
      const [next] = peers.toSorted((a, b) => a.node.wakeAt - b.node.wakeAt);
      if (next === undefined || next.node.wakeAt > until) break;
      this.now = Math.max(this.now, next.node.wakeAt);
      this.feed(next, { type: "wake" });
    }
    this.now = until;
  }

  #handle(peer: TestPeer, input: Input): Step {
    const step = peer.handle(input, this.now);
    for (const effect of step.effects) this.#perform(peer, effect);
    return step;
  }

  #perform(peer: TestPeer, effect: Effect): void {
    switch (effect.type) {
      case "persist":
        return;
      case "dial":
        this.#dial(peer, effect);
        return;
      case "send":
        this.#send(peer, effect.link, effect.text);
        return;
      case "close":
        this.transcript.push(`${peer.name} closes: ${effect.rejection.code}`);
        this.#close(peer, effect.link);
        return;
      case "notify":
        this.#note(peer, effect.notice);
        return;
    }
  }

  #dial(peer: TestPeer, effect: Extract<Effect, { type: "dial" }>): void {
    const other = this.#peerByAddress.get(effect.address);
    this.transcript.push(
      `${peer.name} dials ${effect.address}${effect.voucher === undefined ? "" : " with a voucher"}`,
    );
    if (other === undefined || this.#cuts.has(pairOf(peer, other))) {
      this.#queue.push({ to: peer, input: { type: "dial_failed", dial: effect.dial, reason: "no answer" } });
      return;
    }
    this.#links += 1;
    const binding = bytesOf(`binding ${this.#links}`);
    const near = { peer, link: `${this.#links}-out` };
    const far = { peer: other, link: `${this.#links}-in` };
    this.#otherEndByLink.set(near.link, far);
    this.#otherEndByLink.set(far.link, near);
    const voucher = effect.voucher === undefined ? {} : { voucher: effect.voucher };
    this.#queue.push({
      to: other,
      input: { type: "opened", direction: "in", link: far.link, binding, remoteHost: hostOf(peer), ...voucher },
    });
    const { dial, address } = effect;
    this.#queue.push({
      to: peer,
      input: { type: "opened", direction: "out", link: near.link, binding, dial, address },
    });
  }

  #send(from: TestPeer, link: LinkId, text: string): void {
    const far = this.#otherEndByLink.get(link);
    if (far === undefined) return;
    this.transcript.push(`${from.name} → ${far.peer.name} ${summaryOf(text)}`);
    const frame = { from, to: far.peer, text };
    this.frames.push(frame);
    const passed = this.tap(frame);
    if (passed !== undefined)
      this.#queue.push({ to: far.peer, input: { type: "received", link: far.link, text: passed } });
  }

  #close(from: TestPeer, link: LinkId): void {
    const far = this.#otherEndByLink.get(link);
    this.#otherEndByLink.delete(link);
    if (far === undefined) return;
    this.#otherEndByLink.delete(far.link);
    if (this.#cuts.has(pairOf(from, far.peer))) this.#queue.push({ to: from, input: { type: "closed", link } });
    this.#queue.push({ to: far.peer, input: { type: "closed", link: far.link } });
  }

  #note(peer: TestPeer, notice: Extract<Effect, { type: "notify" }>["notice"]): void {
    if (notice.type === "peer_linked")
      this.transcript.push(
        `${peer.name} is linked with ${this.#nameOf(notice.peer)}${notice.isFirstContact ? ", a first contact" : ""}`,
      );
    if (notice.type === "join_failed") this.transcript.push(`${peer.name} join failed: ${notice.rejection.code}`);
    if (notice.type === "peer_ended")
      this.transcript.push(`${peer.name} sees ${this.#nameOf(notice.peer)} ${notice.how}`);
    if (notice.type === "license_changed") this.transcript.push(`${peer.name} adopts ${notice.license.license_id}`);
    if (notice.type === "refused")
      this.transcript.push(`${peer.name} refuses ${notice.count}: ${notice.rejection.code}`);
  }

  #nameOf(id: string): string {
    return [...this.#peerByAddress.values()].find((peer) => peer.id === id)?.name ?? id;
  }
}

export function hostOf(peer: TestPeer): string {
  return `host of ${peer.name}`;
}

function pairOf(a: TestPeer, b: TestPeer): string {
  return [a.name, b.name].sort().join(" ");
}

/** The message in a word, with what of it the transcripts speak about. */
function summaryOf(text: string): string {
  const message = JSON.parse(text) as {
    type: string;
    records?: { kind: string }[];
    license?: unknown;
    group?: string;
    code?: string;
  };
  const kinds = message.records?.map(({ kind }) => kind).join(" ");
  const details = [
    message.code,
    message.license === undefined ? undefined : "with its license",
    message.group,
    kinds === undefined || kinds === "" ? undefined : `[${kinds}]`,
  ].filter((detail) => detail !== undefined);
  return [message.type, ...details].join(" ");
}
