import * as z from "zod";
import { base, type Operation } from "../operation.ts";
import { peerId } from "../schema/fields.ts";
import {
  addPeerSchema,
  deletedPeerSchema,
  deletePeerQuery,
  peerListQuery,
  peerListSchema,
  peerSchema,
  updatePeerSchema,
} from "../schema.ts";

const onePeer = z.strictObject({ peer_id: peerId });

/** The peers of the cluster. */
export const peerOperations = {
  listPeers: {
    ...base,
    method: "GET",
    path: "/v1/peers",
    access: "peers.read",
    summary: "All peers, ended ones included",
    query: peerListQuery,
    reply: peerListSchema,
  },
  getPeer: {
    ...base,
    method: "GET",
    path: "/v1/peers/{peer_id}",
    access: "peers.read",
    summary: "One peer",
    params: onePeer,
    reply: peerSchema,
  },
  addPeer: {
    ...base,
    method: "POST",
    path: "/v1/peers",
    access: "peers.write",
    effect: "write",
    summary: "Joins the peer at an address to this cluster",
    body: addPeerSchema,
    reply: peerSchema,
    status: 201,
  },
  updatePeer: {
    ...base,
    method: "PUT",
    path: "/v1/peers/{peer_id}",
    access: "peers.write",
    effect: "write",
    summary: "Changes what a peer says of itself; relayed to it",
    params: onePeer,
    body: updatePeerSchema,
    reply: peerSchema,
  },
  removeSelf: {
    ...base,
    method: "DELETE",
    path: "/v1/peers/self",
    access: "peers.write",
    effect: "write",
    license: "lasting",
    summary: "Leaves the cluster; final for this peer's id",
    reply: undefined,
    status: 204,
  },
  deletePeer: {
    ...base,
    method: "DELETE",
    path: "/v1/peers/{peer_id}",
    access: "peers.write",
    effect: "write",
    license: "lasting",
    summary: "Revokes a peer everywhere, for good; names whom it introduced and which credentials it made",
    params: onePeer,
    query: deletePeerQuery,
    reply: deletedPeerSchema,
  },
} as const satisfies Record<string, Operation>;
