import { describe, expect, it } from "vitest";
import { neighboursOf } from "../../src/gossip/overlay.ts";
import type { Effect } from "../../src/node/effect.ts";
import { MINUTE_MS, SECOND_MS } from "../../src/time.ts";
import { issueVoucher } from "../../src/trust/voucher.ts";
import { admissionOf, CUSTOMER, crypto, identityOf, licenseOf, NOW, peerBody, recordOf } from "../support/fixtures.ts";
import { memberLink } from "../support/member-link.ts";
import { RawLink } from "../support/raw-link.ts";

const VICTIM = "victim.example:443";
const [alice, carol] = [identityOf("alice"), identityOf("carol")];

/** bob, whose other member is carol, after alice let in as many strangers, each of which says that it lives at the victim's address, or at its own. */
function crowded(count: number, addressOf: (index: number) => string = () => VICTIM) {
  const license = licenseOf({ max_nodes: 16 });
  const world = memberLink({ license, records: [admissionOf(identityOf("bob"), carol.peerId)] });
  const strangers = Array.from({ length: count }, (_, index) => identityOf(`stranger ${index}`));
  const said = strangers.flatMap((stranger, index) => [
    admissionOf(alice, stranger.peerId),
    recordOf(stranger, "peer", stranger.peerId, {
      body: peerBody(stranger.peerId, `s${index}`, { addresses: [addressOf(index)] }),
    }),
  ]);
  const effects: Effect[] = [];
  for (let from = 0; from < said.length; from += 500)
    effects.push(...world.link.push(...said.slice(from, from + 500)).effects);
  return { ...world, license, strangers, effects };
}

describe("a member that lets in hundreds of strangers", () => {
  it("makes no flood of them: the few that are neighbours are dialled, and then left alone", {
    timeout: 30_000,
  }, () => {
    const { bob, link, strangers, effects } = crowded(300);
    expect(bob.node.peers.list()).toHaveLength(strangers.length + 2);
    const dials = effects.filter((effect) => effect.type === "dial");
    for (let at = NOW, failed = 0; at < NOW + 10 * MINUTE_MS; at = Math.max(at + SECOND_MS, bob.node.wakeAt)) {
      link.now = at;
      const steps = [bob.handle({ type: "wake" }, at)];
      for (; failed < dials.length; failed += 1)
        steps.push(bob.handle({ type: "dial_failed", dial: dials[failed]?.dial ?? "", reason: "no answer" }, at));
      dials.push(...steps.flatMap((step) => step.effects.filter((effect) => effect.type === "dial")));
    }
    const addresses = new Set(dials.map(({ address }) => address));
    expect([...addresses]).toEqual([VICTIM]);
    expect(dials.length).toBeGreaterThan(4);
    // Four tries each, and now and then one of those that are gone.
    expect(dials.length).toBeLessThan(4 * (2 * Math.log2(strangers.length) + 6) + 40);
  });

  it("dials its six nearest neighbours at once, and the others one after the other", () => {
    const { bob, link, strangers, effects } = crowded(100, (index) => `${index}.example:443`);
    const dials = [...effects];
    const firstDialAtByAddress = new Map<string, number>();
    for (let at = NOW; at < NOW + MINUTE_MS; at = Math.max(at + 50, bob.node.wakeAt)) {
      link.now = at;
      dials.push(...bob.handle({ type: "wake" }, at).effects);
      for (const effect of dials.splice(0))
        if (effect.type === "dial" && !firstDialAtByAddress.has(effect.address))
          firstDialAtByAddress.set(effect.address, at);
    }
    const members = bob.node.peers.list().flatMap(({ peerId, standing }) => (standing === "member" ? [peerId] : []));
    const { dialled, targets } = neighboursOf(bob.identity.peerId, [...members, bob.identity.peerId].sort(), NOW);
    const [near, far] = [[...targets].slice(0, 6), [...targets].slice(6)];
    const dialledAt = (peer: string) =>
      firstDialAtByAddress.get(`${strangers.findIndex(({ peerId }) => peerId === peer)}.example:443`);
    const times = (peers: readonly string[]) => peers.flatMap((peer) => dialledAt(peer) ?? []);
    const nearAt = times(near.filter((peer) => dialled.has(peer)));
    const farAt = times(far).sort((a, b) => a - b);
    expect(targets.size).toBeGreaterThan(12);
    expect(farAt.length).toBeGreaterThanOrEqual(far.length - 1);
    expect(Math.max(...nearAt)).toBeLessThan(Math.min(...farAt));
    for (const [index, at] of farAt.entries()) {
      const fourth = farAt[index + 3];
      if (fourth !== undefined) expect(fourth - at).toBeGreaterThanOrEqual(SECOND_MS);
    }
  });

  it("opens no door: the cluster is full, and nobody is put out for it", () => {
    const { bob, license, strangers } = crowded(20);
    expect(bob.handle({ type: "join", address: "far.example:1", hosts: ["192.0.2.7"] }, NOW).rejection).toMatchObject({
      code: "node_limit_exceeded",
    });
    const [first] = strangers;
    if (first === undefined) throw new Error("there are strangers");
    expect(bob.node.peers.isMember(first.peerId)).toBe(true);
    expect(new RawLink(bob, { remoteHost: "192.0.2.7" }).handshake(identityOf("one more"), license)).toBe(false);
  });

  it("is put out with all of them: their links are closed, and nothing more of theirs arrives", {
    timeout: 30_000,
  }, () => {
    const { bob, link, license, strangers } = crowded(100);
    const [near] = strangers;
    if (near === undefined) throw new Error("there are strangers");
    const nearsLink = new RawLink(bob);
    const carolsLink = new RawLink(bob);
    expect([nearsLink.handshake(near, license), carolsLink.handshake(carol, license)]).toEqual([true, true]);
    const closed: string[] = [];
    for (const { peerId } of [alice, ...strangers]) {
      const body = { reason: "test", revoked_at: "2026-01-15T12:00:00Z" };
      const { effects, rejection } = bob.handle({ type: "write", kind: "revocation", id: peerId, body }, NOW);
      expect(rejection).toBeUndefined();
      closed.push(...effects.flatMap((effect) => (effect.type === "close" ? [effect.link] : [])));
    }
    expect(closed).toEqual([link.id, nearsLink.id]);
    expect(bob.node.peers.list().flatMap(({ peerId, standing }) => (standing === "member" ? [peerId] : []))).toEqual([
      carol.peerId,
    ]);

    const late = identityOf("let in by one who is out");
    for (const signer of [alice, near])
      for (const newcomer of [near, late]) {
        const voucher = issueVoucher(crypto, signer, newcomer, CUSTOMER, NOW);
        expect(new RawLink(bob, { voucher }).handshake(newcomer, license)).toBe(false);
      }
    // carol has not heard of it yet and passes on what they write.
    carolsLink.push(recordOf(near, "app.note", "x", { body: {} }, { at: NOW }));
    expect(bob.node.registry.live("app.note")).toEqual([]);
    carolsLink.push(recordOf(carol, "app.note", "x", { body: {} }, { at: NOW }));
    expect(bob.node.registry.live("app.note")).toHaveLength(1);
  });
});
