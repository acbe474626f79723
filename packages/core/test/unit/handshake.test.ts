import { describe, expect, it } from "vitest";
import { peerIdFromKey } from "../../src/identity/id.ts";
import { SECOND_MS } from "../../src/time.ts";
import { issueVoucher } from "../../src/trust/voucher.ts";
import { createTestCrypto } from "../support/crypto.ts";
import { CUSTOMER, crypto, customerIdOf, identityOf, licenseIdOf, licenseOf, NOW } from "../support/fixtures.ts";
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
      "bob is linked with alice, a first contact",
      "bob → alice voucher",
      "bob → alice heartbeat [admission peer]",
      "bob → alice push [admission peer]",
      "alice → bob push [admission peer]",
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

  it("a foreign customer hears exactly what a stranger hears, and nothing is signed for it", () => {
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

  it("a foreign customer is refused by a fresh peer too, which lets others in, and nothing is signed for it", () => {
    const { bob } = worldOf({ bob: {} });
    const foreign = new RawLink(bob);
    foreign.say({
      type: "hello",
      ...greetingOf(identityOf("carol"), licenseOf({ customer_id: customerIdOf("other") })),
    });
    expect(foreign.heard).toEqual([{ type: "refusal", code: "handshake_refused" }]);
    const own = new RawLink(bob);
    own.say({ type: "hello", ...greetingOf(identityOf("carol")) });
    expect(own.last("welcome")).toBeDefined();
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
    const between = happened(network).filter((line) => /carol .*bob|bob .*carol/.test(line));
    expect(between.filter((line) => !line.endsWith("[connectivity]"))).toEqual([
      "carol dials bob.example:8080 with a voucher",
      "carol → bob hello",
      "bob → carol welcome",
      "carol → bob proof",
      "carol is linked with bob",
      "carol → bob heartbeat [admission peer]",
      "bob is linked with carol",
      "bob → carol heartbeat [admission admission admission peer peer peer]",
      "carol → bob sketch others",
      "bob → carol want others",
      "carol → bob push [admission]",
    ]);
    expect(bob.node.peers.isMember(carol.id)).toBe(true);
    expect(carol.node.registry.hashes).toEqual(bob.node.registry.hashes);
  });
});
