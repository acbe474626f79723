import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { createTestCrypto } from "../support/crypto.ts";
import { identityOf, NOW, recordOf } from "../support/fixtures.ts";
import { memberLink, refusalsOf } from "../support/member-link.ts";

const [alice, bob] = [identityOf("alice"), identityOf("bob")];
const others = ["carol", "dave", "erin", "frank"].map((name) => identityOf(name));
const [carol, dave, erin, frank] = others as [typeof alice, typeof alice, typeof alice, typeof alice];

/** What one member says of whom it reaches. */
function wordOf(
  owner: typeof alice,
  peers: readonly { readonly peer: typeof alice; readonly reachable: boolean; readonly confirmed?: number }[],
  at = NOW,
) {
  const entries = peers.map(({ peer, ...rest }) => ({ peer_id: peer.peerId, ...rest }));
  return recordOf(owner, "connectivity", owner.peerId, { body: { peers: entries } }, { at });
}
const setUp = () => memberLink({ others });
const isGone = ({ bob: peer }: ReturnType<typeof setUp>, who = carol) =>
  peer.node.peers.get(who.peerId)?.reachability === "unreachable";
const denies = (owner: typeof alice, at = NOW) => wordOf(owner, [{ peer: carol, reachable: false }], at);

describe("what members say of whom they reach", () => {
  it("makes a peer gone where three say so, and not where two do", () => {
    const world = setUp();
    world.link.push(denies(dave), denies(erin));
    expect(isGone(world)).toBe(false);
    world.link.push(denies(frank));
    expect(isGone(world)).toBe(true);
    expect(world.bob.notices).toContainEqual({
      type: "peer_reachability",
      peer: carol.peerId,
      isReachable: false,
      reportedBy: 3,
    });
  });
  it("is shown for each peer: how many reach it, and who says that it is gone", () => {
    const world = setUp();
    const said = (peer: typeof alice) => world.bob.node.peers.get(peer.peerId);
    const both = [
      { peer: carol, reachable: true, confirmed: 1 },
      { peer: alice, reachable: true },
    ];
    world.link.push(denies(frank), denies(dave));
    expect(said(carol)).toMatchObject({ reachedBy: 0, unreachedBy: [dave, frank].map(({ peerId }) => peerId).sort() });
    expect(said(alice)).toMatchObject({ reachedBy: 1, unreachedBy: [] });
    world.link.push(wordOf(erin, both));
    expect(said(carol)).toMatchObject({ reachedBy: 1, unreachedBy: [] });
    expect(said(alice)).toMatchObject({ reachedBy: 2, unreachedBy: [] });
  });
  it("counts a member once, however often it says it", () => {
    const world = setUp();
    for (let count = 0; count < 5; count += 1) {
      world.link.now += 1000;
      world.link.push(denies(dave, NOW + count * 1000 + 500));
    }
    expect(isGone(world)).toBe(false);
  });
  it("is void when one says that the peer answered it, or answers again", () => {
    for (const word of [
      wordOf(alice, [{ peer: carol, reachable: true, confirmed: 1 }]),
      wordOf(dave, [{ peer: carol, reachable: true }], NOW + 1000),
    ]) {
      const world = setUp();
      world.link.push(denies(dave), denies(erin), denies(frank));
      world.link.now += 1000;
      world.link.push(word);
      expect(isGone(world)).toBe(false);
    }
  });
  it("is neither stored nor hashed, and only the newest word of an owner counts", () => {
    const { bob: peer, link } = setUp();
    const [hashes, size] = [peer.node.registry.hashes, peer.node.registry.size];
    const { effects } = link.push(denies(dave));
    expect(effects.some(({ type }) => type === "persist")).toBe(false);
    expect(peer.node.registry.hashes).toEqual(hashes);
    expect(peer.node.registry.size).toBe(size);
    link.now += 1000;
    link.push(wordOf(dave, [{ peer: carol, reachable: true }], NOW - 1000));
    link.push(denies(erin), denies(frank));
    expect(peer.node.peers.get(carol.peerId)?.reachability).toBe("unreachable");
  });
  it("is refused where it is forged, another's, a tombstone, or a stranger's", () => {
    const { bob: peer, link } = setUp();
    const stranger = identityOf("stranger");
    const genuine = denies(dave);
    link.push({ ...genuine, version: genuine.version + 1 });
    link.push({ ...genuine, id: erin.peerId });
    link.push(recordOf(dave, "connectivity", dave.peerId, { deleted: true }));
    link.push(wordOf(stranger, []));
    link.push(genuine);
    // Too soon after the one before: passed over, and nobody's fault.
    link.push(denies(dave, NOW + 10));
    expect(refusalsOf(peer)).toEqual([
      "record_signature_invalid × 1",
      "record_malformed × 1",
      "record_not_deletable × 1",
      "record_owner_unknown × 1",
    ]);
  });
  it("is looked at twenty times a frame, however many lie in it", () => {
    const inner = createTestCrypto("bob");
    let verified = 0;
    const verify: typeof inner.verify = (...args) => {
      verified += 1;
      return inner.verify(...args);
    };
    const { link } = memberLink({ others, crypto: { ...inner, verify } });
    const { signature } = denies(dave, NOW - 1);
    const before = verified;
    link.push(...Array.from({ length: 500 }, (_, index) => ({ ...denies(dave, NOW + index), signature })));
    expect(verified - before).toBe(LIMITS.refusalsPerMinute);
  });
  it("about strangers takes no place, and is not passed on", () => {
    const { bob: peer, link } = setUp();
    const invented = Array.from({ length: 60 }, (_, index) => ({
      peer: identityOf(`invented ${index}`),
      reachable: false,
    }));
    const { effects } = link.push(wordOf(dave, invented));
    expect(effects.filter(({ type }) => type === "send")).toEqual([]);
    expect(peer.node.peers.list()).toHaveLength(5);
  });
  it("of a linked peer is asked back at once, and answered by it", () => {
    const { bob: peer, link } = setUp();
    const before = link.heard.filter(({ type }) => type === "ping").length;
    link.push(wordOf(dave, [{ peer: alice, reachable: false }]));
    const pings = link.heard.filter((message) => message.type === "ping");
    expect(pings).toHaveLength(before + 1);
    link.say({ type: "pong", nonce: link.last("ping")?.nonce ?? "" });
    expect(peer.node.peers.get(alice.peerId)?.reachability).toBe("connected");
  });
  it("is written by the node itself, never by hand", () => {
    const { bob: peer } = setUp();
    const write = { type: "write" as const, kind: "connectivity", id: bob.peerId, body: { peers: [] } };
    expect(peer.handle(write, NOW).rejection?.code).toBe("write_refused");
  });
});
