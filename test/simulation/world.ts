import { createHash } from "node:crypto";
import {
  createId,
  createIdentity,
  type Effect,
  type Input,
  issueLicense,
  type Notice,
  rfc3339FromMs,
} from "@arctic/core";
import { createFakeCrypto } from "./fake-crypto.ts";
import { arrivalsOf, CALM, type FaultCounts, type FaultPlan, noFaults } from "./faults.ts";
import { createRandom, type Random } from "./random.ts";
import { Schedule } from "./schedule.ts";
import { type Authority, SimPeer } from "./sim-peer.ts";

interface Wire {
  readonly ends: readonly [End, End];
  isOpen: boolean;
}
interface End {
  readonly peer: SimPeer;
  readonly boot: number;
  readonly link: string;
  /** Frames of one link stay in order unless the plan says otherwise; this is when the last one arrives. */
  arrivedAt: number;
}

export type Watch = (peer: SimPeer, input: Input, effects: readonly Effect[], now: number) => void;

const START_AT = Date.UTC(2026, 0, 1);

/** Peers, the wires between them and the clock. Runs the same core as the agent, without a thread, a socket or a disk. */
export class World {
  readonly schedule = new Schedule(START_AT);
  readonly peers: SimPeer[] = [];
  readonly counts: FaultCounts = noFaults();
  readonly random: Random;
  readonly notices: { readonly at: number; readonly peer: SimPeer; readonly notice: Notice }[] = [];
  frames = 0;
  bytes = 0;
  plan: FaultPlan = CALM;
  /** Pairs of peers between which nothing passes, as "a-b" by index. */
  readonly cuts = new Set<string>();
  /** "a>b" by index: nothing that a says reaches b. */
  readonly oneWayCuts = new Set<string>();
  /** Members that do as they please. */
  readonly hostile = new Set<SimPeer>();
  /** Peers that an operator revoked: they may not know it, and nobody asks them. */
  readonly ended = new Set<SimPeer>();
  readonly authority: Authority;
  readonly #wireByLink = new Map<string, Wire>();
  readonly #wakes = new Map<SimPeer, number>();
  readonly #watches: Watch[] = [];
  #linkCount = 0;

  constructor(seed: number, maxNodes = 100_000) {
    this.random = createRandom(seed);
    this.authority = createAuthority(this.random.fork(), maxNodes);
  }

  get now(): number {
    return this.schedule.now;
  }

  /** Who is up and takes part. */
  members(): SimPeer[] {
    return this.peers.filter((peer) => peer.isUp && !this.ended.has(peer) && !peer.node.cluster.hasLeft);
  }

  watch(watch: Watch): void {
    this.#watches.push(watch);
  }

  /** A bootstrapped peer that is alone. */
  addPeer(): SimPeer {
    const peer = new SimPeer(this.peers.length, createFakeCrypto(this.random.fork()), this.authority, this.now);
    this.peers.push(peer);
    this.feed(peer, peer.bootstrapInput(this.now));
    return peer;
  }

  /** An operator's `peers add` on one peer. */
  join(at: SimPeer, newcomer: SimPeer): void {
    this.feed(at, { type: "join", address: newcomer.address, hosts: [newcomer.address.split(":")[0] ?? ""] });
  }

  feed(peer: SimPeer, input: Input): void {
    if (!peer.isUp) return;
    const effects = peer.handle(input, this.now);
    if (effects === "refused") {
      // The host falls silent, and makes its node anew from its disk once that takes writes again.
      this.restart(peer, 500);
      return;
    }
    for (const watch of this.#watches) watch(peer, input, effects, this.now);
    for (const effect of effects) this.#perform(peer, effect);
    this.#planWake(peer);
  }

  runFor(durationMs: number, budget = 50_000_000): void {
    const until = this.now + durationMs;
    let steps = 0;
    while (this.schedule.step(until)) {
      steps += 1;
      if (steps > budget) throw new Error(`the run took more than ${budget} events: a flood`);
    }
  }

  /** Runs until the condition holds, looking every 100 ms; answers after how long, or undefined where it never did. */
  runUntil(condition: () => boolean, atMostMs: number): number | undefined {
    const from = this.now;
    while (!condition()) {
      if (this.now >= from + atMostMs) return undefined;
      this.runFor(100);
    }
    return this.now - from;
  }

  /** Like `kill -9` and a start: links end without a word, the disk stays. */
  restart(peer: SimPeer, downMs: number): void {
    if (!peer.isUp) return;
    peer.isUp = false;
    for (const [link, wire] of [...this.#wireByLink])
      if (wire.ends.some((end) => end.peer === peer && end.link === link)) this.#cutWire(wire);
    const start = () => {
      if (peer.isDiskFull) {
        this.schedule.at(this.now + 500, start);
        return;
      }
      peer.restart(this.now);
      this.#planWake(peer);
    };
    this.schedule.at(this.now + downMs, start);
  }

  setClock(peer: SimPeer, skewMs: number): void {
    peer.skewMs = skewMs;
    this.feed(peer, { type: "wake" });
  }

  cutPair(a: SimPeer, b: SimPeer, durationMs: number): void {
    const pair = pairOf(a, b);
    this.cuts.add(pair);
    this.schedule.at(this.now + durationMs, () => this.cuts.delete(pair));
  }

  /** Puts a frame on a link as if its owner's node had sent it. */
  inject(link: string, text: string): void {
    this.#send(link, text);
  }

  /** The two ends of a link, while it is open. */
  endsOf(link: string): readonly SimPeer[] {
    return this.#wireByLink.get(link)?.ends.map(({ peer }) => peer) ?? [];
  }

  #perform(peer: SimPeer, effect: Effect): void {
    switch (effect.type) {
      case "persist":
        return;
      case "notify":
        this.notices.push({ at: this.now, peer, notice: effect.notice });
        if (this.notices.length > 100_000) this.notices.splice(0, 50_000);
        return;
      case "dial":
        this.#dial(peer, effect);
        return;
      case "send":
        this.#send(effect.link, effect.text);
        return;
      case "close":
        this.#close(effect.link);
        return;
    }
  }

  #dial(from: SimPeer, effect: Extract<Effect, { type: "dial" }>): void {
    const to = this.peers.find((peer) => peer.address === effect.address);
    const { boots } = from;
    this.schedule.at(this.now + 2 * this.#delayMs(), () => {
      if (from.boots !== boots || !from.isUp) return;
      if (to === undefined || !to.isUp || this.cuts.has(pairOf(from, to))) {
        this.schedule.at(this.now + 1000, () => {
          if (from.boots === boots) this.feed(from, { type: "dial_failed", dial: effect.dial, reason: "no answer" });
        });
        return;
      }
      this.#linkCount += 1;
      const ends: [End, End] = [
        { peer: from, boot: from.boots, link: `${this.#linkCount}o`, arrivedAt: this.now },
        { peer: to, boot: to.boots, link: `${this.#linkCount}i`, arrivedAt: this.now },
      ];
      const wire: Wire = { ends, isOpen: true };
      this.#wireByLink.set(ends[0].link, wire);
      this.#wireByLink.set(ends[1].link, wire);
      const binding = new Uint8Array(createHash("sha256").update(`binding ${this.#linkCount}`).digest());
      const { voucher } = effect;
      this.feed(to, {
        type: "opened",
        link: ends[1].link,
        direction: "in",
        binding,
        remoteHost: hostOf(from),
        ...(voucher === undefined ? {} : { voucher }),
      });
      this.feed(from, {
        type: "opened",
        link: ends[0].link,
        direction: "out",
        binding,
        dial: effect.dial,
        address: effect.address,
      });
    });
  }

  #send(link: string, text: string): void {
    const wire = this.#wireByLink.get(link);
    if (wire === undefined || !wire.isOpen) return;
    const to = wire.ends[0].link === link ? wire.ends[1] : wire.ends[0];
    this.frames += 1;
    this.bytes += text.length;
    const from = to === wire.ends[0] ? wire.ends[1] : wire.ends[0];
    if (this.cuts.has(pairOf(from.peer, to.peer)) || this.oneWayCuts.has(`${from.peer.index}>${to.peer.index}`)) return;
    for (const delayMs of arrivalsOf(this.plan, this.random, this.counts)) {
      const isLate = delayMs > this.plan.delayMs.to;
      const at = isLate ? this.now + delayMs : Math.max(this.now + delayMs, to.arrivedAt);
      if (!isLate) to.arrivedAt = at;
      this.schedule.at(at, () => {
        if (wire.isOpen && to.peer.boots === to.boot) this.feed(to.peer, { type: "received", link: to.link, text });
      });
    }
  }

  /** One end closes: what it sent before still arrives. */
  #close(link: string): void {
    const wire = this.#wireByLink.get(link);
    if (wire === undefined || !wire.isOpen) return;
    const other = wire.ends[0].link === link ? wire.ends[1] : wire.ends[0];
    this.schedule.at(Math.max(this.now + this.#delayMs(), other.arrivedAt), () => this.#cutWire(wire, other));
  }

  #cutWire(wire: Wire, tell?: End): void {
    if (!wire.isOpen) return;
    wire.isOpen = false;
    for (const end of wire.ends) {
      this.#wireByLink.delete(end.link);
      const isTold = tell === undefined || tell === end;
      if (isTold) {
        this.schedule.at(this.now + this.#delayMs(), () => {
          if (end.peer.boots === end.boot) this.feed(end.peer, { type: "closed", link: end.link });
        });
      }
    }
  }

  #planWake(peer: SimPeer): void {
    const at = peer.wakeAt;
    const { boots } = peer;
    if (!Number.isFinite(at) || (this.#wakes.get(peer) ?? Number.POSITIVE_INFINITY) <= at) return;
    this.#wakes.set(peer, at);
    this.schedule.at(at, () => {
      if (this.#wakes.get(peer) === at) this.#wakes.delete(peer);
      if (peer.boots !== boots || !peer.isUp) return;
      if (peer.wakeAt <= this.now) this.feed(peer, { type: "wake" });
      else this.#planWake(peer);
    });
  }

  #delayMs(): number {
    return this.random.between(this.plan.delayMs.from, this.plan.delayMs.to);
  }
}

function hostOf(peer: SimPeer): string {
  return peer.address.split(":")[0] ?? "";
}

function pairOf(a: SimPeer, b: SimPeer): string {
  return a.index < b.index ? `${a.index}-${b.index}` : `${b.index}-${a.index}`;
}

function createAuthority(random: Random, maxNodes: number): Authority {
  const crypto = createFakeCrypto(random);
  const root = createIdentity(crypto, START_AT);
  const keyId = "simulated-root";
  const license = issueLicense(
    crypto,
    { keyId, secretKey: root.secretKey },
    {
      customer_id: createId("cust", crypto, START_AT - 1000),
      license_id: createId("lic", crypto, START_AT - 1000),
      replaces: [],
      issued_at: rfc3339FromMs(START_AT - 1000),
      expires_at: rfc3339FromMs(START_AT + 3650 * 86_400_000),
      max_nodes: maxNodes,
      max_services: 100_000,
      features: [],
    },
  );
  return { license, roots: [{ key_id: keyId, public_key: Buffer.from(root.publicKey).toString("base64url") }] };
}
