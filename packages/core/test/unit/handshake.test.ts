import { describe, expect, it } from "vitest";
import { add, decode, encode, torsion } from "../../../../test/conformance/support/edwards.ts";
import { base64urlFromBytes } from "../../src/encoding/base64url.ts";
import { peerIdFromKey } from "../../src/identity/id.ts";
import { HOUR_MS, SECOND_MS } from "../../src/time.ts";
import { issueVoucher } from "../../src/trust/voucher.ts";
import { createTestCrypto } from "../support/crypto.ts";
import {
  bytesOf,
  CUSTOMER,
  crypto,
  customerIdOf,
  identityOf,
  licenseIdOf,
  licenseOf,
  NOW,
} from "../support/fixtures.ts";
import { hostOf, type Network } from "../support/network.ts";
import { greetingOf, RawLink, signed } from "../support/raw-link.ts";
import { clusterOf, worldOf } from "../support/world.ts";

/** What happened so far without the pings, and forgets it. */
function happened(network: Network): string[] {
  return network.transcript.splice(0).filter((line) => !/ (ping|pong)$/.test(line));
}

describe("the handshake, message by message", () => {
  it("a fresh peer is added: both sides admit each other and show all that they hold", () => {
    const { network, alice, bob } = worldOf({ alice: {}, bob: {} });
    network.join(alice, bob);
    expect(happened(network)).toEqual([
      "alice dials bob.example:8080",
      "alice → bob hello",
      "bob → alice welcome",
      "alice → bob proof",
      "alice is linked with bob, a first contact",
      "alice → bob voucher",
      "alice → bob heartbeat [admission peer]",
      "alice → bob push [admission]",
      "bob is linked with alice, a first contact",
      "bob → alice voucher",
      "bob → alice heartbeat [admission peer]",
      "bob → alice push [admission]",
      "bob → alice push [peer]",
      "alice → bob push [peer]",
    ]);
    expect(alice.node.registry.hashes).toEqual(bob.node.registry.hashes);
    expect(alice.node.peers.isMember(bob.id) && bob.node.peers.isMember(alice.id)).toBe(true);
    expect(alice.node.cluster.id).toBe(bob.node.cluster.id);
  });

  it("a member reconnects: three messages, then a heartbeat each, and nothing more where the hashes agree", () => {
    const { network, alice, bob } = clusterOf({ alice: {}, bob: {} });
    network.cut(alice, bob);
    network.mend(alice, bob);
    network.advance(4 * SECOND_MS);
    const lines = happened(network);
    const [dialler, other] = lines[0]?.startsWith("alice") === true ? ["alice", "bob"] : ["bob", "alice"];
    expect(lines).toEqual([
      `${dialler} dials ${other}.example:8080`,
      `${dialler} → ${other} hello`,
      `${other} → ${dialler} welcome`,
      `${dialler} → ${other} proof`,
      `${dialler} is linked with ${other}`,
      `${dialler} → ${other} heartbeat`,
      `${other} is linked with ${dialler}`,
      `${other} → ${dialler} heartbeat`,
    ]);
  });

  it("a stranger with a copy of the license is refused by a running cluster", () => {
    const { network, bob } = clusterOf({ alice: {}, bob: {} });
    const { carol } = worldOf({ carol: {} });
    network.add(carol);
    network.join(carol, bob);
    expect(happened(network)).toEqual([
      "carol dials bob.example:8080",
      "carol → bob hello",
      "bob → carol refusal handshake_refused",
      "bob closes: peer_not_accepted",
      "carol closes: handshake_refused",
      "carol join failed: handshake_refused",
    ]);
    expect(bob.node.peers.isMember(carol.id)).toBe(false);
  });

  it("a foreign customer hears exactly what a stranger hears (T18), and nothing is signed for it", () => {
    const { network, bob } = clusterOf({ alice: {}, bob: {} });
    const stranger = new RawLink(bob, { now: network.now });
    stranger.say({ type: "hello", ...greetingOf(identityOf("carol")) });
    const foreign = new RawLink(bob, { now: network.now });
    const foreignLicense = licenseOf({ customer_id: customerIdOf("other") });
    foreign.say({ type: "hello", ...greetingOf(identityOf("carol"), foreignLicense) });
    expect(foreign.heard).toEqual(stranger.heard);
    expect(foreign.heard).toEqual([{ type: "refusal", code: "handshake_refused" }]);
    expect(foreign.closedWith).toBe(stranger.closedWith);
  });

  it("the peer that answers has not the expected key: the initiator signs nothing", () => {
    const { network, alice, bob } = worldOf({ alice: {}, bob: {} });
    network.join(alice, bob, identityOf("somebody else").publicKey);
    expect(happened(network)).toEqual([
      "alice dials bob.example:8080",
      "alice → bob hello",
      "bob → alice welcome",
      "alice closes: handshake_key_unexpected",
      "alice join failed: handshake_key_unexpected",
    ]);
    expect(bob.node.peers.list()).toEqual([]);
  });

  it("the initiator's license is a successor: it is shown, and the responder adopts it", () => {
    const license = licenseOf({ issued_at: "2026-01-14T00:00:00.000Z", max_nodes: 32 });
    const { network, alice, bob } = worldOf({ alice: { license }, bob: {} });
    network.join(alice, bob);
    expect(happened(network).slice(1, 8)).toEqual([
      "alice → bob hello",
      "bob → alice welcome",
      "alice → bob proof with its license",
      "bob → alice license",
      `bob adopts ${license.license_id}`,
      "bob is linked with alice, a first contact",
      "bob → alice voucher",
    ]);
    expect(bob.node.cluster.license).toEqual(license);
  });

  it("the responder's license is a successor: both are shown, the initiator adopts it", () => {
    const license = licenseOf({ issued_at: "2026-01-14T00:00:00.000Z", max_nodes: 32 });
    const { network, alice, bob } = worldOf({ alice: {}, bob: { license } });
    network.join(alice, bob);
    const lines = happened(network);
    expect(lines).toContain("alice → bob proof with its license");
    expect(lines).toContain("bob → alice license");
    expect(lines).toContain(`alice adopts ${license.license_id}`);
    expect(lines.indexOf(`alice adopts ${license.license_id}`)).toBeLessThan(
      lines.indexOf("alice is linked with bob, a first contact"),
    );
    expect(alice.node.cluster.license).toEqual(license);
  });

  it("two unrelated licenses of one customer coexist: each side verifies the other's and keeps its own", () => {
    const license = licenseOf({ license_id: licenseIdOf("unrelated"), issued_at: "2026-01-14T00:00:00.000Z" });
    const { network, alice, bob } = worldOf({ alice: {}, bob: { license } });
    network.join(alice, bob);
    expect(happened(network).filter((line) => line.includes("adopts"))).toEqual([]);
    expect(alice.node.peers.isMember(bob.id) && bob.node.peers.isMember(alice.id)).toBe(true);
    expect(alice.node.cluster.license.license_id).not.toBe(bob.node.cluster.license.license_id);
  });

  it("a license that is not the one named in the greeting, or not verifiable, ends the handshake on either side", () => {
    const { bob } = worldOf({ bob: {} });
    const other = licenseOf({ license_id: licenseIdOf("other") });
    for (const shown of [
      undefined,
      licenseOf(),
      { ...other, max_nodes: 1000 },
      licenseOf({ customer_id: customerIdOf("x") }),
    ]) {
      const link = new RawLink(bob);
      const carol = identityOf("carol");
      const hello = greetingOf(carol, other);
      link.say({ type: "hello", ...hello });
      const welcome = link.last("welcome");
      if (welcome === undefined) throw new Error("a fresh peer says welcome");
      const signature = signed("initiator", carol, hello, welcome, link.binding);
      link.say({ type: "proof", signature, ...(shown === undefined ? {} : { license: shown as never }) });
      expect(link.closedWith).toMatch(/^license_/);
      expect(bob.node.peers.isMember(carol.peerId)).toBe(false);
    }
  });

  it("a revoked peer is refused like a stranger, whatever it shows", () => {
    const { network, alice, bob, carol } = clusterOf({ alice: {}, bob: {}, carol: {} });
    network.feed(alice, {
      type: "write",
      kind: "revocation",
      id: carol.id,
      body: { reason: "lost", revoked_at: "2026-01-15T12:00:00Z" },
    });
    const lines = happened(network);
    expect(lines).toContain("alice sees carol revoked");
    expect(lines).toContain("bob sees carol revoked");
    const voucher = issueVoucher(createTestCrypto("late"), alice.identity, carol.identity, CUSTOMER, network.now);
    for (const options of [{}, { voucher }, { remoteHost: hostOf(carol) }]) {
      const link = new RawLink(bob, { now: network.now, ...options });
      expect(link.handshake(carol.identity)).toBe(false);
      expect(link.heard).toEqual([{ type: "refusal", code: "handshake_refused" }]);
    }
  });

  it("a revoked key is refused under every id that it can bear", () => {
    const { network, alice, bob, carol } = clusterOf({ alice: {}, bob: {}, carol: {} });
    network.feed(alice, {
      type: "write",
      kind: "revocation",
      id: carol.id,
      body: { reason: "lost", revoked_at: "2026-01-15T12:00:00Z" },
    });
    const again = { ...carol.identity, peerId: peerIdFromKey(crypto, carol.identity.publicKey, NOW) };
    const voucher = issueVoucher(createTestCrypto("again"), alice.identity, again, CUSTOMER, network.now);
    const link = new RawLink(bob, { now: network.now, voucher });
    expect(link.handshake(again)).toBe(false);
  });

  it("a newcomer whose admission has not come yet is let in by a voucher, and shows how it was introduced", () => {
    const { network, alice, bob, carol } = worldOf({ alice: {}, bob: {}, carol: {} });
    network.join(alice, bob);
    network.advance(5 * SECOND_MS);
    network.cut(alice, bob);
    network.transcript.length = 0;
    network.join(alice, carol);
    network.advance(5 * SECOND_MS);
    expect(happened(network).filter((line) => /carol .*bob|bob .*carol/.test(line))).toEqual([
      "carol dials bob.example:8080 with a voucher",
      "carol → bob hello",
      "bob → carol welcome",
      "carol → bob proof",
      "carol is linked with bob",
      "carol → bob heartbeat [admission admission admission admission peer]",
      "bob is linked with carol",
      "bob → carol heartbeat [admission admission admission admission peer peer peer]",
      "bob → carol heartbeat",
      "carol → bob heartbeat",
    ]);
    expect(bob.node.peers.isMember(carol.id)).toBe(true);
    expect(carol.node.registry.hashes).toEqual(bob.node.registry.hashes);
  });
});

describe("the handshake under attack", () => {
  const mallory = identityOf("mallory");
  const member = () => clusterOf({ alice: {}, bob: {} });

  it("T1: a recorded hello and proof are worth nothing on another connection to the same peer", () => {
    const { network, alice, bob } = worldOf({ alice: {}, bob: {} });
    network.join(alice, bob);
    const said = network.frames.filter(({ from }) => from === alice).map(({ text }) => text);
    const replay = new RawLink(bob, { now: network.now });
    replay.sayText(said[0] ?? "");
    expect(replay.last("welcome")).toBeDefined();
    replay.sayText(said[1] ?? "");
    expect(replay.closedWith).toBe("handshake_signature_invalid");
  });

  it("T1: and nothing at another peer", () => {
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

  it("T1: a recorded welcome is worth nothing to another hello", () => {
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

  it("T2: a peer does not shake hands with itself, with its own challenge or with its own key", () => {
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

  it("T2: what a peer said is refused when it comes back", () => {
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

  it("T3: a handshake that is relayed between two connections is refused: the bindings differ", () => {
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

  it("T4: an id that does not commit to the shown key is refused before anything is signed", () => {
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

  it("sixty-four unfinished handshakes are the most; the next is turned away", () => {
    const { bob } = worldOf({ bob: {} });
    const links = Array.from({ length: 65 }, () => new RawLink(bob));
    expect(links.filter(({ closedWith }) => closedWith === undefined)).toHaveLength(64);
    expect(links.at(-1)?.closedWith).toBe("pending_full");
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

describe("the doorstep", () => {
  it("a fresh peer takes one first contact, and then its door is shut for good", () => {
    const { bob } = worldOf({ bob: {} });
    expect(new RawLink(bob).handshake(identityOf("first"))).toBe(true);
    expect(new RawLink(bob).handshake(identityOf("second"))).toBe(false);
  });

  it("of two that come at once to a fresh peer one is let in", () => {
    const { bob } = worldOf({ bob: {} });
    const [first, second] = [identityOf("first"), identityOf("second")];
    const links = [first, second].map((identity) => {
      const link = new RawLink(bob);
      const hello = greetingOf(identity);
      link.say({ type: "hello", ...hello });
      return { link, identity, hello };
    });
    for (const { link, identity, hello } of links) {
      const welcome = link.last("welcome");
      if (welcome === undefined) throw new Error("both were welcome");
      link.say({ type: "proof", signature: signed("initiator", identity, hello, welcome, link.binding) });
    }
    expect(links.map(({ link }) => link.closedWith)).toEqual([undefined, "peer_not_accepted"]);
  });

  it("the hour of a fresh peer ends", () => {
    const { bob } = worldOf({ bob: {} });
    expect(new RawLink(bob, { now: NOW + HOUR_MS }).handshake(identityOf("late"))).toBe(false);
    bob.handle({ type: "reopen", until: NOW + 2 * HOUR_MS }, NOW + HOUR_MS);
    expect(new RawLink(bob, { now: NOW + HOUR_MS }).handshake(identityOf("late"))).toBe(true);
  });

  it("a fresh peer with a key to accept takes that key alone", () => {
    const wanted = identityOf("wanted");
    const { bob } = worldOf({ bob: { door: { acceptKey: wanted.publicKey } } });
    expect(new RawLink(bob).handshake(identityOf("other"))).toBe(false);
    expect(new RawLink(bob).handshake(wanted)).toBe(true);
  });

  it("reopening the door of an established peer opens nothing", () => {
    const { network, bob } = clusterOf({ alice: {}, bob: {} });
    bob.handle({ type: "reopen", until: network.now + HOUR_MS }, network.now);
    expect(new RawLink(bob, { now: network.now }).handshake(identityOf("carol"))).toBe(false);
  });

  it("an add leaves an invitation for the other side's own dial: by its address, once", () => {
    const { network, bob } = clusterOf({ alice: {}, bob: {} });
    bob.handle({ type: "join", address: "far.example:8080", hosts: ["192.0.2.7"] }, network.now);
    const from = (remoteHost: string) => new RawLink(bob, { now: network.now, remoteHost });
    expect(from("192.0.2.8").handshake(identityOf("wrong host"))).toBe(false);
    expect(from("192.0.2.7").handshake(identityOf("invited"))).toBe(true);
    expect(from("192.0.2.7").handshake(identityOf("another"))).toBe(false);
  });

  it("an invitation with a key is for that key, wherever it comes from", () => {
    const invited = identityOf("invited");
    const { network, bob } = clusterOf({ alice: {}, bob: {} });
    bob.handle(
      { type: "join", address: "far.example:8080", hosts: ["192.0.2.7"], expectKey: invited.publicKey },
      network.now,
    );
    expect(new RawLink(bob, { now: network.now, remoteHost: "192.0.2.7" }).handshake(identityOf("other"))).toBe(false);
    expect(new RawLink(bob, { now: network.now, remoteHost: "198.51.100.1" }).handshake(invited)).toBe(true);
  });

  it("an invitation ends after an hour", () => {
    const { network, bob } = clusterOf({ alice: {}, bob: {} });
    bob.handle({ type: "join", address: "far.example:8080", hosts: ["192.0.2.7"] }, network.now);
    expect(
      new RawLink(bob, { now: network.now + HOUR_MS, remoteHost: "192.0.2.7" }).handshake(identityOf("late")),
    ).toBe(false);
  });

  it("an add that succeeded by its own dial leaves no invitation behind", () => {
    const { network, alice, bob } = worldOf({ alice: {}, bob: {} });
    network.join(alice, bob);
    expect(
      new RawLink(alice, { now: network.now, remoteHost: hostOf(bob) }).handshake(identityOf("behind the same NAT")),
    ).toBe(false);
  });

  it("a full cluster takes no first contact (T10)", () => {
    const license = licenseOf({ max_nodes: 2 });
    const { network, alice, bob, carol } = worldOf({ alice: { license }, bob: { license }, carol: { license } });
    network.join(alice, bob);
    network.advance(5 * SECOND_MS);
    expect(network.join(alice, carol).rejection).toMatchObject({ code: "node_limit_exceeded" });
    network.join(carol, alice);
    expect(alice.node.peers.isMember(carol.id)).toBe(false);
  });
});

describe("vouchers at the door", () => {
  const newcomer = identityOf("newcomer");
  const setting = () => {
    const { network, alice, bob } = clusterOf({ alice: {}, bob: {} });
    const voucherBy = (signer: typeof newcomer, subject = newcomer, now = network.now) =>
      issueVoucher(createTestCrypto("door"), signer, subject, CUSTOMER, now);
    return {
      network,
      alice,
      bob,
      voucherBy,
      knock: (voucher: ReturnType<typeof voucherBy>, as = newcomer) =>
        new RawLink(bob, { now: network.now, voucher }).handshake(as),
    };
  };

  it("a member's word lets the newcomer in, who is no member by it and learns nothing", () => {
    const { network, bob, alice, voucherBy } = setting();
    const link = new RawLink(bob, { now: network.now, voucher: voucherBy(alice.identity) });
    expect(link.handshake(newcomer)).toBe(true);
    expect(bob.node.peers.isMember(newcomer.peerId)).toBe(false);
    link.say({ type: "want", keys: [["peer", bob.id, bob.id]] });
    link.say({ type: "buckets", group: "peers", marks: new Array(256).fill("A".repeat(11)), is_answer: false });
    link.say({ type: "call", call: "c", body: "{}" });
    expect(link.heard.map(({ type }) => type)).toEqual(["welcome"]);
    expect(bob.notices.filter(({ type }) => type === "called")).toEqual([]);
  });

  it("a voucher without the key of its subject opens nothing (T12)", () => {
    const { alice, voucherBy, knock } = setting();
    expect(knock(voucherBy(alice.identity), { ...newcomer, secretKey: bytesOf("guess") })).toBe(false);
    expect(knock(voucherBy(alice.identity), identityOf("thief"))).toBe(false);
  });

  it("a voucher by somebody who is no member opens nothing, and does not chain (T10)", () => {
    const { alice, network, bob, voucherBy, knock } = setting();
    expect(knock(voucherBy(identityOf("stranger")))).toBe(false);
    const vouched = identityOf("vouched");
    const link = new RawLink(bob, { now: network.now, voucher: voucherBy(alice.identity, vouched) });
    expect(link.handshake(vouched)).toBe(true);
    expect(knock(voucherBy(vouched))).toBe(false);
  });

  it("a voucher by a signer that was revoked is void, and so is one by a signer that left (T11)", () => {
    const revoked = setting();
    const before = revoked.voucherBy(revoked.alice.identity);
    revoked.network.feed(revoked.bob, {
      type: "write",
      kind: "revocation",
      id: revoked.alice.id,
      body: { reason: "x", revoked_at: "2026-01-15T12:00:00Z" },
    });
    expect(revoked.knock(before)).toBe(false);
    const left = setting();
    const word = left.voucherBy(left.alice.identity);
    left.network.feed(left.alice, { type: "leave" });
    expect(left.knock(word)).toBe(false);
  });

  it("an expired voucher opens nothing", () => {
    const { alice, network, voucherBy, knock } = setting();
    expect(knock(voucherBy(alice.identity, newcomer, network.now - 25 * HOUR_MS))).toBe(false);
  });

  it("a voucher that cannot even be hashed is refused, and nothing is thrown", () => {
    const { network, alice, bob, voucherBy } = setting();
    const deep = JSON.parse(`${"[".repeat(12)}${"]".repeat(12)}`) as unknown;
    const voucher = { ...voucherBy(alice.identity), extra: deep } as ReturnType<typeof voucherBy>;
    expect(new RawLink(bob, { now: network.now, voucher }).handshake(newcomer)).toBe(false);
    expect(base64urlFromBytes(newcomer.publicKey)).toBe(voucher.public_key);
  });

  it("the link of a voucher that is not followed by an admission ends after a minute", () => {
    const { network, alice, bob, voucherBy } = setting();
    const link = new RawLink(bob, { now: network.now, voucher: voucherBy(alice.identity) });
    link.handshake(newcomer);
    for (let second = 1; second <= 70; second += 1) {
      link.wake(network.now + second * SECOND_MS);
      const ping = link.last("ping");
      if (ping !== undefined && link.closedWith === undefined) link.say({ type: "pong", nonce: ping.nonce });
    }
    expect(link.closedWith).toBe("peer_not_accepted");
  });
});
