import type { PeerId } from "../identity/id.ts";
import * as LIMITS from "../limits.ts";
import { HOUR_MS, type Millis } from "../time.ts";

/** Whom a peer keeps links with, and whom it watches: pings so often that its end is noticed. */
export interface Neighbours {
  /** The nearest rings first. */
  readonly targets: ReadonlySet<PeerId>;
  /** Those of them that this peer dials; the others dial it, by the same rule. */
  readonly dialled: ReadonlySet<PeerId>;
  readonly watched: readonly { readonly peer: PeerId; readonly everyMs: number }[];
}

/** How long one ring stands before it is drawn anew. */
const RING_MS = 24 * HOUR_MS;

/**
 * Up to 32 members: everyone. Beyond, a peer's two neighbours on each of log2(N) + 3 rings, on which all members stand in
 * an order that each can compute and that differs from ring to ring. Each ring alone connects everybody, both ends agree
 * on every link, and one ring after the other is drawn anew, so that links change slowly. On the first ring everyone is
 * watched by who stands before it, on the second too, less often. Who stands before another on the first ring on which they
 * are neighbours dials, so that all have as many to dial; among up to 32, and of two alone, the smaller id.
 * Source: Law and Siu, "Distributed Construction of Random Expander Networks" (INFOCOM 2003).
 */
export function neighboursOf(self: PeerId, members: readonly PeerId[], now: Millis): Neighbours {
  const count = members.length;
  if (count < 2) return { targets: new Set(), dialled: new Set(), watched: [] };
  const isSmall = count <= LIMITS.fullMeshPeers;
  const rings = isSmall ? 2 : Math.ceil(Math.log2(count)) + 3;
  const targets = new Set<PeerId>(isSmall ? members.filter((peer) => peer !== self) : []);
  const dialled = new Set<PeerId>(isSmall ? members.filter((peer) => self < peer) : []);
  const watched: { peer: PeerId; everyMs: number }[] = [];
  const places = placesOf(members);
  const own = members.indexOf(self);
  for (let ring = 0; ring < rings; ring += 1) {
    const { before, after } = nextTo(own, members, places, saltOf(ring, rings, now));
    if (after !== undefined && !targets.has(after)) dialled.add(after);
    if (!isSmall) for (const peer of [after, before]) if (peer !== undefined) targets.add(peer);
    const everyMs = WATCH_EVERY_MS[ring];
    if (everyMs !== undefined && after !== undefined && !watched.some(({ peer }) => peer === after))
      watched.push({ peer: after, everyMs });
  }
  return { targets, dialled, watched };
}

/** When the next ring is drawn anew. */
export function nextDrawAt(members: number, now: Millis): Millis {
  const rings = members <= LIMITS.fullMeshPeers ? 2 : Math.ceil(Math.log2(members)) + 3;
  const stepMs = RING_MS / rings;
  return (Math.floor(now / stepMs) + 1) * stepMs;
}

const WATCH_EVERY_MS = [LIMITS.pingEveryMs, 5 * LIMITS.pingEveryMs];

/** The ring's number and how often it was drawn; the rings are drawn one after the other, not at once. */
function saltOf(ring: number, rings: number, now: Millis): number {
  const draw = Math.floor((now + (ring * RING_MS) / rings) / RING_MS);
  return mix(ring * 0x9e3779b1 + draw);
}

/** Two 32-bit words of each id: the last 16 characters are a hash already. Kept as long as the list of members. */
function placesOf(members: readonly PeerId[]): Uint32Array {
  const known = placesByMembers.get(members);
  if (known !== undefined) return known;
  const places = new Uint32Array(members.length);
  for (const [index, peer] of members.entries()) {
    let word = 0;
    for (let at = peer.length - 16; at < peer.length; at += 1) word = Math.imul(word, 31) + peer.charCodeAt(at);
    places[index] = mix(word);
  }
  placesByMembers.set(members, places);
  return places;
}

const placesByMembers = new WeakMap<readonly PeerId[], Uint32Array>();

function nextTo(own: number, members: readonly PeerId[], places: Uint32Array, salt: number) {
  const self = members[own] ?? "";
  const ownPlace = mix((places[own] ?? 0) ^ salt);
  let [before, after] = [-1, -1];
  let [beforeBy, afterBy] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let index = 0; index < places.length; index += 1) {
    if (index === own) continue;
    // Two that share a place stand in the order of their ids.
    const ahead = (mix((places[index] ?? 0) ^ salt) - ownPlace) >>> 0 || ((members[index] ?? "") > self ? 0.5 : LAST);
    if (ahead < afterBy) [after, afterBy] = [index, ahead];
    if (2 ** 32 - ahead < beforeBy) [before, beforeBy] = [index, 2 ** 32 - ahead];
  }
  return { before: members[before], after: members[after] };
}

/** Behind every other place of a ring. */
const LAST = 2 ** 32 - 0.5;

/** The finalizer of MurmurHash3 (Appleby, public domain): every bit of the word depends on every other. */
function mix(word: number): number {
  let hash = word | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
