import type { PeerView } from "@arctic/core";
import type { Peer } from "../schema.ts";

/** How an other peer stands: ended for ever, or as this one reaches it. */
export function stateOfPeer(view: PeerView): Peer["state"] {
  return view.standing === "left" || view.standing === "revoked" ? view.standing : view.reachability;
}
