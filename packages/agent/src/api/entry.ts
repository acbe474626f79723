import type { Millis, PeerBody, PeerId } from "@arctic/core";
import { LIMITS, msFromRfc3339 } from "@arctic/core";
import type { LocalPeer } from "../peer/local-peer.ts";

/** Which members do the central operations: the server, and the one that does while the server does not answer. */
export interface EntryPeers {
  readonly server: PeerId | undefined;
  readonly fallback: PeerId | undefined;
}

/** What a member's own record says of its part. */
export interface EntryClaim {
  readonly peer: PeerId;
  readonly entry: PeerBody["entry"];
}

/** Of each role the latest claim holds, the smaller id where two are equally late. A claim from the future does not count. */
export function entryPeersFrom(claims: readonly EntryClaim[], now: Millis): EntryPeers {
  const server = latest(claims, "server", now);
  return { server, fallback: server === undefined ? undefined : latest(claims, "fallback", now) };
}

/** The entry peers among the members that this peer knows, itself included. */
export function entryPeersOf(peer: LocalPeer, now: Millis): EntryPeers {
  const others = peer.node.peers.list().filter(({ standing }) => standing === "member");
  const claims = [peer.identity.peerId, ...others.map(({ peerId }) => peerId)].map((id) => ({
    peer: id,
    entry: (peer.peerRecord(id)?.body as unknown as PeerBody | undefined)?.entry,
  }));
  return entryPeersFrom(claims, now);
}

function latest(claims: readonly EntryClaim[], role: "server" | "fallback", now: Millis): PeerId | undefined {
  const candidates = claims.flatMap(({ peer, entry }) => {
    const claimedAt = entry?.role === role ? msFromRfc3339(entry.claimed_at) : undefined;
    return claimedAt === undefined || claimedAt > now + LIMITS.clockToleranceMs ? [] : [{ peer, claimedAt }];
  });
  candidates.sort((a, b) => b.claimedAt - a.claimedAt || (a.peer < b.peer ? -1 : 1));
  return candidates[0]?.peer;
}
