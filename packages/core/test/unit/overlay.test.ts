import { describe, expect, it } from "vitest";
import { neighboursOf as drawn, nextDrawAt } from "../../src/gossip/overlay.ts";
import type { PeerId } from "../../src/identity/id.ts";
import { HOUR_MS } from "../../src/time.ts";
import { identityOf, NOW } from "../support/fixtures.ts";

const peers = Array.from({ length: 500 }, (_, index) => identityOf(`peer ${index}`).peerId);

const linkTargets = (self: PeerId, members: readonly PeerId[], now = NOW) =>
  [...drawn(self, members, now).targets].sort();

/** Whom a peer dials before all others. */
const firstDialled = (self: PeerId, members: readonly PeerId[]) => {
  const { targets, dialled } = drawn(self, members, NOW);
  return [...targets].slice(0, 6).filter((peer) => dialled.has(peer));
};

/** Who links with whom: a link is kept by both ends, whoever wished for it. */
function neighboursOf(members: readonly PeerId[], targetsOf = linkTargets): Map<PeerId, Set<PeerId>> {
  const neighbours = new Map<PeerId, Set<PeerId>>(members.map((peer) => [peer, new Set()]));
  for (const peer of members)
    for (const target of targetsOf(peer, members)) {
      neighbours.get(peer)?.add(target);
      neighbours.get(target)?.add(peer);
    }
  return neighbours;
}

function stepsToAll(neighbours: ReadonlyMap<PeerId, ReadonlySet<PeerId>>, from: PeerId, without?: PeerId): number {
  const reached = new Set([from]);
  let edge = [from];
  for (let steps = 0; ; steps += 1) {
    edge = edge.flatMap((peer) =>
      [...(neighbours.get(peer) ?? [])].filter((next) => next !== without && !reached.has(next)),
    );
    for (const peer of edge) reached.add(peer);
    edge = [...new Set(edge)];
    if (edge.length === 0)
      return reached.size === neighbours.size - (without === undefined ? 0 : 1) ? steps : Number.POSITIVE_INFINITY;
  }
}

describe("the overlay", () => {
  it("up to 32 peers everyone links with everyone", () => {
    for (const count of [1, 2, 31, 32]) {
      const members = peers.slice(0, count);
      for (const peer of members) expect(linkTargets(peer, members)).toHaveLength(count - 1);
    }
  });
  it.each([33, 50, 100, 255, 256, 257, 500])("%i peers are connected in a few steps, by few links each", (count) => {
    const neighbours = neighboursOf(peers.slice(0, count));
    const [first] = neighbours.keys();
    if (first === undefined) throw new Error("there are peers");
    expect(stepsToAll(neighbours, first)).toBeLessThanOrEqual(Math.ceil(Math.log2(count)));
    for (const set of neighbours.values()) expect(set.size).toBeLessThanOrEqual(2 * (Math.ceil(Math.log2(count)) + 3));
  });
  it.each([33, 100, 500])("of %i peers the first six of each, dialled by one of two, connect everybody", (count) => {
    const neighbours = neighboursOf(peers.slice(0, count), firstDialled);
    const [first] = neighbours.keys();
    if (first === undefined) throw new Error("there are peers");
    expect(stepsToAll(neighbours, first)).toBeLessThanOrEqual(Math.ceil(Math.log2(count)));
  });
  it("stays connected without any one peer", () => {
    const neighbours = neighboursOf(peers.slice(0, 40));
    const names = [...neighbours.keys()];
    for (const [index, without] of names.entries()) {
      const from = names[(index + 1) % names.length];
      if (from !== undefined) expect(stepsToAll(neighbours, from, without)).toBeLessThan(8);
    }
  });
  it("wishes are mutual, and nobody links with itself", () => {
    const members = peers.slice(0, 70);
    for (const peer of members) {
      const targets = linkTargets(peer, members);
      expect(targets).not.toContain(peer);
      for (const target of targets) expect(linkTargets(target, members)).toContain(peer);
    }
  });
  it("is the same whatever order the members come in", () => {
    const members = peers.slice(0, 70);
    const [self] = members;
    if (self !== undefined) expect(linkTargets(self, members.toReversed())).toEqual(linkTargets(self, members));
  });
  it("is drawn anew slowly: the next draw changes few links, and after a day most are others", () => {
    const members = peers.slice(0, 200);
    const [self] = members;
    if (self === undefined) throw new Error("there are peers");
    const now = new Set(linkTargets(self, members));
    const stayed = (at: number) => linkTargets(self, members, at).filter((peer) => now.has(peer)).length;
    expect(stayed(nextDrawAt(members.length, NOW) - 1)).toBe(now.size);
    expect(stayed(nextDrawAt(members.length, NOW))).toBeGreaterThanOrEqual(now.size - 2);
    expect(stayed(NOW + 25 * HOUR_MS)).toBeLessThan(now.size / 2);
  });
  it.each([2, 3, 10, 33, 200])(
    "of %i peers every one is watched by another, and nobody watches more than two",
    (count) => {
      const members = peers.slice(0, count);
      const watched = new Map<PeerId, number>();
      for (const peer of members) {
        const own = drawn(peer, members, NOW).watched;
        expect(own.length).toBeLessThanOrEqual(2);
        const [first] = own;
        if (first !== undefined) watched.set(first.peer, first.everyMs);
      }
      expect([...watched.keys()].sort()).toEqual([...members].sort());
      expect(new Set(watched.values())).toEqual(new Set([3000]));
    },
  );
});
