import type { PeerId } from "../identity/id.ts";
import { LIMITS } from "../limits.ts";

/**
 * Whom a peer keeps links with. Up to 32 members: everyone. Beyond, the members at distances 1, 2, 4, 8, … on the ring
 * of sorted ids, both ways, so that the graph is connected and every peer is a few steps from every other.
 */
export function linkTargets(self: PeerId, members: readonly PeerId[]): readonly PeerId[] {
  const others = members.filter((peer) => peer !== self);
  if (others.length < LIMITS.fullMeshPeers) return others;
  const ring = [...others, self].sort();
  const own = ring.indexOf(self);
  const targets = new Set<PeerId>();
  for (let distance = 1; distance <= ring.length / 2; distance *= 2) {
    for (const index of [own + distance, own - distance]) {
      const peer = ring[(index + ring.length) % ring.length];
      if (peer !== undefined && peer !== self) targets.add(peer);
    }
  }
  return [...targets].sort();
}
