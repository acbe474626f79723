import { base64urlFromBytes, type ClientId, type ClusterId, createId, rfc3339FromMs } from "@arctic/core";
import type { LocalPeer } from "../../peer/local-peer.ts";
import { callerName } from "../audit.ts";
import { type Call, type Handlers, reply } from "../context.ts";
import {
  allClients,
  type Client,
  createSecret,
  findClient,
  hashSecret,
  revokedAtByClient,
  sharedClientId,
} from "../credential.ts";
import { pageOf } from "../page.ts";
import { Problem, problemFromRejection } from "../problem.ts";
import type { Credential } from "../schema.ts";
import { includesScope, parseScope, type Scope, scopeName } from "../scope.ts";
import type { Caller } from "../token.ts";

export const credentialHandlers: Pick<Handlers, "listCredentials" | "createCredential" | "deleteCredential"> = {
  listCredentials: ({ peer, query, caller }) => {
    const { node } = peer();
    const revokedAt = revokedAtByClient(node.registry);
    const wanted = allClients(node).filter(
      ({ clientId }) => query.include_revoked === "true" || !revokedAt.has(clientId),
    );
    const { items, ...next } = pageOf(wanted, (client) => client.clientId, query);
    const credentials = items.map((client) => credentialFrom(peer(), client, caller, revokedAt.get(client.clientId)));
    return reply({ credentials, ...next });
  },
  createCredential,
  deleteCredential: (call) => {
    const peer = call.peer();
    const { client_id } = call.params;
    requireNotCurrent(peer, client_id, call.caller);
    if (revokedAtByClient(peer.node.registry).has(client_id)) return reply(undefined);
    if (findClient(peer.node, client_id) === undefined)
      throw new Problem("NOT_FOUND", `no client ${client_id} is known here`);
    revokeClient(peer, client_id, `revoked by ${callerName(call.caller)}`, rfc3339FromMs(call.context.clock.now()));
    return reply(undefined);
  },
};

/** Writes the revocation of a client. Throws Problem and StoreError. */
export function revokeClient(peer: LocalPeer, client: ClientId, reason: string, at: string): void {
  const { rejection } = peer.write("revocation", client, { reason, revoked_at: at });
  if (rejection !== undefined) throw problemFromRejection(rejection);
}

/** Writes the record of a client; its secret goes to the caller alone. Throws Problem and StoreError. */
export function writeClient(
  peer: LocalPeer,
  client: {
    readonly id: ClientId;
    readonly secret: string;
    readonly scopes: readonly Scope[];
    /** RFC 3339, UTC. */
    readonly at: string;
    /** Of a shared client: the cluster whose it is. */
    readonly clusterId?: ClusterId;
  },
): void {
  const { rejection } = peer.write("credential", client.id, {
    secret_hash: base64urlFromBytes(hashSecret(client.secret)),
    scopes: client.scopes.map(scopeName),
    license_id: peer.node.cluster.license.license_id,
    created_at: client.at,
    ...(client.clusterId === undefined ? {} : { cluster_id: client.clusterId }),
  });
  if (rejection !== undefined) throw problemFromRejection(rejection);
}

function createCredential({ peer: peerOf, body, caller, context }: Call<"createCredential">) {
  const peer = peerOf();
  const held = caller?.scopes ?? [];
  const scopes = scopesFor(body.scopes ?? [], held);
  const now = context.clock.now();
  const id = createId("cli", context.crypto, now);
  const secret = createSecret(context.crypto);
  writeClient(peer, { id, secret, scopes, at: rfc3339FromMs(now) });
  const client = findClient(peer.node, id);
  if (client === undefined) throw new Error(`the client ${id} was written and is not there`);
  const notes = { client_id: id, scopes: scopes.join(" ") };
  return reply({ ...credentialFrom(peer, client, caller, undefined), client_secret: secret }, notes);
}

/** What was named, or all that the caller has; never more than that. Throws Problem. */
function scopesFor(named: readonly string[], held: readonly Scope[]): readonly Scope[] {
  if (named.length === 0) return held;
  const scopes = named.flatMap((text) => parseScope(text) ?? []);
  const beyond = scopes.filter((scope) => !includesScope(held, scope));
  if (beyond.length === 0) return scopes;
  throw new Problem(
    "FORBIDDEN",
    `body.scopes: a client cannot be given more than its maker has, which is not ${beyond.map(scopeName).join(" ")}`,
  );
}

function requireNotCurrent(peer: LocalPeer, client: ClientId, caller: Caller | undefined): void {
  if (client === sharedClientId(peer.node.cluster.id)) {
    throw new Problem(
      "CANNOT_REVOKE_CURRENT",
      `${client} is the cluster's shared client, by which its peers speak to each other: give it a new secret with POST /v1/cluster/credentials/rotate`,
    );
  }
  if (client !== caller?.clientId) return;
  throw new Problem("CANNOT_REVOKE_CURRENT", `${client} is the client that asks: revoke it by another one`);
}

function credentialFrom(
  peer: LocalPeer,
  client: Client,
  caller: Caller | undefined,
  revokedAt: string | undefined,
): Credential {
  return {
    client_id: client.clientId,
    scopes: client.scopes.map(scopeName),
    license_id: client.licenseId,
    created_at: client.createdAt,
    created_by: client.createdBy,
    is_shared: client.clientId === sharedClientId(peer.node.cluster.id),
    is_current: client.clientId === caller?.clientId,
    is_open: peer.node.cluster.acceptedSecrets(client.clientId).length > 0,
    ...(revokedAt === undefined ? {} : { revoked_at: revokedAt }),
  };
}
