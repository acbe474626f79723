import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/time.ts";
import { issueVoucher } from "../../src/trust/voucher.ts";
import {
  admissionOf,
  crypto,
  identityOf,
  licenseOf,
  NOW,
  peerBody,
  recordOf,
  revocationOf,
} from "../support/fixtures.ts";
import { memberLink } from "../support/member-link.ts";
import { RawLink } from "../support/raw-link.ts";
import type { TestPeer } from "../support/test-peer.ts";

const [alice, bob, carol, dave] = ["alice", "bob", "carol", "dave"].map((name) => identityOf(name)) as [
  ReturnType<typeof identityOf>,
  ReturnType<typeof identityOf>,
  ReturnType<typeof identityOf>,
  ReturnType<typeof identityOf>,
];
const { customer_id: customerId } = licenseOf();
const voucherFor = (subject: typeof bob, signer: typeof alice, at: number) =>
  issueVoucher(crypto, signer, { peerId: subject.peerId, publicKey: subject.publicKey }, customerId, at);
/** carol is a member whom bob has not met. */
const withCarol = () =>
  memberLink({
    others: [carol],
    records: [recordOf(carol, "peer", carol.peerId, { body: peerBody(carol.peerId, "carol") })],
  });
/** How a peer dials carol after a start at this time. */
const dialsOf = (peer: TestPeer, at: number) => {
  peer.restart(at);
  const effects = [1, 2, 3].flatMap((minutes) => [...peer.handle({ type: "wake" }, at + minutes * MINUTE_MS).effects]);
  return effects.filter((effect) => effect.type === "dial" && effect.peer === carol.peerId);
};
const wantedOn = (link: RawLink) => link.heard.filter(({ type }) => type === "voucher_wanted").length;

describe("a newcomer's voucher", () => {
  it("is kept over a restart, and shown at the door of a member whom it has not met", () => {
    const { bob: peer, link } = withCarol();
    const voucher = voucherFor(bob, alice, NOW);
    link.say({ type: "voucher", voucher: voucher as never });
    expect(dialsOf(peer, NOW + HOUR_MS)).toEqual([expect.objectContaining({ voucher })]);
  });
  it("is asked for anew within six hours of its end, of the member that gave it", () => {
    for (const [ageMs, asked] of [
      [17 * HOUR_MS, 0],
      [19 * HOUR_MS, 1],
    ] as const) {
      const { link } = withCarol();
      link.say({ type: "voucher", voucher: voucherFor(bob, alice, NOW - ageMs) as never });
      link.wake(NOW + 11 * MINUTE_MS);
      expect(wantedOn(link)).toBe(asked);
    }
  });
  it("is not asked for when all members were met", () => {
    const { link } = memberLink();
    link.say({ type: "voucher", voucher: voucherFor(bob, alice, NOW - 19 * HOUR_MS) as never });
    link.wake(NOW + 11 * MINUTE_MS);
    expect(wantedOn(link)).toBe(0);
  });
  it("that another one signed, or that is for another one, is not taken", () => {
    const inHerName = voucherFor(bob, { ...alice, peerId: carol.peerId }, NOW);
    for (const voucher of [voucherFor(bob, carol, NOW), voucherFor(carol, alice, NOW), inHerName]) {
      const { bob: peer, link } = withCarol();
      link.say({ type: "voucher", voucher: voucher as never });
      expect(dialsOf(peer, NOW + HOUR_MS)).toEqual([expect.not.objectContaining({ voucher: expect.anything() })]);
    }
  });
});

describe("a member that is asked for a voucher", () => {
  it("gives one, once a minute at most", () => {
    const { link } = memberLink();
    const given = () => link.heard.filter(({ type }) => type === "voucher").length;
    for (let count = 0; count < 5; count += 1) link.say({ type: "voucher_wanted" });
    expect(given()).toBe(1);
    link.now += 2 * MINUTE_MS;
    link.say({ type: "voucher_wanted" });
    expect(given()).toBe(2);
  });
});

describe("a stranger that a voucher let in", () => {
  const guest = () => {
    const { bob: peer, link } = memberLink({ others: [carol] });
    const stranger = new RawLink(peer, { voucher: voucherFor(dave, carol, NOW) });
    return { peer, link, stranger };
  };

  it("is let in while its signer is a member, and sent away when the signer is revoked", () => {
    const { peer, link, stranger } = guest();
    // carol's key is known by a record of hers.
    link.push(recordOf(carol, "peer", carol.peerId, { body: peerBody(carol.peerId, "carol") }));
    expect(stranger.handshake(dave)).toBe(true);
    const { effects } = link.push(revocationOf(alice, carol.peerId));
    expect(effects).toContainEqual(expect.objectContaining({ type: "close", link: stranger.id }));
    expect(peer.node.peers.get(dave.peerId)?.link).toBeUndefined();
  });
  it("is entered in no book, however many there are, until it is a member", () => {
    const { peer, link } = guest();
    link.push(recordOf(carol, "peer", carol.peerId, { body: peerBody(carol.peerId, "carol") }));
    const noted = () =>
      peer.steps.flatMap(({ effects }) => effects.flatMap((effect) => (effect.type === "persist" ? effect.book : [])));
    const before = noted().length;
    const guests = Array.from({ length: 5 }, (_, index) => identityOf(`guest ${index}`));
    const links = guests.map((one) => new RawLink(peer, { voucher: voucherFor(one, carol, NOW) }));
    expect(links.map((one, index) => one.handshake(guests[index] ?? dave))).toEqual(guests.map(() => true));
    for (const one of links.slice(1)) peer.handle({ type: "closed", link: one.id }, NOW);
    expect(noted()).toHaveLength(before);
    const [first] = guests;
    if (first === undefined) throw new Error("there are guests");
    link.push(admissionOf(carol, first.peerId));
    expect(noted().slice(before)).toEqual([expect.objectContaining({ peer: first.peerId, reachability: "connected" })]);
    expect(peer.node.peers.get(first.peerId)).toMatchObject({ reachability: "connected", lastSeenAt: NOW });
  });
  it("stays where its admission came before", () => {
    const { link, stranger } = guest();
    link.push(recordOf(carol, "peer", carol.peerId, { body: peerBody(carol.peerId, "carol") }));
    expect(stranger.handshake(dave)).toBe(true);
    link.push(admissionOf(carol, dave.peerId));
    const { effects } = link.push(revocationOf(alice, carol.peerId));
    expect(effects.some((effect) => effect.type === "close" && effect.link === stranger.id)).toBe(false);
  });
  it("cannot pass the door on: a voucher by one who is only vouched for opens nothing", () => {
    const { peer, link, stranger } = guest();
    link.push(recordOf(carol, "peer", carol.peerId, { body: peerBody(carol.peerId, "carol") }));
    expect(stranger.handshake(dave)).toBe(true);
    const erin = identityOf("erin");
    expect(new RawLink(peer, { voucher: voucherFor(erin, dave, NOW) }).handshake(erin)).toBe(false);
  });
  it("is not let in by a voucher whose time is over", () => {
    const { peer, link } = guest();
    link.push(recordOf(carol, "peer", carol.peerId, { body: peerBody(carol.peerId, "carol") }));
    const old = new RawLink(peer, { voucher: voucherFor(dave, carol, NOW - DAY_MS - HOUR_MS) });
    expect(old.handshake(dave)).toBe(false);
  });
});
