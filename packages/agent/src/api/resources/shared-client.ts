import {
  type AcceptedSecret,
  base64urlFromBytes,
  type ClientId,
  createId,
  isId,
  LIMITS,
  rfc3339FromMs,
} from "@arctic/core";
import type { LocalPeer } from "../../peer/local-peer.ts";
import { type Call, type Handlers, reply } from "../context.ts";
import { allClients, clusterIdOf, createSecret, findClient, hashSecret, sharedClientId } from "../credential.ts";
import { Problem, problemFromRejection } from "../problem.ts";
import type { ClusterCredentials } from "../schema.ts";
import { scopeName } from "../scope.ts";

export const sharedClientHandlers: Pick<Handlers, "getClusterCredentials" | "rotateClusterCredentials"> = {
  getClusterCredentials: ({ peer }) => reply(clusterCredentials(peer())),
  rotateClusterCredentials: rotate,
};

function clusterCredentials(peer: LocalPeer): ClusterCredentials {
  const { cluster } = peer.node;
  const clientId = sharedClientId(cluster.id);
  const client = findClient(peer.node, clientId);
  if (client === undefined) throw notHere(clientId);
  return {
    client_id: clientId,
    cluster_id: cluster.id,
    scopes: client.scopes.map(scopeName),
    created_at: client.createdAt,
    created_by: client.createdBy,
    secrets: secretsOf(peer, clientId),
    outlived: allClients(peer.node).flatMap((other) => outlivedClient(peer, other.clientId)),
  };
}

/** Only the shared client of another cluster id has secrets that all end. */
function outlivedClient(peer: LocalPeer, clientId: ClientId): ClusterCredentials["outlived"] {
  const secrets = secretsOf(peer, clientId);
  if (secrets.length === 0 || secrets.some(({ is_current }) => is_current)) return [];
  return [{ client_id: clientId, cluster_id: clusterIdOf(clientId), secrets }];
}

/** The one that is current first, then the one that lasts longest. */
function secretsOf(peer: LocalPeer, clientId: ClientId): ClusterCredentials["secrets"] {
  const lasting = (one: AcceptedSecret) => one.until ?? Number.POSITIVE_INFINITY;
  return [...peer.node.cluster.acceptedSecrets(clientId)]
    .sort((a, b) => lasting(b) - lasting(a))
    .map(({ secret, until }) => ({
      secret_id: secret.name,
      rotated_at: rfc3339FromMs(secret.rotatedAt),
      is_current: until === undefined,
      ...(until === undefined ? {} : { accepted_until: rfc3339FromMs(until) }),
    }));
}

/** The secret that is current here is replaced; core writes the rotation above all that are known. */
function rotate({ peer: peerOf, context }: Call<"rotateClusterCredentials">) {
  const peer = peerOf();
  const clientId = sharedClientId(peer.node.cluster.id);
  const current = currentOf(peer, clientId);
  if (current === undefined) throw notHere(clientId);
  const now = context.clock.now();
  const rotationId = createId("rot", context.crypto, now);
  const secret = createSecret(context.crypto);
  const { rejection } = peer.write("rotation", rotationId, {
    client_id: clientId,
    secret_hash: base64urlFromBytes(hashSecret(secret)),
    ...(isId("rot", current.secret.name) ? { replaces: current.secret.name } : {}),
    rotated_at: rfc3339FromMs(now),
  });
  if (rejection !== undefined) throw problemFromRejection(rejection);
  const body = {
    client_id: clientId,
    client_secret: secret,
    rotation_id: rotationId,
    rotated_at: rfc3339FromMs(now),
    previous_accepted_until: rfc3339FromMs(now + LIMITS.secretGraceMs),
  };
  return reply(body, { client_id: clientId, rotation_id: rotationId });
}

function currentOf(peer: LocalPeer, clientId: ClientId): AcceptedSecret | undefined {
  return peer.node.cluster.acceptedSecrets(clientId).find(({ until }) => until === undefined);
}

function notHere(clientId: ClientId): Problem {
  return new Problem(
    "CONFLICT",
    `the cluster's shared client ${clientId} is not known here, or was revoked: try again once this peer has met a member that knows it`,
  );
}
