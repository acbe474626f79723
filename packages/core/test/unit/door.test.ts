import { describe, expect, it } from "vitest";
import { base64urlFromBytes } from "../../src/encoding/base64url.ts";
import { HOUR_MS, SECOND_MS } from "../../src/time.ts";
import { issueVoucher } from "../../src/trust/voucher.ts";
import { createTestCrypto } from "../support/crypto.ts";
import { bytesOf, CUSTOMER, identityOf, licenseOf, NOW } from "../support/fixtures.ts";
import { hostOf } from "../support/network.ts";
import { greetingOf, RawLink, signed } from "../support/raw-link.ts";
import { clusterOf, worldOf } from "../support/world.ts";

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

  it.each([
    [2, false],
    [3, true],
  ])("a cluster of two under a license for %i: one more is let in, as it was invited before: %s", (max_nodes, isIn) => {
    const license = licenseOf({ max_nodes });
    const { network, alice, bob, carol } = worldOf({ alice: { license }, bob: { license }, carol: { license } });
    alice.handle({ type: "join", address: "far.example:8080", hosts: ["192.0.2.7"] }, network.now);
    network.join(alice, bob);
    network.advance(5 * SECOND_MS);
    const invited = identityOf("invited");
    const link = new RawLink(alice, { now: network.now, remoteHost: "192.0.2.7" });
    expect(link.handshake(invited, license)).toBe(isIn);
    expect(alice.node.peers.isMember(invited.peerId)).toBe(isIn);
    expect(network.join(alice, carol).rejection).toMatchObject({ code: "node_limit_exceeded" });
  });

  it("a fresh peer whose license is for one host takes no first contact", () => {
    const license = licenseOf({ max_nodes: 1 });
    const { bob } = worldOf({ bob: { license } });
    expect(new RawLink(bob).handshake(identityOf("first"), license)).toBe(false);
  });

  it("who has left is not let in again, by a member's voucher or by an invitation", () => {
    const { network, alice, bob, carol } = clusterOf({ alice: {}, bob: {}, carol: {} });
    network.feed(carol, { type: "leave" });
    bob.handle({ type: "join", address: "far.example:8080", hosts: ["192.0.2.7"] }, network.now);
    const voucher = issueVoucher(createTestCrypto("again"), alice.identity, carol.identity, CUSTOMER, network.now);
    for (const options of [{ voucher }, { remoteHost: "192.0.2.7" }]) {
      const link = new RawLink(bob, { now: network.now, ...options });
      expect(link.handshake(carol.identity)).toBe(false);
      expect(link.heard).toEqual([{ type: "refusal", code: "handshake_refused" }]);
    }
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

  it("a voucher without the key of its subject opens nothing", () => {
    const { alice, voucherBy, knock } = setting();
    expect(knock(voucherBy(alice.identity), { ...newcomer, secretKey: bytesOf("guess") })).toBe(false);
    expect(knock(voucherBy(alice.identity), identityOf("thief"))).toBe(false);
  });

  it("a voucher by somebody who is no member opens nothing, and does not chain", () => {
    const { alice, network, bob, voucherBy, knock } = setting();
    expect(knock(voucherBy(identityOf("stranger")))).toBe(false);
    const vouched = identityOf("vouched");
    const link = new RawLink(bob, { now: network.now, voucher: voucherBy(alice.identity, vouched) });
    expect(link.handshake(vouched)).toBe(true);
    expect(knock(voucherBy(vouched))).toBe(false);
  });

  it("a voucher by a signer that was revoked is void, and so is one by a signer that left", () => {
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
