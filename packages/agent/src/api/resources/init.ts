import { createId, LIMITS, rfc3339FromMs } from "@arctic/core";
import type { LocalPeer } from "../../peer/local-peer.ts";
import { type Call, type Handlers, reply } from "../context.ts";
import { allClients, createSecret, revokedAtByClient, sharedClientId } from "../credential.ts";
import { Problem, problemFromError, problemFromRejection } from "../problem.ts";
import type { InitiatedCluster } from "../schema.ts";
import { revokeClient, writeClient } from "./credentials.ts";

export const initHandlers: Pick<Handlers, "initCluster" | "reopen"> = {
  reopen,
  initCluster: (call) => {
    const peer = call.peer();
    requireAlone(peer);
    const { cluster } = peer.node;
    if (call.body.force !== true) return reply({ cluster_id: cluster.id, client_id: sharedClientId(cluster.id) });
    const made = startAnew(call, peer);
    return reply(made, { cluster_id: made.cluster_id, client_id: made.client_id });
  },
};

function reopen({ peer: peerOf, context, body }: Call<"reopen">) {
  const peer = peerOf();
  const hasAdmitted = peer.node.registry.live("admission").some(({ owner }) => owner === peer.identity.peerId);
  if (hasAdmitted) {
    throw new Problem(
      "CONFLICT",
      "this peer has been in a cluster of two, so no first contact is accepted without an introduction: add each of the two peers on the other",
    );
  }
  const until = context.clock.now() + LIMITS.freshWindowMs;
  const rejection = peer.reopen(until, body.accept_key);
  if (rejection !== undefined) throw problemFromRejection(rejection);
  return reply({ fresh_until: rfc3339FromMs(until) });
}

function requireAlone(peer: LocalPeer): void {
  const others = peer.node.peers.list().filter(({ standing }) => standing === "member" || standing === "vouched");
  const [first] = others;
  if (first === undefined) return;
  throw new Problem(
    "CONFLICT",
    `this peer is not alone: it is in the cluster ${peer.node.cluster.id} with ${others.length === 1 ? first.peerId : `${others.length} others`}. Remove them first, or leave with DELETE /v1/peers/self`,
    { cluster_id: peer.node.cluster.id, members: others.length },
  );
}

/**
 * The new shared client is written before the claim that makes it the shared one, and what was before is revoked last:
 * cut off at any point, there is a shared client whose secret somebody has.
 */
function startAnew({ context }: Call<"initCluster">, peer: LocalPeer): InitiatedCluster {
  const now = context.clock.now();
  const at = rfc3339FromMs(now);
  const clusterId = createId("clu", context.crypto, now);
  const clientId = sharedClientId(clusterId);
  const secret = createSecret(context.crypto);
  const revoked = revokedAtByClient(peer.node.registry);
  const older = allClients(peer.node).filter((client) => !revoked.has(client.clientId));
  writeClient(peer, { id: clientId, secret, scopes: ["admin"], at, clusterId });
  const rejection = peer.feed({ type: "found", clusterId });
  if (rejection !== undefined) throw problemFromRejection(rejection);
  peer.takeCluster(clusterId, clientId);
  for (const { clientId: outlived } of older) {
    try {
      revokeClient(peer, outlived, `replaced by the cluster ${clusterId}`, at);
    } catch (error) {
      // The new secret must reach the caller; an older client that is left can be revoked by it.
      if (problemFromError(error) === undefined) throw error;
      context.log.warn("cluster.client_not_revoked", { client_id: outlived, reason: String(error) });
    }
  }
  return { cluster_id: clusterId, client_id: clientId, client_secret: secret };
}
