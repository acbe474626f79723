import * as z from "zod";
import type { DesiredTunnelPeer } from "../kernel/desired.ts";
import { HANDSHAKE_FRESH_MS, type WireguardPeer, type WireguardPeerStatus } from "./wireguard.ts";

/**
 * Which of a peer's keys carries its traffic. A peer announces its next key some minutes before it changes to it, so for
 * that time it has two here, and WireGuard takes handshakes of both; but only one of them can hold the overlay address.
 * It moves to the key whose handshake came last.
 */

/** Peer ids and the keys that carried them, so that a start in the middle of a change goes on where it was. */
export const peerKeysSchema = z.record(z.string(), z.string());
export type StoredPeerKeys = z.infer<typeof peerKeysSchema>;

interface PeerKey {
  /** The plan's. */
  readonly announced: string;
  /** The one before it, until the announced one carries. */
  readonly previous: string | undefined;
  /** One of the two. */
  readonly carrying: string;
  /** When it began to carry, milliseconds since the epoch. */
  readonly chosenAt: number;
  /** How often in a row neither had a session. */
  readonly tries: number;
}

/** Where neither key has a session, each is given so long for its handshake, and twice as long each time. */
const TRY_MS = { first: 1_000, most: 60_000 } as const;

export class PeerKeys {
  readonly #keysByPeer = new Map<string, PeerKey>();

  constructor(stored: StoredPeerKeys) {
    for (const [peerId, key] of Object.entries(stored))
      this.#keysByPeer.set(peerId, { announced: key, previous: undefined, carrying: key, chosenAt: 0, tries: 0 });
  }

  /** Some peer has two keys, so its handshakes are to be watched. */
  get isWatching(): boolean {
    return [...this.#keysByPeer.values()].some(({ previous }) => previous !== undefined);
  }

  /** What to store. */
  get stored(): StoredPeerKeys {
    return Object.fromEntries([...this.#keysByPeer].map(([peerId, { carrying }]) => [peerId, carrying]));
  }

  /** The key that carries a peer; undefined for a stranger. */
  carrying(peerId: string): string | undefined {
    return this.#keysByPeer.get(peerId)?.carrying;
  }

  /** The peers of a plan as WireGuard is to have them. Who is not among them is forgotten. */
  wireguardPeers(peers: readonly DesiredTunnelPeer[], now: number): WireguardPeer[] {
    const named = new Set(peers.map(({ peerId }) => peerId));
    for (const peerId of [...this.#keysByPeer.keys()]) if (!named.has(peerId)) this.#keysByPeer.delete(peerId);
    return peers.flatMap((peer): WireguardPeer[] => {
      const key = keyOf(peer.publicKey, this.#keysByPeer.get(peer.peerId), now);
      this.#keysByPeer.set(peer.peerId, key);
      const { endpoint, overlayAddress } = peer;
      const carrying = { type: "carrying", publicKey: key.carrying, endpoint, overlayAddress } as const;
      const other = otherOf(key);
      return other === undefined ? [carrying] : [carrying, { type: "standby", publicKey: other }];
    });
  }

  /**
   * Judges by the handshakes, by key; true when WireGuard is to have other peers from here on. Handshakes before
   * `ownKeyAt`, when this host took the key that it has, are void.
   */
  follow(statusByKey: ReadonlyMap<string, WireguardPeerStatus>, now: number, ownKeyAt: number): boolean {
    let isChanged = false;
    const sessionAt = (key: string): number => {
      const handshakeAt = statusByKey.get(key)?.handshakeAt ?? 0;
      return handshakeAt < ownKeyAt ? 0 : handshakeAt;
    };
    for (const [peerId, key] of this.#keysByPeer) {
      const next = followed(key, sessionAt, now);
      if (next === key) continue;
      this.#keysByPeer.set(peerId, next);
      isChanged = true;
    }
    return isChanged;
  }
}

/** The plan's word against what is known: a key that carries goes on until the announced one has shaken hands. */
function keyOf(announced: string, known: PeerKey | undefined, now: number): PeerKey {
  if (known === undefined) return { announced, previous: undefined, carrying: announced, chosenAt: now, tries: 0 };
  if (known.announced === announced) return known;
  if (known.carrying === announced) return { ...known, announced, previous: undefined };
  return { announced, previous: known.carrying, carrying: known.carrying, chosenAt: now, tries: 0 };
}

/** The same object where nothing changes. */
function followed(key: PeerKey, sessionAt: (key: string) => number, now: number): PeerKey {
  const other = otherOf(key);
  if (other === undefined) return key;
  const ownAt = sessionAt(key.carrying);
  if (sessionAt(other) > ownAt) return chosen(key, other, now, 0);
  if (ownAt > 0 && now - ownAt < HANDSHAKE_FRESH_MS)
    return key.carrying === key.announced ? chosen(key, key.carrying, now, 0) : key;
  const tryMs = Math.min(TRY_MS.first * 2 ** key.tries, TRY_MS.most);
  return now - key.chosenAt < tryMs ? key : { ...key, carrying: other, chosenAt: now, tries: key.tries + 1 };
}

/** With the announced key at work there is no other any more. */
function chosen(key: PeerKey, carrying: string, now: number, tries: number): PeerKey {
  const previous = carrying === key.announced ? undefined : key.previous;
  return { ...key, previous, carrying, chosenAt: now, tries };
}

function otherOf({ announced, previous, carrying }: PeerKey): string | undefined {
  return carrying === announced ? previous : announced;
}
