import { describe, expect, it } from "vitest";
import { admissionOf, identityOf, NOW, serviceBody, serviceIdOf } from "../support/fixtures.ts";
import { memberLink } from "../support/member-link.ts";
import { RawLink } from "../support/raw-link.ts";
import { TestPeer } from "../support/test-peer.ts";

const alice = identityOf("alice");

describe("two running peers with one identity", () => {
  it("who is told so by a member, with its own boot id beside another one, stops writing and remembers it", () => {
    const { bob, link } = memberLink();
    const boot = link.heard.flatMap((message) => (message.type === "heartbeat" ? [message.boot] : []))[0] ?? "";
    link.say({ type: "duplicate", boots: [boot, "another"] });
    expect(bob.node.cluster.isCloned).toBe(true);
    expect(bob.notices).toContainEqual({ type: "cloned", told: alice.peerId });
    const write = { type: "write" as const, kind: "service", id: serviceIdOf("s"), body: serviceBody(alice.peerId) };
    expect(bob.handle(write, NOW).rejection?.code).toBe("identity_cloned");
    bob.restart(NOW + 1000);
    expect(bob.node.cluster.isCloned).toBe(true);
  });
  it("a word that does not name its own boot id, or no other one, is nothing", () => {
    const { bob, link } = memberLink();
    const boot = link.heard.flatMap((message) => (message.type === "heartbeat" ? [message.boot] : []))[0] ?? "";
    link.say({ type: "duplicate", boots: ["one", "another"] });
    link.say({ type: "duplicate", boots: [boot, boot] });
    expect(bob.node.cluster.isCloned).toBe(false);
  });
  it("a neighbour that hears both tells both", () => {
    const { older, newer } = twoLinks("first", "second");
    older.wake(NOW + 2500);
    expect(older.heard.at(-1)?.type).toBe("ping");
    const { effects } = older.say({ type: "ping", nonce: "still here" });
    const text = JSON.stringify({ type: "duplicate", boots: ["first", "second"] });
    for (const link of [older.id, newer.id]) expect(effects).toContainEqual({ type: "send", link, text });
  });
  it("a restarted peer whose old link is still open, and silent, is no clone", () => {
    const { bob, older, newer } = twoLinks("first", "second");
    older.wake(NOW + 2500);
    newer.say({ type: "ping", nonce: "here" });
    older.wake(NOW + 10_000);
    expect(older.closedWith).toBe("handshake_duplicate");
    expect(newer.heard.some(({ type }) => type === "duplicate")).toBe(false);
    expect(bob.node.peers.get(alice.peerId)?.link).toBe(newer.id);
  });
  it("one process with two links is no clone", () => {
    const { bob, older, newer } = twoLinks("first", "first");
    bob.handle({ type: "wake" }, NOW + 2500);
    older.now = NOW + 2500;
    older.say({ type: "ping", nonce: "still here" });
    expect([...older.heard, ...newer.heard].some(({ type }) => type === "duplicate")).toBe(false);
  });
});

describe("of two links that one side dialled", () => {
  it("the dialler's choice holds, whichever it is: the other one takes its place again", () => {
    for (const closed of ["older", "newer"] as const) {
      const links = twoLinks("first", "first");
      links.bob.handle({ type: "closed", link: links[closed].id }, NOW);
      const kept = closed === "older" ? links.newer : links.older;
      expect(links.bob.node.peers.get(alice.peerId)?.link).toBe(kept.id);
      expect(kept.closedWith).toBeUndefined();
    }
  });
});

/** Two finished links that alice dialled to bob, the older one replaced by the newer, with the boot ids that she says on them. */
function twoLinks(first: string, second: string) {
  const bob = new TestPeer("bob", { records: [admissionOf(identityOf("bob"), alice.peerId)] });
  const [older, newer] = [new RawLink(bob), new RawLink(bob)];
  for (const [link, boot] of [
    [older, first],
    [newer, second],
  ] as const) {
    if (!link.handshake(alice)) throw new Error("a member is let in");
    link.say({ ...beatOf(bob), boot });
  }
  return { bob, older, newer };
}

function beatOf(bob: TestPeer) {
  const { license } = bob.node.cluster;
  return {
    type: "heartbeat" as const,
    seq: 1,
    time: new Date(NOW).toISOString(),
    license_id: license.license_id,
    license_hash: "A".repeat(43),
    license_issued_at: license.issued_at,
    hashes: bob.node.registry.hashes,
    records: [],
  };
}
