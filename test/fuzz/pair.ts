import { type ClusterNode, createClusterNode, type Step } from "@arctic/core";
import { createFakeCrypto } from "../simulation/fake-crypto.ts";
import { createRandom } from "../simulation/random.ts";
import type { SimPeer } from "../simulation/sim-peer.ts";
import type { Corpus } from "./corpus.ts";

/** A node under attack, and a member whose authenticated link the attacker speaks on. */
export class Pair {
  readonly target: ClusterNode;
  readonly #member: ClusterNode;
  readonly #address: string;
  #now: number;
  #link: string | undefined;
  #links = 0;

  constructor(corpus: Corpus) {
    const [target, , , member] = corpus.peers;
    if (target === undefined || member === undefined) throw new Error("the corpus has four peers");
    this.#now = corpus.world.now;
    this.#address = target.address;
    this.target = nodeOf(corpus, target, this.#now);
    this.#member = nodeOf(corpus, member, this.#now);
  }

  /** Says something as the member, on a live link; a link that it ended is replaced before. */
  sayAsMember(text: string): Step {
    this.#link ??= this.#connect();
    return this.#say(this.#link, text);
  }

  /** Says things as a stranger on a link of its own, the last one of which counts. */
  sayAsStranger(texts: readonly string[]): Step | undefined {
    this.#links += 1;
    const link = `stranger ${this.#links}`;
    const binding = new Uint8Array(32);
    this.target.handle({ type: "opened", link, direction: "in", binding, remoteHost: "somewhere" }, this.#now);
    let step: Step | undefined;
    for (const text of texts) step = this.#say(link, text);
    this.target.handle({ type: "closed", link }, this.#now);
    return step;
  }

  #say(link: string, text: string): Step {
    this.#now += 1;
    const step = this.target.handle({ type: "received", link, text }, this.#now);
    if (step.effects.some((effect) => effect.type === "close" && effect.link === this.#link)) {
      this.#member.handle({ type: "closed", link: this.#link ?? "" }, this.#now);
      this.#link = undefined;
    }
    return step;
  }

  #connect(): string {
    this.#links += 1;
    // Past every back-off, so that the member dials at once.
    this.#now += 100;
    const link = `link ${this.#links}`;
    const { effects } = this.#member.handle({ type: "join", address: this.#address, hosts: [] }, this.#now);
    const dial = effects.find((effect) => effect.type === "dial" && effect.address === this.#address);
    if (dial?.type !== "dial") throw new Error("the member does not dial");
    const opened = { type: "opened" as const, link, binding: new Uint8Array(32) };
    this.target.handle({ ...opened, direction: "in", remoteHost: "member" }, this.#now);
    this.#pump(
      link,
      this.#member.handle({ ...opened, direction: "out", dial: dial.dial, address: dial.address }, this.#now),
    );
    return link;
  }

  /** Carries what both say until both are silent. */
  #pump(link: string, first: Step): void {
    let [from, steps] = [this.#member, [first]];
    for (let turns = 0; turns < 40 && steps.length > 0; turns += 1) {
      const to = from === this.#member ? this.target : this.#member;
      const texts = steps.flatMap(({ effects }) =>
        effects.flatMap((effect) => (effect.type === "send" && effect.link === link ? [effect.text] : [])),
      );
      steps = texts.map((text) => to.handle({ type: "received", link, text }, this.#now));
      from = to;
    }
  }
}

function nodeOf(corpus: Corpus, peer: SimPeer, now: number): ClusterNode {
  const { roots, license } = corpus.world.authority;
  return createClusterNode({
    crypto: createFakeCrypto(createRandom(peer.index)),
    identity: peer.identity,
    roots,
    license,
    bootId: `fuzz ${peer.index}`,
    stored: { records: [...peer.stored.values()], book: [], flags: {} },
    heartbeatEveryMs: 60_000,
    startedAt: now,
  });
}
