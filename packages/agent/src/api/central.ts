import type { PeerId } from "@arctic/core";
import type { LocalPeer } from "../peer/local-peer.ts";
import type { ApiContext, RequestOrigin } from "./context.ts";
import { entryPeersOf } from "./entry.ts";
import { Problem } from "./problem.ts";
import { type Answer, MAX_HOPS } from "./relay.ts";

export interface CentralWork {
  readonly here: () => Promise<Answer>;
  readonly there: (peer: PeerId) => Promise<Answer>;
}

/**
 * Has a central operation done by the entry peer: the server, or the fallback where the server does not answer. Without
 * an entry peer every peer does it itself. Where the outcome at the server is unknown nobody else tries. Throws Problem.
 */
export async function atEntry(
  context: ApiContext,
  peer: LocalPeer,
  origin: RequestOrigin,
  { here, there }: CentralWork,
): Promise<Answer> {
  const self = peer.identity.peerId;
  const { server, fallback } = entryPeersOf(peer, context.clock.now());
  if (server === undefined || server === self) return here();
  const isUsedUp = origin.type === "relay" && origin.hops >= MAX_HOPS;
  // Where no hop is left the link itself says whether the server answers.
  if (isUsedUp && peer.node.peers.get(server)?.reachability === "connected")
    throw new Problem("PEER_UNREACHABLE", `this is done by the entry peer ${server}: call it, or one hop nearer to it`);
  try {
    return await there(server);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "PEER_UNREACHABLE") throw error;
  }
  if (fallback === undefined) throw unreachable(`the entry peer ${server} cannot be reached`);
  context.log.warn("entry.server_unreachable", { server_peer: server, fallback_peer: fallback });
  if (fallback === self) return here();
  try {
    return await there(fallback);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "PEER_UNREACHABLE") throw error;
    throw unreachable(`neither the entry peer ${server} nor its fallback ${fallback} can be reached`);
  }
}

function unreachable(what: string): Problem {
  return new Problem(
    "PEER_UNREACHABLE",
    `${what}; nothing was changed. Bring it back, or make another peer the entry: PUT /v1/peers/PEER_ID with entry {"role": "server"}`,
  );
}
