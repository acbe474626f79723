import { describe, expect, it } from "vitest";
import { type PeerId, peerIdFromKey } from "../../src/identity/id.ts";
import { introducersFrom, Membership, type MembershipFacts, membershipFrom } from "../../src/trust/membership.ts";
import { crypto, identityOf, NOW } from "../support/fixtures.ts";

const [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map((name) => identityOf(name).peerId) as [
  PeerId,
  PeerId,
  PeerId,
  PeerId,
  PeerId,
];
const admit = (introducer: PeerId, newcomer: PeerId) => ({ introducer, newcomer });
const revoke = (revoker: PeerId, revoked: PeerId) => ({ revoker, revoked });
const membershipOf = (facts: Partial<MembershipFacts>) =>
  membershipFrom({ self: a, admissions: [], revocations: [], left: [], ...facts });
const members = (facts: Partial<MembershipFacts>) => membershipOf(facts).members();
const standings = (membership: Membership) => [...membership.admitted()].sort();

describe("membership", () => {
  it("a peer alone is a member of its own", () => {
    expect(members({})).toEqual([a]);
  });
  it("reaches along chains of admissions, in their direction only", () => {
    const admissions = [admit(a, b), admit(b, c), admit(d, a)];
    expect(members({ admissions })).toEqual([a, b, c].sort());
  });
  it("goes round in circles once", () => {
    expect(members({ admissions: [admit(a, b), admit(b, a), admit(b, c), admit(c, b)] })).toEqual([a, b, c].sort());
  });
  it("is the same whatever came first", () => {
    const admissions = [admit(a, b), admit(b, c), admit(c, d), admit(a, d), admit(d, e)];
    const revocations = [revoke(c, b), revoke(d, e)];
    const one = membershipOf({ admissions, revocations });
    const other = membershipOf({ admissions: admissions.toReversed(), revocations: revocations.toReversed() });
    expect(standings(other)).toEqual(standings(one));
    expect(introducersFrom(a, admissions.toReversed())).toEqual(introducersFrom(a, admissions));
  });
  it("an introducer that was revoked or has left still counts as a step", () => {
    const admissions = [admit(a, b), admit(b, c)];
    expect(members({ admissions, revocations: [revoke(a, b)] })).toEqual([a, c].sort());
    expect(members({ admissions, left: [b] })).toEqual([a, c].sort());
  });
  it("two that revoke each other are both out", () => {
    const admissions = [admit(a, b), admit(a, c)];
    expect(members({ admissions, revocations: [revoke(b, c), revoke(c, b)] })).toEqual([a]);
  });
  it("a revocation by somebody who was never admitted is nothing", () => {
    expect(members({ admissions: [admit(a, b)], revocations: [revoke(e, b)] })).toEqual([a, b].sort());
  });
  it("a revocation by one who was revoked counts, so that the order of two revocations never matters", () => {
    const admissions = [admit(a, b), admit(a, c), admit(a, d)];
    expect(members({ admissions, revocations: [revoke(b, c), revoke(c, d)] })).toEqual([a, b].sort());
  });
  it("a revocation outweighs a leaving", () => {
    const membership = membershipOf({ admissions: [admit(a, b)], revocations: [revoke(a, b)], left: [b] });
    expect(membership.standingOf(b)).toBe("revoked");
  });
  it("what ends an id ends every id of its key, admitted before or after", () => {
    const { publicKey } = identityOf("b");
    const again = peerIdFromKey(crypto, publicKey, NOW);
    expect(again).not.toBe(b);
    const admissions = [admit(a, b), admit(a, again)];
    expect(members({ admissions, revocations: [revoke(a, b)] })).toEqual([a]);
    expect(members({ admissions, left: [again] })).toEqual([a]);
    const unadmitted = membershipOf({ admissions: [admit(a, c)], revocations: [revoke(a, b)] });
    expect(unadmitted.standingOf(again)).toBe("revoked");
    expect(unadmitted.isAdmitted(again)).toBe(false);
  });
  it("this peer itself can be out", () => {
    expect(members({ admissions: [admit(a, b)], revocations: [revoke(b, a)] })).toEqual([b]);
  });
  it("names who introduced whom", () => {
    expect(introducersFrom(a, [admit(a, b), admit(b, c)])).toEqual(
      new Map([
        [b, a],
        [c, b],
      ]),
    );
  });
  it("leads to the same, fact by fact or all at once", () => {
    const admissions = [admit(a, b), admit(b, c), admit(c, d)];
    const grown = membershipOf({});
    for (const { newcomer } of admissions) grown.admit(newcomer);
    grown.end(b, "left");
    grown.end(c, "revoked");
    grown.end(c, "left");
    expect(standings(grown)).toEqual(
      standings(membershipOf({ admissions, revocations: [revoke(a, c)], left: [b, c] })),
    );
  });
  it("answers one list of members until something changes", () => {
    const membership = membershipOf({ admissions: [admit(a, b)] });
    const before = membership.members();
    expect(membership.members()).toBe(before);
    membership.admit(b);
    expect(membership.members()).toBe(before);
    membership.admit(c);
    expect(membership.members()).toEqual([a, b, c].sort());
    expect(before).toHaveLength(2);
  });
  it("begins with what another one holds, and leaves it as it is", () => {
    const base = membershipOf({ admissions: [admit(a, b), admit(a, c)] }).base();
    const forked = membershipFrom({ self: b, admissions: [], revocations: [], left: [] });
    expect(forked.members()).toEqual([b]);
    const begun = new Membership(b, base);
    expect(begun.members()).toBe(base.members);
    begun.end(c, "left");
    expect(begun.members()).toEqual([a, b].sort());
    expect(new Membership(a, base).members()).toEqual([a, b, c].sort());
  });
});
