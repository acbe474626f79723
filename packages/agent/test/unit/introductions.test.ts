import type { PeerId } from "@arctic/core";
import { describe, expect, it } from "vitest";
import { type Admission, introductionsBy } from "../../src/api/resources/introductions.ts";

const peer = (name: string) => `peer_${name}` as PeerId;
const admission = (introducer: string, newcomer: string, version: number): Admission => ({
  introducer: peer(introducer),
  newcomer: peer(newcomer),
  version,
});
/** Both sides of a first contact; who dialled is a moment later. */
const contact = (dialler: string, other: string, version: number) => [
  admission(other, dialler, version),
  admission(dialler, other, version + 1),
];
const names = (introductions: readonly { peerId: PeerId }[]) => introductions.map(({ peerId }) => peerId.slice(5));

describe("whom a peer brought in", () => {
  // A founded the cluster and added B and D; B added C; C added E.
  const cluster = [
    ...contact("A", "B", 10),
    ...contact("B", "C", 20),
    ...contact("A", "D", 30),
    ...contact("C", "E", 40),
  ];

  it("is who came by it, and by those, but not who was there before", () => {
    expect(names(introductionsBy(peer("B"), peer("A"), cluster).brought)).toEqual(["C", "E"]);
    expect(names(introductionsBy(peer("C"), peer("A"), cluster).brought)).toEqual(["E"]);
    expect(names(introductionsBy(peer("D"), peer("A"), cluster).brought)).toEqual([]);
  });

  it("is never the one that asks, nor the one by which it came itself", () => {
    // D, whom A added, looks at B: A founded the cluster and is not B's.
    expect(names(introductionsBy(peer("B"), peer("D"), cluster).brought)).toEqual(["C", "E"]);
    // E, whom C added, looks at A.
    expect(names(introductionsBy(peer("A"), peer("E"), cluster).brought)).toEqual(["D"]);
  });

  it("stays so where a newcomer made others admit it again later", () => {
    const again = [...cluster, admission("E", "D", 50), admission("D", "E", 60)];
    const { brought } = introductionsBy(peer("C"), peer("A"), again);
    expect(brought).toEqual([{ peerId: peer("E"), introducedBy: peer("C"), alsoAdmittedBy: [peer("D")] }]);
    expect(names(introductionsBy(peer("D"), peer("A"), again).shared)).toEqual(["E"]);
  });

  it("takes in a thousand in a moment", () => {
    const many = Array.from({ length: 1_000 }, (_, index) => contact("B", `S${index}`, 100 + index)).flat();
    const cross = Array.from({ length: 999 }, (_, index) => admission(`S${index}`, `S${index + 1}`, 5_000)).flat();
    expect(introductionsBy(peer("B"), peer("A"), [...cluster, ...many, ...cross]).brought).toHaveLength(1_002);
  });
});
