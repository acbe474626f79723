import { describe, expect, it } from "vitest";
import type { SignedRecord } from "../../src/registry/record.ts";
import { rfc3339FromMs, SECOND_MS } from "../../src/time.ts";
import { admissionOf, identityOf, NOW, recordOf } from "../support/fixtures.ts";
import { memberLink } from "../support/member-link.ts";
import { Network } from "../support/network.ts";
import { RawLink } from "../support/raw-link.ts";
import { TestPeer } from "../support/test-peer.ts";

const [alice, bob] = [identityOf("alice"), identityOf("bob")];
const notes = (owner: typeof alice, count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => recordOf(owner, "app.note", `${from + index}`, { body: { text: "x" } }));

/** alice and bob, members of each other, linked, with what each holds besides. */
function pairOf(atAlice: readonly SignedRecord[], atBob: readonly SignedRecord[]) {
  const both = [admissionOf(alice, bob.peerId), admissionOf(bob, alice.peerId)];
  const network = new Network();
  const a = new TestPeer("alice", { records: [...both, ...atAlice], door: "shut" });
  const b = new TestPeer("bob", { records: [...both, ...atBob], door: "shut" });
  network.add(a, b);
  network.join(a, b);
  return { network, a, b };
}
const typesOf = (network: Network) => network.frames.map(({ text }) => (JSON.parse(text) as { type: string }).type);

describe("two registries that differ", () => {
  it("in one record of two hundred: a heartbeat, a sketch, the record", () => {
    const held = notes(alice, 200);
    const { network, a, b } = pairOf(held, held.slice(1));
    expect(b.node.registry.hashes).toEqual(a.node.registry.hashes);
    const kinds = typesOf(network).filter((type) => ["sketch", "want", "buckets", "push"].includes(type));
    expect(kinds).toContain("sketch");
    expect(kinds).not.toContain("buckets");
    const extra = network.frames
      .filter(({ text }) => /^\{"type":"(sketch|push|want)"/.test(text))
      .reduce((sum, { text }) => sum + text.length, 0);
    expect(extra).toBeLessThan(2 * (600 + JSON.stringify(held[0]).length));
  });
  it("in a few records on both sides, in both directions", () => {
    const common = notes(alice, 50);
    const { a, b } = pairOf([...common, ...notes(bob, 3)], [...common, ...notes(alice, 4, 100)]);
    expect(b.node.registry.hashes).toEqual(a.node.registry.hashes);
    expect(a.node.registry.size).toBe(2 + 50 + 3 + 4);
  });
  it("in more than a sketch can tell, by the marks of the buckets", () => {
    const { network, a, b } = pairOf(notes(alice, 150), notes(bob, 120));
    expect(b.node.registry.hashes).toEqual(a.node.registry.hashes);
    expect(typesOf(network)).toContain("buckets");
  });
});

describe("who is behind all its neighbours", () => {
  it("asks one of them at a time for what it misses, and has the others compare again soon", () => {
    const others = Array.from({ length: 6 }, (_, index) => identityOf(`other ${index}`));
    const { bob } = memberLink({ others });
    const links = others.map((other) => {
      const link = new RawLink(bob);
      if (!link.handshake(other)) throw new Error("a member is let in");
      return link;
    });
    const hashes = { ...bob.node.registry.hashes, others: "A".repeat(43) };
    const beat = (seq: number) => {
      for (const link of links)
        link.say({ type: "heartbeat", boot: "one", seq, time: rfc3339FromMs(link.now), hashes, records: [] });
    };
    const sketches = () => links.map((link) => link.heard.filter(({ type }) => type === "sketch").length);
    beat(1);
    expect(sketches()).toEqual([1, 0, 0, 0, 0, 0]);
    const toCompare: string[] = [];
    for (let at = NOW; at <= NOW + 2 * SECOND_MS; at += 100)
      for (const effect of bob.handle({ type: "wake" }, at).effects)
        if (effect.type === "send" && effect.text.startsWith('{"type":"heartbeat"')) toCompare.push(effect.link);
    expect(toCompare.sort()).toEqual(links.slice(1).map(({ id }) => id));
    for (const link of links) link.now = NOW + 2 * SECOND_MS;
    beat(2);
    expect(sketches().reduce((sum, count) => sum + count)).toBe(2);
  });
});

describe("marks of buckets that come again and again", () => {
  it("are answered once a second", () => {
    const { link } = memberLink({ records: notes(alice, 20) });
    const marks = { type: "buckets", group: "others", marks: new Array(256).fill("A".repeat(11)), is_answer: true };
    const before = link.heard.length;
    for (let count = 0; count < 10; count += 1) link.say(marks as never);
    expect(link.heard.slice(before).filter((message) => message.type === "push")).toHaveLength(1);
  });
});
