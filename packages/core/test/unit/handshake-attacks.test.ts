import { describe, expect, it } from "vitest";
import { add, decode, encode, torsion } from "../../../../test/conformance/support/edwards.ts";
import { peerIdFromKey } from "../../src/identity/id.ts";
import * as LIMITS from "../../src/limits.ts";
import { SECOND_MS } from "../../src/time.ts";
import { checkGreeting, type Greeting, transcriptHash } from "../../src/trust/handshake.ts";
import {
  bytesOf,
  crypto,
  customerIdOf,
  hexFromBytes,
  identityOf,
  licenseIdOf,
  licenseOf,
  NOW,
} from "../support/fixtures.ts";
import type { Network } from "../support/network.ts";
import { greetingOf, RawLink, signed } from "../support/raw-link.ts";
import { clusterOf, worldOf } from "../support/world.ts";

/** What happened so far without the pings, and forgets it. */
function happened(network: Network): string[] {
  return network.transcript.splice(0).filter((line) => !/ (ping|pong)$/.test(line));
}

describe("the handshake under attack", () => {
  const mallory = identityOf("mallory");
  const member = () => clusterOf({ alice: {}, bob: {} });

  it("a recorded hello and proof are worth nothing on another connection to the same peer", () => {
    const { network, alice, bob } = worldOf({ alice: {}, bob: {} });
    network.join(alice, bob);
    const said = network.frames.filter(({ from }) => from === alice).map(({ text }) => text);
    const replay = new RawLink(bob, { now: network.now });
    replay.sayText(said[0] ?? "");
    expect(replay.last("welcome")).toBeDefined();
    replay.sayText(said[1] ?? "");
    expect(replay.closedWith).toBe("handshake_signature_invalid");
  });

  it("a recorded proof is worth nothing on a connection with the same binding either: the challenge is another one", () => {
    const { network, alice, bob } = worldOf({ alice: {}, bob: {} });
    network.join(alice, bob);
    const said = network.frames.filter(({ from }) => from === alice).map(({ text }) => text);
    const replay = new RawLink(bob, { now: network.now, binding: bytesOf("binding 1") });
    replay.sayText(said[0] ?? "");
    expect(replay.last("welcome")).toBeDefined();
    replay.sayText(said[1] ?? "");
    expect(replay.closedWith).toBe("handshake_signature_invalid");
  });

  it("a signature covers every part of both greetings that may differ, and the connection", () => {
    const initiator = greetingOf(mallory, licenseOf(), "one");
    const responder = greetingOf(identityOf("bob"), licenseOf(), "two");
    const other = greetingOf(identityOf("other"), licenseOf({ license_id: licenseIdOf("other") }), "three");
    const hashOf = (a: Greeting, b: Greeting, binding = "a connection") =>
      hexFromBytes(transcriptHash(crypto, a, b, bytesOf(binding)));
    const parts = ["challenge", "peer_id", "public_key", "license_id", "license_hash"] as const;
    const spoken = { ...initiator, protocol: 2 };
    const hashes = [
      hashOf(initiator, responder),
      hashOf(responder, initiator),
      hashOf(initiator, responder, "another connection"),
      hashOf(spoken, responder),
      hashOf({ ...initiator, customer_id: customerIdOf("other") }, responder),
      ...parts.flatMap((part) => [
        hashOf({ ...initiator, [part]: other[part] }, responder),
        hashOf(initiator, { ...responder, [part]: other[part] }),
      ]),
    ];
    expect(new Set(hashes).size).toBe(5 + 2 * parts.length);
  });

  it("a recorded hello and proof are worth nothing at another peer", () => {
    const { network, alice, bob, carol } = clusterOf({ alice: {}, bob: {}, carol: {} });
    network.frames.length = 0;
    network.cut(alice, bob);
    network.mend(alice, bob);
    network.advance(4 * SECOND_MS);
    const hello = network.frames.find(({ text }) => text.includes('"type":"hello"'));
    const proof = network.frames.find(({ text }) => text.includes('"type":"proof"'));
    const replay = new RawLink(carol, { now: network.now });
    replay.sayText(hello?.text ?? "");
    expect(replay.last("welcome")).toBeDefined();
    replay.sayText(proof?.text ?? "");
    expect(replay.closedWith).toBe("handshake_signature_invalid");
  });

  it("a recorded welcome is worth nothing to another hello", () => {
    const { network, alice, bob } = worldOf({ alice: {}, bob: {} });
    network.join(alice, bob);
    const welcome = network.frames.find(({ from }) => from === bob)?.text ?? "";
    network.cut(alice, bob);
    network.mend(alice, bob);
    network.transcript.length = 0;
    network.tap = ({ text }) => (text.includes('"type":"welcome"') ? welcome : text);
    network.advance(3 * SECOND_MS);
    expect(happened(network)).toContain("alice closes: handshake_signature_invalid");
  });

  it("a challenge that was answered is not answered again: a second proof on the link ends it", () => {
    const { network, bob } = worldOf({ bob: {} });
    const link = new RawLink(bob, { now: network.now });
    const hello = greetingOf(mallory);
    link.say({ type: "hello", ...hello });
    const welcome = link.last("welcome");
    if (welcome === undefined) throw new Error("a fresh peer says welcome");
    const proof = { type: "proof" as const, signature: signed("initiator", mallory, hello, welcome, link.binding) };
    link.say(proof);
    expect(link.closedWith).toBeUndefined();
    link.say(proof);
    expect(link.closedWith).toBe("message_unexpected");
  });

  it("a peer does not shake hands with itself, with its own challenge or with its own key", () => {
    const { bob } = worldOf({ bob: {} });
    const own = new RawLink(bob);
    own.say({ type: "hello", ...greetingOf(bob.identity) });
    expect(own.closedWith).toBe("handshake_self");
    const sameKey = new RawLink(bob);
    sameKey.say({
      type: "hello",
      ...greetingOf({ ...bob.identity, peerId: peerIdFromKey(crypto, bob.identity.publicKey, NOW) }),
    });
    expect(sameKey.closedWith).toBe("handshake_self");
  });

  it("a peer that answers with the very challenge that it was sent is refused", () => {
    const own = greetingOf(identityOf("bob"), licenseOf(), "one challenge");
    const theirs = (challenge: string) =>
      checkGreeting(crypto, own, greetingOf(mallory, licenseOf(), challenge), false);
    expect(theirs("one challenge")).toMatchObject({ ok: false, rejection: { code: "handshake_self" } });
    expect(theirs("another challenge").ok).toBe(true);
  });

  it("what a peer said is refused when it comes back", () => {
    const { network, alice, bob } = worldOf({ alice: {}, bob: {} });
    network.tap = ({ from, text }) =>
      from === bob ? network.frames.find((frame) => frame.from === alice)?.text : text;
    network.join(alice, bob);
    expect(happened(network)).toContain("alice closes: message_unexpected");
    const proofAsWelcome = worldOf({ alice: {}, bob: {} });
    proofAsWelcome.network.tap = ({ from, text }) => {
      if (from !== proofAsWelcome.bob) return text;
      const hello = JSON.parse(proofAsWelcome.network.frames[0]?.text ?? "{}") as object;
      return JSON.stringify({ ...hello, type: "welcome", signature: "A".repeat(86) });
    };
    proofAsWelcome.network.join(proofAsWelcome.alice, proofAsWelcome.bob);
    expect(happened(proofAsWelcome.network)).toContain("alice closes: handshake_self");
  });

  it("a handshake that is relayed between two connections is refused: the bindings differ", () => {
    const { network, alice, bob } = member();
    const near = new RawLink(bob, { now: network.now, binding: bytesOf("the relay's own connection to bob") });
    const hello = greetingOf(alice.identity);
    near.say({ type: "hello", ...hello });
    const welcome = near.last("welcome");
    if (welcome === undefined) throw new Error("a member is welcome");
    const signedForTheRelay = signed(
      "initiator",
      alice.identity,
      hello,
      welcome,
      bytesOf("alice's connection to the relay"),
    );
    near.say({ type: "proof", signature: signedForTheRelay });
    expect(near.closedWith).toBe("handshake_signature_invalid");
  });

  it("an id that does not commit to the shown key is refused before anything is signed", () => {
    const { network, alice, bob } = member();
    const link = new RawLink(bob, { now: network.now });
    link.say({ type: "hello", ...greetingOf({ ...mallory, peerId: alice.id }) });
    expect(link.closedWith).toBe("handshake_key_mismatch");
    expect(link.last("welcome")).toBeUndefined();
  });

  it("a member's id and key without its secret open nothing", () => {
    const { network, alice, bob } = member();
    const link = new RawLink(bob, { now: network.now });
    expect(link.handshake({ ...alice.identity, secretKey: mallory.secretKey })).toBe(false);
    expect(link.closedWith).toBe("handshake_signature_invalid");
  });

  it("a responder's signature in the initiator's role is refused", () => {
    const { bob } = worldOf({ bob: {} });
    const link = new RawLink(bob);
    const hello = greetingOf(mallory);
    link.say({ type: "hello", ...hello });
    const welcome = link.last("welcome");
    if (welcome === undefined) throw new Error("a fresh peer says welcome");
    link.say({ type: "proof", signature: signed("responder", mallory, hello, welcome, link.binding) });
    expect(link.closedWith).toBe("handshake_signature_invalid");
  });

  it("a key with torsion is not taken up", () => {
    const [, generator] = torsion();
    if (generator === undefined) throw new Error("there is torsion");
    const publicKey = encode(add(decode(mallory.publicKey), generator));
    const { bob } = worldOf({ bob: {} });
    const link = new RawLink(bob);
    link.say({
      type: "hello",
      ...greetingOf({ ...mallory, publicKey, peerId: peerIdFromKey(crypto, publicKey, NOW) }),
    });
    expect(link.closedWith).toBe("handshake_key_mismatch");
  });

  it("twins of base64url in a greeting are refused", () => {
    const { bob } = worldOf({ bob: {} });
    for (const field of ["challenge", "public_key", "license_hash"] as const) {
      const hello = greetingOf(mallory);
      const link = new RawLink(bob);
      link.say({
        type: "hello",
        ...hello,
        [field]: `${hello[field].slice(0, -1)}${hello[field].slice(-1) === "B" ? "F" : "B"}`,
      });
      expect(link.closedWith, field).toBeDefined();
      expect(link.last("welcome"), field).toBeUndefined();
    }
  });

  it("another protocol version is not spoken", () => {
    const { bob } = worldOf({ bob: {} });
    const link = new RawLink(bob);
    link.say({ type: "hello", ...greetingOf(mallory), protocol: 2 });
    expect(link.closedWith).toBe("handshake_version");
  });

  it("a challenge lives thirty seconds, whether or not the host woke the node in between", () => {
    const proofAfter = (ms: number, isWoken: boolean) => {
      const { bob } = worldOf({ bob: {} });
      const link = new RawLink(bob);
      const hello = greetingOf(mallory);
      link.say({ type: "hello", ...hello });
      const welcome = link.last("welcome");
      if (welcome === undefined) throw new Error("a fresh peer says welcome");
      if (isWoken) link.wake(NOW + ms);
      link.now = NOW + ms;
      link.say({ type: "proof", signature: signed("initiator", mallory, hello, welcome, link.binding) });
      return link.closedWith;
    };
    expect(proofAfter(29_999, false)).toBeUndefined();
    expect(proofAfter(30_000, false)).toBe("handshake_expired");
    expect(proofAfter(30_000, true)).toBe("handshake_expired");
  });

  it("the initiator does not wait longer either", () => {
    const { network, alice, bob } = worldOf({ alice: {}, bob: {} });
    network.tap = ({ from, text }) => (from === bob ? undefined : text);
    network.join(alice, bob);
    network.advance(31 * SECOND_MS);
    expect(happened(network)).toContain("alice closes: handshake_expired");
  });

  it("messages out of their order end the link, before and after it is live", () => {
    const { bob } = worldOf({ bob: {} });
    const first = new RawLink(bob);
    first.say({ type: "proof", signature: "A".repeat(86) });
    expect(first.closedWith).toBe("message_unexpected");
    const second = new RawLink(bob);
    second.say({ type: "ping", nonce: "n" });
    expect(second.closedWith).toBe("message_unexpected");
    const third = new RawLink(bob);
    third.say({ type: "hello", ...greetingOf(mallory) });
    third.say({ type: "hello", ...greetingOf(mallory) });
    expect(third.closedWith).toBe("message_unexpected");
    const live = new RawLink(bob);
    expect(live.handshake(mallory)).toBe(true);
    live.say({ type: "hello", ...greetingOf(mallory) });
    expect(live.closedWith).toBe("message_unexpected");
  });

  it("sixty-four unfinished handshakes are the most: one more takes the place of the oldest of the busiest address", () => {
    const { bob } = worldOf({ bob: {} });
    const early = new RawLink(bob, { remoteHost: "192.0.2.1" });
    const flood = Array.from({ length: 70 }, () => new RawLink(bob, { remoteHost: "192.0.2.66" }));
    const late = new RawLink(bob, { remoteHost: "192.0.2.2" });
    const turnedAway = bob.steps.flatMap(({ effects }) =>
      effects.flatMap((effect) =>
        effect.type === "close" && effect.rejection.code === "pending_full" ? [effect.link] : [],
      ),
    );
    expect(turnedAway).toEqual(flood.slice(0, 1 + 70 + 1 - LIMITS.pendingHandshakes).map(({ id }) => id));
    expect(late.handshake(mallory)).toBe(true);
    early.say({ type: "hello", ...greetingOf(identityOf("another")) });
    expect(early.closedWith).toBe("peer_not_accepted");
  });

  it("a license that changes between hello and proof does not spoil the handshake", () => {
    const { bob } = worldOf({ bob: {} });
    const unrelated = licenseOf({ license_id: licenseIdOf("unrelated") });
    const link = new RawLink(bob);
    const hello = greetingOf(mallory, unrelated);
    link.say({ type: "hello", ...hello });
    const welcome = link.last("welcome");
    if (welcome === undefined) throw new Error("a fresh peer says welcome");
    bob.handle({ type: "license", document: licenseOf({ issued_at: "2026-01-14T00:00:00.000Z" }) }, NOW);
    link.say({
      type: "proof",
      signature: signed("initiator", mallory, hello, welcome, link.binding),
      license: unrelated as never,
    });
    expect(link.closedWith).toBeUndefined();
    expect(link.last("license")?.document).toEqual(licenseOf());
  });
});
