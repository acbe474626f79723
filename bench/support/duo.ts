import { type ClusterNode, createClusterNode, type Identity, type Input, type SignedRecord } from "@arctic/core";
import { admission, crypto, identities, license, NOW, roots } from "./fixtures.ts";

const LINK = "link";
type Side = "a" | "b";

/** What one node said to the other. */
export interface Said {
  readonly from: Side;
  readonly type: string;
  readonly length: number;
}

/** Two linked nodes that admitted each other, on a wire without delay, loss or end; `owners` are members too. */
export class Duo {
  readonly a: ClusterNode;
  readonly b: ClusterNode;
  readonly said: Said[] = [];

  constructor(atA: readonly SignedRecord[], atB: readonly SignedRecord[], owners: readonly Identity[]) {
    const [a, b] = identities(2);
    if (a === undefined || b === undefined) throw new Error("two identities were made");
    const admissions = [admission(a, b), admission(b, a), ...owners.map((owner) => admission(a, owner))];
    this.a = createNode(a, [...admissions, ...atA]);
    this.b = createNode(b, [...admissions, ...atB]);
    this.#link();
  }

  /** Hands a frame to b as if a had sent it; nobody hears what b answers. */
  receive(text: string): void {
    this.b.handle({ type: "received", link: LINK, text }, NOW);
  }

  /** Feeds an input to one side, and to both what follows. */
  deliver(side: Side, input: Input, now = NOW): void {
    const queue = [{ side, input }];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const from = next.side;
      for (const effect of this[from].handle(next.input, now).effects) {
        if (effect.type !== "send" || effect.link !== LINK) continue;
        const { type } = JSON.parse(effect.text) as { type: string };
        this.said.push({ from, type, length: effect.text.length });
        queue.push({ side: from === "a" ? "b" : "a", input: { type: "received", link: LINK, text: effect.text } });
      }
    }
  }

  #link(): void {
    const { effects } = this.a.handle({ type: "join", address: "b.example:8080", hosts: [] }, NOW);
    const dial = effects.find((effect) => effect.type === "dial");
    if (dial === undefined) throw new Error("a does not dial");
    const opened = { type: "opened" as const, link: LINK, binding: new Uint8Array(32) };
    this.b.handle({ ...opened, direction: "in", remoteHost: "a" }, NOW);
    this.deliver("a", { ...opened, direction: "out", dial: dial.dial, address: dial.address });
  }
}

export function createNode(identity: Identity, records: readonly SignedRecord[]): ClusterNode {
  return createClusterNode({
    crypto,
    identity,
    roots,
    license,
    bootId: "bench",
    stored: { records, book: [], flags: {} },
    heartbeatEveryMs: 60_000,
    startedAt: NOW,
  });
}
