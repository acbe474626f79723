import { createHash, timingSafeEqual } from "node:crypto";
import {
  bytesFromBase64url,
  type ClientId,
  type ClusterId,
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
  /** SHA-256 of the secret, 32 bytes. */
  readonly secretHash: Uint8Array;
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

function clientFrom(clientId: ClientId, record: LiveRecord): Client | undefined {
  const body = record.body as unknown as CredentialBody;
  const secretHash = bytesFromBase64url(body.secret_hash);
  if (secretHash?.length !== 32) return undefined;
  return { clientId, scopes: body.scopes.flatMap((text) => parseScope(text) ?? []), secretHash };
}

/** SHA-256 of the secret's text. The secret has 256 random bits, so its hash cannot be searched. */
export function hashSecret(secret: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(secret, "utf8").digest());
}

/** Compares hashes of equal length, so that the time it takes says nothing. An unknown client costs the same. */
export function isSecretOf(client: Client | undefined, secret: string): boolean {
  const isEqual = timingSafeEqual(hashSecret(secret), client?.secretHash ?? new Uint8Array(32));
  return client !== undefined && isEqual;
}
