import type { ClusterNode, PeerId, RegistryHashes } from "@arctic/core";
import type { Clock } from "../clock.ts";

const LOOK_EVERY_MS = 10_000;

/** Since when each linked peer's registry differs from this one's. */
export class HashWatch {
  readonly #clock: Clock;
  readonly #sinceMsByPeer = new Map<PeerId, number>();
  readonly #cancel: () => void;

  constructor(clock: Clock, node: () => ClusterNode | undefined) {
    this.#clock = clock;
    this.#cancel = clock.every(LOOK_EVERY_MS, () => this.#look(node()));
  }

  /** 0 where the peer said last that it holds the same. */
  differsForMs(peer: PeerId): number {
    const sinceMs = this.#sinceMsByPeer.get(peer);
    return sinceMs === undefined ? 0 : this.#clock.elapsedMs() - sinceMs;
  }

  stop(): void {
    this.#cancel();
  }

  #look(node: ClusterNode | undefined): void {
    if (node === undefined) return;
    const own = node.registry.hashes;
    const groups = Object.keys(own) as (keyof RegistryHashes)[];
    const differing = new Set<PeerId>();
    for (const [peerId, hashes] of node.peers.hashes()) {
      if (groups.every((group) => hashes[group] === own[group])) continue;
      differing.add(peerId);
      if (!this.#sinceMsByPeer.has(peerId)) this.#sinceMsByPeer.set(peerId, this.#clock.elapsedMs());
    }
    for (const peer of this.#sinceMsByPeer.keys()) if (!differing.has(peer)) this.#sinceMsByPeer.delete(peer);
  }
}
