import { createHash, timingSafeEqual } from "node:crypto";
import {
  base64urlFromBytes,
  bytesFromBase64url,
  type ClientId,
  type ClusterId,
  type ClusterNode,
  type ClusterView,
  type CredentialBody,
  type Crypto,
  countingCredential,
  type LicenseId,
  type LiveRecord,
  type PeerId,
  type RegistryView,
  ulidOf,
} from "@arctic/core";
import { parseScope, type Scope } from "./scope.ts";

/** A client that the registry knows. */
export interface Client {
  readonly clientId: ClientId;
  readonly scopes: readonly Scope[];
  readonly licenseId: LicenseId;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  /** The peer that wrote it. */
  readonly createdBy: PeerId;
}

/** The shared client of a cluster bears the cluster id's ULID, so that it is found without a pointer. */
export function sharedClientId(clusterId: ClusterId): ClientId {
  return `cli_${ulidOf(clusterId)}`;
}

/** The cluster id whose shared client this one is or was. */
export function clusterIdOf(sharedClient: ClientId): ClusterId {
  return `clu_${ulidOf(sharedClient)}`;
}

/** What is asked of a node to tell which clients there are. */
type ClientsView = Pick<ClusterNode, "registry" | "peers">;

/** The client, or `undefined` where it is unknown or was revoked. */
export function findClient({ registry, peers }: ClientsView, clientId: ClientId): Client | undefined {
  if (registry.live("revocation").some((record) => record.id === clientId)) return undefined;
  return clientFrom(
    registry.live("credential").filter((candidate) => candidate.id === clientId),
    peers,
  );
}

/** Every client that was ever made, by id, the revoked ones too. */
export function allClients({ registry, peers }: ClientsView): Client[] {
  const recordsById = Map.groupBy(registry.live("credential"), ({ id }) => id);
  return [...recordsById.values()]
    .flatMap((records) => clientFrom(records, peers) ?? [])
    .sort((a, b) => (a.clientId < b.clientId ? -1 : 1));
}

/** When each revoked client was first revoked, RFC 3339, UTC. */
export function revokedAtByClient(registry: RegistryView): Map<string, string> {
  const revokedAt = new Map<string, string>();
  for (const { id, body } of registry.live("revocation")) {
    const at = String(body.revoked_at);
    const held = revokedAt.get(id);
    if (held === undefined || at < held) revokedAt.set(id, at);
  }
  return revokedAt;
}

function clientFrom(records: readonly LiveRecord[], peers: ClientsView["peers"]): Client | undefined {
  const counting = countingCredential(records, (owner) => peers.get(owner)?.standing === "revoked");
  if (counting === undefined) return undefined;
  const { id, owner, body } = counting;
  const { scopes, license_id, created_at } = body as unknown as CredentialBody;
  return {
    clientId: id as ClientId,
    scopes: scopes.flatMap((text) => parseScope(text) ?? []),
    licenseId: license_id as LicenseId,
    createdAt: created_at,
    createdBy: owner,
  };
}

/** A client secret: 256 random bits. */
export function createSecret(crypto: Pick<Crypto, "randomBytes">): string {
  return `sec_${base64urlFromBytes(crypto.randomBytes(32))}`;
}

/** SHA-256 of the secret's text. The secret has 256 random bits, so its hash cannot be searched. */
export function hashSecret(secret: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(secret, "utf8").digest());
}

/**
 * True for a secret of the client that opens now: the current one, or one that was replaced within a day. Compares
 * hashes of equal length, so that the time it takes says nothing; an unknown client costs the same.
 */
export function isSecretOf(cluster: ClusterView, clientId: ClientId, secret: string): boolean {
  const shown = hashSecret(secret);
  const accepted = cluster.acceptedSecrets(clientId).map((one) => bytesFromBase64url(one.secret.secretHash));
  let isAccepted = false;
  for (const hash of accepted.length === 0 ? [undefined] : accepted)
    if (timingSafeEqual(shown, hash?.length === 32 ? hash : new Uint8Array(32)) && hash !== undefined)
      isAccepted = true;
  return isAccepted;
}
