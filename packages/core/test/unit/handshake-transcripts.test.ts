import { describe, expect, it } from "vitest";
import type { Effect } from "../../src/node/effect.ts";
import { customerIdOf, licenseOf, NOW } from "../support/fixtures.ts";
import { type Frame, Network } from "../support/network.ts";
import { TestPeer, type TestPeerOptions } from "../support/test-peer.ts";

const MINUTE_MS = 60_000;

function world(...peers: readonly (readonly [string, TestPeerOptions?])[]) {
  const network = new Network();
  const made = peers.map(([name, options]) => new TestPeer(name, options));
  network.add(...made);
  for (const peer of made) peer.bootstrap();
  return { network, peers: made };
}

/** The two peers of a pair. */
function two(a: TestPeerOptions = {}, b: TestPeerOptions = {}) {
  const { network, peers } = world(["ann", a], ["bob", b]);
  const [ann, bob] = peers as [TestPeer, TestPeer];
  return { network, ann, bob };
}

const isLinked = (a: TestPeer, b: TestPeer) => a.node.peers.get(b.id)?.reachability === "connected";
const isMember = (a: TestPeer, b: TestPeer) => a.node.peers.isMember(b.id);
const sentBy = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === "send" ? [effect.text] : []))[0] ?? "";
const framesOf = (network: Network, type: string): Frame[] =>
  network.frames.filter(({ text }) => JSON.parse(text).type === type);

describe("a first contact", () => {
  it("with a fresh peer takes three messages, then both write an admission and show all they hold", () => {
    const { network, ann, bob } = two();
    network.join(ann, bob);
    expect(network.transcript.slice(0, 10)).toEqual([
      "ann dials bob.example:8080",
      "ann → bob hello",
      "bob → ann welcome",
      "ann → bob proof",
      "ann is linked with bob, a first contact",
      "ann → bob voucher",
      "ann → bob heartbeat [admission peer]",
      "ann → bob push [admission]",
      "bob is linked with ann, a first contact",
      "bob → ann voucher",
    ]);
    expect(isMember(ann, bob) && isMember(bob, ann)).toBe(true);
    expect(ann.node.registry.hashes).toEqual(bob.node.registry.hashes);
    expect(ann.node.cluster.id).toBe(bob.node.cluster.id);
  });

  it("is refused by an established peer, and the answer does not say why", () => {
    const { network, ann, bob } = two({}, { door: "shut" });
    network.join(ann, bob);
    expect(network.transcript).toEqual([
      "ann dials bob.example:8080",
      "ann → bob hello",
      "bob → ann refusal handshake_refused",
      "bob closes: peer_not_accepted",
      "ann closes: handshake_refused",
      "ann join failed: handshake_refused",
    ]);
    expect(bob.node.peers.list()).toEqual([]);
  });

  it("by another customer gets the very answer that a stranger gets, before anything is signed", () => {
    const foreign = licenseOf({ customer_id: customerIdOf("somebody else") });
    const { network, ann, bob } = two({ license: foreign });
    network.join(ann, bob);
    const stranger = two({}, { door: "shut" });
    stranger.network.join(stranger.ann, stranger.bob);
    expect(framesOf(network, "refusal").map(({ text }) => text)).toEqual(
      framesOf(stranger.network, "refusal").map(({ text }) => text),
    );
    expect(framesOf(network, "welcome")).toEqual([]);
  });

  it("by the accepted key alone is what a fresh peer with an accept_key allows", () => {
    const key = new TestPeer("ann").identity.publicKey;
    const right = two({}, { door: { acceptKey: key } });
    right.network.join(right.ann, right.bob);
    expect(isMember(right.bob, right.ann)).toBe(true);
    const { network, peers } = world(["eve"], ["bob", { door: { acceptKey: key } }]);
    const [eve, bob] = peers as [TestPeer, TestPeer];
    network.join(eve, bob);
    expect(isMember(bob, eve)).toBe(false);
  });

  it("is over after the fresh hour", () => {
    const { network, ann, bob } = two();
    network.advance(61 * MINUTE_MS);
    network.join(ann, bob);
    expect(isMember(bob, ann)).toBe(false);
  });

  it("with another key than the expected one fails before the proof", () => {
    const { network, ann, bob } = two();
    network.join(ann, bob, new TestPeer("eve").identity.publicKey);
    expect(network.transcript.at(-1)).toBe("ann join failed: handshake_key_unexpected");
    expect(framesOf(network, "proof")).toEqual([]);
  });

  it("between two established peers takes an add on each side", () => {
    const { network, ann, bob } = two({ door: "shut" }, { door: "shut" });
    network.join(ann, bob);
    expect(isMember(ann, bob)).toBe(false);
    network.join(bob, ann);
    expect(isMember(ann, bob) && isMember(bob, ann)).toBe(true);
  });
});

describe("what is replayed, reflected or spliced", () => {
  /** Feeds a frame that was recorded elsewhere as the first frame of a new link at a peer. */
  const openTo = (network: Network, peer: TestPeer, link: string) =>
    network.feed(peer, {
      type: "opened",
      direction: "in",
      link,
      binding: new Uint8Array(32).fill(9),
      remoteHost: "host of nobody",
    });

  it("a proof that was recorded on one link is worth nothing on another", () => {
    const { network, ann, bob } = two();
    network.join(ann, bob);
    const [hello, proof] = [framesOf(network, "hello")[0], framesOf(network, "proof")[0]];
    openTo(network, bob, "replay");
    network.feed(bob, { type: "received", link: "replay", text: hello?.text ?? "" });
    const step = network.feed(bob, { type: "received", link: "replay", text: proof?.text ?? "" });
    expect(step.rejection?.code).toBe("handshake_signature_invalid");
    expect(bob.node.peers.get(ann.id)?.link).toBe("1-in");
  });

  it("a peer's own hello sent back to it is refused", () => {
    const { network, ann, bob } = two();
    network.join(ann, bob);
    const own = framesOf(network, "hello")[0];
    openTo(network, ann, "mirror");
    expect(network.feed(ann, { type: "received", link: "mirror", text: own?.text ?? "" }).rejection?.code).toBe(
      "handshake_self",
    );
  });

  it("a man in the middle who passes the handshake on between two channels ends with nothing", () => {
    const { ann, bob } = two();
    // The relayer ends both channels itself, so their bindings differ while every byte is passed on.
    const step = ann.handle({ type: "join", address: bob.address, hosts: [] }, NOW);
    const dial = step.effects.find((effect) => effect.type === "dial");
    if (dial === undefined) throw new Error("a join dials");
    const binding = (byte: number) => new Uint8Array(32).fill(byte);
    bob.handle({ type: "opened", direction: "in", link: "bob", binding: binding(1), remoteHost: "relayer" }, NOW);
    const opened = ann.handle(
      { type: "opened", direction: "out", link: "ann", binding: binding(2), dial: dial.dial, address: bob.address },
      NOW,
    );
    const welcome = bob.handle({ type: "received", link: "bob", text: sentBy(opened.effects) }, NOW);
    const end = ann.handle({ type: "received", link: "ann", text: sentBy(welcome.effects) }, NOW);
    expect(end.rejection?.code).toBe("handshake_signature_invalid");
    expect(isMember(ann, bob) || isMember(bob, ann)).toBe(false);
  });

  it("a frame that was changed on its way breaks the handshake", () => {
    const { network, ann, bob } = two();
    network.tap = ({ text }) =>
      text.replace(/"challenge":"(.)/, (_, first: string) => `"challenge":"${first === "A" ? "B" : "A"}`);
    network.join(ann, bob);
    expect(isMember(ann, bob) || isMember(bob, ann)).toBe(false);
  });

  it("an unfinished handshake ends after thirty seconds, and a late proof is not taken", () => {
    const { network, ann, bob } = two();
    const held: Frame[] = [];
    network.tap = (frame) => {
      const isProof = JSON.parse(frame.text).type === "proof";
      if (!isProof && held.length === 0) return frame.text;
      if (isProof) held.push(frame);
      return undefined;
    };
    network.join(ann, bob);
    network.now += 31_000;
    const step = network.feed(bob, { type: "received", link: "1-in", text: held[0]?.text ?? "" });
    expect(step.rejection?.code).toBe("handshake_expired");
    expect(isMember(bob, ann)).toBe(false);
  });
});

describe("members", () => {
  function three() {
    const { network, peers } = world(["ann"], ["bob"], ["cem"]);
    const [ann, bob, cem] = peers as [TestPeer, TestPeer, TestPeer];
    network.join(ann, bob);
    network.join(ann, cem);
    network.advance(10_000);
    return { network, ann, bob, cem };
  }

  it("find each other by what a third told them, without an operator", () => {
    const { ann, bob, cem } = three();
    expect(isLinked(bob, cem) && isLinked(cem, bob) && isLinked(ann, bob)).toBe(true);
    expect(bob.node.registry.hashes).toEqual(cem.node.registry.hashes);
  });

  it("keep the door shut to strangers from then on", () => {
    const { network, bob } = three();
    const eve = new TestPeer("eve");
    network.add(eve);
    eve.bootstrap();
    network.join(eve, bob);
    expect(isMember(bob, eve)).toBe(false);
  });

  it("that are revoked are cut off everywhere and refused for ever", () => {
    const { network, ann, bob, cem } = three();
    const body = { reason: "lost", revoked_at: new Date(network.now).toISOString() };
    network.feed(ann, { type: "write", kind: "revocation", id: cem.id, body });
    network.advance(1000);
    expect(isLinked(bob, cem)).toBe(false);
    expect(bob.node.peers.get(cem.id)?.standing).toBe("revoked");
    cem.restart(network.now);
    network.advance(20 * MINUTE_MS);
    expect(isLinked(ann, cem) || isLinked(bob, cem)).toBe(false);
    expect(bob.node.registry.get("peer", cem.id, cem.id)).toBeUndefined();
  });

  it("that leave end what they owned, for good", () => {
    const { network, ann, bob, cem } = three();
    network.feed(cem, { type: "leave" });
    network.advance(1000);
    for (const peer of [ann, bob]) expect(peer.node.peers.get(cem.id)?.standing).toBe("left");
    expect(network.feed(cem, { type: "sync" }).effects).toEqual([]);
    expect(network.feed(cem, { type: "leave" }).rejection).toBeDefined();
  });
});

describe("a node", () => {
  it("gives the same steps, byte for byte, for the same options and inputs", () => {
    const run = () => {
      const { network, ann, bob } = two();
      network.join(ann, bob);
      network.advance(5 * MINUTE_MS);
      return JSON.stringify([ann.steps, bob.steps].map((steps) => steps.map(({ effects }) => effects)));
    };
    expect(run()).toBe(run());
  });

  it("writes above every version it wrote before a restart, and answers with the record", () => {
    const { network, ann } = two();
    const first = ann.node.registry.get("peer", ann.id, ann.id)?.version ?? 0;
    ann.restart(NOW);
    const body = {
      ...((ann.node.registry.get("peer", ann.id, ann.id) as { body: object }).body as object),
      name: "anna",
    };
    const step = network.feed(ann, { type: "write", kind: "peer", id: ann.id, body: body as never });
    expect(step.record?.version).toBeGreaterThan(first);
  });

  it("persists before it speaks", () => {
    const { network, ann, bob } = two();
    network.join(ann, bob);
    for (const { effects } of [...ann.steps, ...bob.steps]) {
      const at = effects.findIndex(({ type }) => type === "persist");
      if (at > 0) expect(effects.slice(0, at).map(({ type }) => type)).toEqual([]);
    }
  });

  it("refuses to be made with a license that no root signed", () => {
    const license = { ...licenseOf(), max_nodes: 1_000_000 };
    expect(() => new TestPeer("ann", { license })).toThrow(/cannot be verified/);
  });
});
