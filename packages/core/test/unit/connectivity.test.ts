import { describe, expect, it } from "vitest";
import * as LIMITS from "../../src/limits.ts";
import { createTestCrypto } from "../support/crypto.ts";
import { identityOf, NOW, peerBody, recordOf } from "../support/fixtures.ts";
import { memberLink, refusalsOf } from "../support/member-link.ts";
import { RawLink } from "../support/raw-link.ts";
import type { TestPeer } from "../support/test-peer.ts";

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
/** Whose words of connectivity lie in a frame. */
const ownersIn = (text: string) =>
  [...text.matchAll(/"kind":"connectivity","id":"([^"]+)"/g)].map(([, owner]) => owner ?? "");
/** Wakes the node at an instant; who is behind its links answers its pings. */
function wake(bob: TestPeer, links: readonly RawLink[], at: number): void {
  for (const link of links) link.now = at;
  for (const effect of bob.handle({ type: "wake" }, at).effects) {
    const nonce = effect.type === "send" ? /^{"type":"ping","nonce":"([^"]+)"/.exec(effect.text)?.[1] : undefined;
    if (effect.type === "send" && nonce !== undefined)
      links.find(({ id }) => id === effect.link)?.say({ type: "pong", nonce });
  }
}
/** Whether a word that comes over the link is passed on. */
const goesOn = (link: RawLink, word: ReturnType<typeof wordOf>) =>
  link.push(word).effects.some((effect) => effect.type === "send" && ownersIn(effect.text).length > 0);
const answersCarol = (confirmed: number, at: number) =>
  wordOf(alice, [{ peer: carol, reachable: true, confirmed }], at);
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
  it("goes on while it tells something: the first three denials, and the answer of one that somebody doubts", () => {
    const grace = identityOf("grace");
    const world = memberLink({ others: [...others, grace] });
    const hearer = new RawLink(world.bob);
    if (!hearer.handshake(frank)) throw new Error("a member is let in");
    expect([dave, erin, frank, grace].map((owner) => goesOn(world.link, denies(owner)))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(goesOn(world.link, answersCarol(1, NOW))).toBe(true);
    world.link.now += 1000;
    expect(goesOn(world.link, answersCarol(2, NOW + 1000))).toBe(false);
  });
  it("goes on where it tells of one that was dialled here in vain", () => {
    const body = peerBody(carol.peerId, "carol", { addresses: ["carol.example:8080"] });
    const records = [recordOf(carol, "peer", carol.peerId, { body })];
    const world = memberLink({ others, records });
    const hearer = new RawLink(world.bob);
    if (!hearer.handshake(frank)) throw new Error("a member is let in");
    let at = NOW;
    for (; !isGone(world) && at < NOW + 60_000; at += 250) {
      wake(world.bob, [hearer, world.link], at);
      for (const effect of world.bob.steps.splice(0).flatMap(({ effects }) => effects))
        if (effect.type === "dial")
          world.bob.handle({ type: "dial_failed", dial: effect.dial, reason: "no answer" }, at);
    }
    expect(isGone(world)).toBe(true);
    // It denied carol itself; another answer voids that, and the next one still tells where to find her.
    expect(goesOn(world.link, answersCarol(1, at))).toBe(true);
    world.link.now += 1000;
    expect(goesOn(world.link, answersCarol(2, at + 1000))).toBe(true);
  });
  it("goes on so often a second and no more, however many owners deny and affirm each other", () => {
    const owners = Array.from({ length: 20 }, (_, index) => identityOf(`owner ${index}`));
    const world = memberLink({ others: [...others, ...owners] });
    const hearer = new RawLink(world.bob);
    if (!hearer.handshake(carol)) throw new Error("a member is let in");
    const seconds = 8;
    const said: string[] = [];
    for (let at = NOW; at < NOW + seconds * 1000; at += 500) {
      wake(world.bob, [hearer, world.link], at);
      for (const [index, owner] of owners.entries()) {
        const peers = owners.map((peer, of) => ({ peer, reachable: (of + index + at / 500) % 2 === 0, confirmed: at }));
        world.link.push(wordOf(owner, peers, at));
      }
    }
    for (const effect of world.bob.steps.flatMap(({ effects }) => effects))
      if (effect.type === "send" && effect.link === hearer.id) said.push(...ownersIn(effect.text));
    expect(said.length).toBeGreaterThan(seconds);
    expect(said.length).toBeLessThanOrEqual(LIMITS.rumoursAtOnce + (seconds * 1000) / LIMITS.rumourEveryMs);
    expect(new Set(said).size).toBeGreaterThan(LIMITS.rumoursAtOnce);
  });
  it("goes on within two seconds although another member says something else without end", () => {
    const world = memberLink({ others });
    const hearer = new RawLink(world.bob);
    if (!hearer.handshake(carol)) throw new Error("a member is let in");
    let deniedAt: number | undefined;
    for (let at = NOW; at < NOW + 20_000; at += 250) {
      wake(world.bob, [hearer, world.link], at);
      if (at === NOW + 10_000) world.link.push(denies(dave, at));
      // frank denies erin, and takes it back.
      world.link.push(wordOf(frank, [{ peer: erin, reachable: (at / 250) % 2 === 0 }], at));
      const said = world.bob.steps.splice(0).flatMap(({ effects }) => effects);
      if (said.some((effect) => effect.type === "send" && ownersIn(effect.text).includes(dave.peerId))) deniedAt ??= at;
    }
    expect(deniedAt).toBeGreaterThanOrEqual(NOW + 10_000);
    expect(deniedAt).toBeLessThanOrEqual(NOW + 12_000);
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
