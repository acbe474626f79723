import { describe, expect, it } from "vitest";
import * as LIMITS from "../../src/limits.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/time.ts";
import {
  admissionOf,
  hashed,
  hexFromBytes,
  identityOf,
  NOW,
  peerBody,
  recordOf,
  revocationOf,
  serviceBody,
  serviceIdOf,
} from "../support/fixtures.ts";
import { memberLink, refusalsOf } from "../support/member-link.ts";
import { RawLink } from "../support/raw-link.ts";

const alice = identityOf("alice");
const bobId = identityOf("bob").peerId;
const carol = identityOf("carol");
const serviceId = serviceIdOf("web");
const serviceAt = (at: number, name = "web") =>
  recordOf(alice, "service", serviceId, { body: serviceBody(bobId, { name }) }, { at });
const note = (owner: typeof alice, id: string, head: Parameters<typeof recordOf>[4] = {}) =>
  recordOf(owner, "app.note", id, { body: { text: id } }, head);

describe("what is deleted or ended", () => {
  it("a tombstone takes the place of a live record whatever the version, and nothing takes its place", () => {
    const { bob, link } = memberLink();
    const tombstone = recordOf(alice, "service", serviceId, { deleted: true }, { at: NOW - HOUR_MS });
    link.push(serviceAt(NOW));
    link.push(tombstone);
    link.push(serviceAt(NOW + MINUTE_MS), serviceAt(NOW - 2 * HOUR_MS));
    expect(bob.node.registry.get("service", alice.peerId, serviceId)).toEqual(tombstone);
    expect(bob.node.registry.live("service")).toEqual([]);
  });

  it("a tombstone may come before what it deletes", () => {
    const { bob, link } = memberLink();
    link.push(recordOf(alice, "service", serviceId, { deleted: true }, { at: NOW - HOUR_MS }));
    link.push(serviceAt(NOW));
    expect(bob.node.registry.live("service")).toEqual([]);
  });

  it("nobody deletes what another owns", () => {
    const { bob, link } = memberLink({ others: [carol] });
    link.push(note(carol, "x"));
    link.push({ ...recordOf(alice, "app.note", "x", { deleted: true }, { at: NOW }), owner: carol.peerId });
    link.push({
      ...recordOf(alice, "app.note", "x", { deleted: true }, { at: NOW }),
      owner: carol.peerId,
      key: note(carol, "x").key,
    });
    expect(bob.node.registry.live("app.note")).toHaveLength(1);
    expect(refusalsOf(bob)).toEqual(["record_key_mismatch × 1", "record_signature_invalid × 1"]);
  });

  it("a peer that left takes its records with it but for the lasting ones, and nothing of it comes back", () => {
    const { bob, link } = memberLink({ others: [carol] });
    const left = recordOf(carol, "peer", carol.peerId, { deleted: true });
    const dave = identityOf("dave");
    link.push(note(carol, "x"), admissionOf(carol, dave.peerId), note(dave, "y"));
    link.push(left);
    expect(bob.node.registry.live("app.note").map(({ id }) => id)).toEqual(["y"]);
    expect(bob.node.peers.isMember(dave.peerId)).toBe(true);
    expect(bob.node.peers.get(carol.peerId)?.standing).toBe("left");
    link.push(
      note(carol, "z", { at: NOW }),
      recordOf(carol, "peer", carol.peerId, { body: peerBody(carol.peerId, "carol") }, { at: NOW }),
    );
    expect(bob.node.registry.live("app.note")).toHaveLength(1);
    expect(bob.node.peers.isMember(carol.peerId)).toBe(false);
    expect([...bob.stored.values()].filter(({ owner, kind }) => owner === carol.peerId && kind === "app.note")).toEqual(
      [],
    );
  });

  it("a revoked peer's records end, its admissions and revocations stay", () => {
    const { bob, link } = memberLink({ others: [carol] });
    const [dave, erin] = [identityOf("dave"), identityOf("erin")];
    link.push(
      note(carol, "x"),
      admissionOf(carol, dave.peerId),
      admissionOf(alice, erin.peerId),
      revocationOf(carol, erin.peerId),
    );
    link.push(revocationOf(alice, carol.peerId));
    expect(bob.node.peers.get(carol.peerId)?.standing).toBe("revoked");
    expect(bob.node.peers.isMember(dave.peerId)).toBe(true);
    expect(bob.node.peers.isMember(erin.peerId)).toBe(false);
    expect(bob.node.registry.live("app.note")).toEqual([]);
  });

  it("a member that is revoked over its own link is told and cut off", () => {
    const { bob, link } = memberLink({ others: [carol] });
    bob.handle(
      {
        type: "write",
        kind: "revocation",
        id: alice.peerId,
        body: { reason: "lost", revoked_at: "2026-01-15T12:00:00Z" },
      },
      NOW,
    );
    const told = bob.steps.at(-1)?.effects.filter((effect) => effect.type === "send" || effect.type === "close");
    expect(told?.map(({ type }) => type)).toEqual(["send", "close"]);
    expect(link.push(note(alice, "x")).rejection).toMatchObject({ code: "message_unexpected" });
  });
});

describe("two contents under one version", () => {
  const twins = [serviceAt(NOW, "one"), serviceAt(NOW, "two")];
  const larger = twins.toSorted((a, b) => (hexFromBytes(hashed(a).hash) < hexFromBytes(hashed(b).hash) ? 1 : -1))[0];

  it.each([
    ["as they come", twins],
    ["the other way round", twins.toReversed()],
  ])("%s: the larger hash is kept, both are shown", (_, order) => {
    const { bob, link } = memberLink();
    for (const record of order) link.push(record);
    expect(bob.node.registry.get("service", alice.peerId, serviceId)).toEqual(larger);
    const shown = bob.notices.find((notice) => notice.type === "equivocation");
    expect(shown).toMatchObject({ kept: larger, other: twins.find((record) => record !== larger) });
    expect(bob.node.cluster.equivocations).toEqual({
      count: 1,
      evidence: [{ kept: shown?.kept, other: shown?.other }],
    });
    expect(link.closedWith).toBeUndefined();
  });

  it("are all counted, and the latest sixteen are kept", () => {
    const { bob, link } = memberLink();
    const ids = Array.from({ length: LIMITS.evidenceKept + 4 }, (_, index) => `n${index}`);
    for (const id of ids)
      for (const text of ["one", "two"]) link.push(recordOf(alice, "app.note", id, { body: { text } }));
    const { count, evidence } = bob.node.cluster.equivocations;
    expect(count).toBe(ids.length);
    expect(evidence.map(({ kept }) => kept.id)).toEqual(ids.slice(-LIMITS.evidenceKept));
  });
});

describe("one's own records from elsewhere", () => {
  const bob = identityOf("bob");

  it("one that this peer wrote before its start is taken back", () => {
    const { bob: peer, link } = memberLink();
    const older = note(bob, "x", { at: NOW - HOUR_MS });
    link.push(older);
    expect(peer.node.registry.get("app.note", bob.peerId, "x")).toEqual(older);
    expect(peer.node.cluster.isCloned).toBe(false);
  });

  it("one from after the start that it did not write is a clone's: it stops writing, for good, and says so", () => {
    const { bob: peer, link } = memberLink();
    link.push(note(bob, "x", { at: NOW }));
    expect(peer.node.cluster.isCloned).toBe(true);
    expect(peer.flags).toEqual({ isCloned: true });
    expect(peer.notices).toContainEqual({ type: "cloned" });
    expect(
      peer.handle({ type: "write", kind: "peer", id: peer.id, body: peerBody(peer.id, "bob") }, NOW).rejection,
    ).toMatchObject({ code: "identity_cloned" });
    peer.restart(NOW + HOUR_MS);
    expect(peer.node.cluster.isCloned).toBe(true);
  });

  it("its own write coming back is no clone's", () => {
    const { bob: peer, link } = memberLink();
    const { record } = peer.bootstrap(NOW);
    if (record === undefined) throw new Error("the write was made");
    const later = peer.handle(
      { type: "write", kind: "peer", id: peer.id, body: peerBody(peer.id, "bob", { description: "later" }) },
      NOW,
    ).record;
    link.push(record);
    if (later !== undefined) link.push(later);
    expect(peer.node.cluster.isCloned).toBe(false);
  });

  it("its own tombstone that it pruned already, and a neighbour has not, is no clone's", () => {
    const startedAt = NOW - 31 * DAY_MS;
    const { bob: peer } = memberLink({ startedAt });
    peer.handle({ type: "write", kind: "service", id: serviceId, body: serviceBody(alice.peerId) }, startedAt);
    const { record } = peer.handle({ type: "delete", kind: "service", id: serviceId }, startedAt);
    if (record === undefined) throw new Error("the deletion was made");
    for (let at = startedAt; at <= NOW; at += DAY_MS / 4) peer.handle({ type: "wake" }, at);
    expect(peer.node.registry.get("service", bob.peerId, serviceId)).toBeUndefined();
    const again = memberLinkOf(peer);
    again.push(record);
    expect(peer.node.cluster.isCloned).toBe(false);
  });
});

function memberLinkOf(peer: Parameters<typeof refusalsOf>[0]): RawLink {
  const link = new RawLink(peer, { now: NOW });
  if (!link.handshake(alice)) throw new Error("a member is let in");
  return link;
}
