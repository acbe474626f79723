import { createHash, timingSafeEqual } from "node:crypto";
import {
  bytesFromBase64url,
  type ClientId,
  type ClusterId,
  type ClusterView,
  type CredentialBody,
  type LiveRecord,
  type RegistryView,
  ulidOf,
} from "@arctic/core";
import { parseScope, type Scope } from "./scope.ts";

/** A client that the registry knows and nobody has revoked. */
export interface Client {
  readonly clientId: ClientId;
  readonly scopes: readonly Scope[];
}

/** The shared client of a cluster bears the cluster id's ULID, so that it is found without a pointer. */
export function sharedClientId(clusterId: ClusterId): ClientId {
  return `cli_${ulidOf(clusterId)}`;
}

/** The client, or `undefined` where it is unknown or was revoked. Of two records under one id the older counts. */
export function findClient(registry: RegistryView, clientId: ClientId): Client | undefined {
  if (registry.live("revocation").some((record) => record.id === clientId)) return undefined;
  const [record] = registry
    .live("credential")
    .filter((candidate) => candidate.id === clientId)
    .sort((a, b) => a.version - b.version);
  return record === undefined ? undefined : clientFrom(clientId, record);
}

function clientFrom(clientId: ClientId, record: LiveRecord): Client {
  const body = record.body as unknown as CredentialBody;
  return { clientId, scopes: body.scopes.flatMap((text) => parseScope(text) ?? []) };
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
