import type { Crypto } from "../crypto/crypto.ts";
import { isSealedBy, seal, signedBytes } from "../crypto/signed.ts";
import { base64urlFromBytes, bytesFromBase64url } from "../encoding/base64url.ts";
import { isJsonObject, type JsonObject } from "../encoding/json.ts";
import { type CustomerId, doesIdCommitToKey, isId, type PeerId } from "../identity/id.ts";
import type { Identity } from "../identity/identity.ts";
import * as LIMITS from "../limits.ts";
import { accept, type Result, refuse } from "../result.ts";
import type { Millis } from "../time.ts";

interface RecordHead {
  readonly kind: string;
  readonly id: string;
  readonly owner: PeerId;
  /** The owner's public key, base64url; the owner's id commits to it. */
  readonly key: string;
  /** Higher wins. Unix milliseconds times 1024, at least one above the version before. */
  readonly version: number;
  readonly customer_id: CustomerId;
  readonly signature: string;
}
/** A record that says something. */
export interface LiveRecord extends RecordHead {
  readonly body: JsonObject;
}
/** A record that says that its id was deleted, for good. */
export interface Tombstone extends RecordHead {
  readonly deleted: true;
}
/** A record as it travels. Every record has one legitimate writer, its owner, and proves it by itself. */
export type SignedRecord = LiveRecord | Tombstone;

/** (kind, owner, id) as one text; no part can hold the separator. */
export type RecordKey = string;

export const VERSION_PER_MS = 1024;

/** Names a record in a registry: one kind, owner and id. */
export function recordKey(record: { readonly kind: string; readonly owner: string; readonly id: string }): RecordKey {
  return `${record.kind}|${record.owner}|${record.id}`;
}

/** True for a deletion. */
export function isTombstone(record: SignedRecord): record is Tombstone {
  return (record as { readonly deleted?: boolean }).deleted === true;
}

/** The instant that a version names. */
export function versionAt(version: number): Millis {
  return Math.floor(version / VERSION_PER_MS);
}

/** The version of an owner's next write. A previous one that is far ahead of the clock does not count. */
export function nextVersion(previous: number | undefined, now: Millis): number {
  const fromClock = Math.floor(now) * VERSION_PER_MS;
  const counts = previous !== undefined && versionAt(previous) <= now + LIMITS.versionAheadMs;
  return counts ? Math.max(previous + 1, fromClock) : fromClock;
}

/** What an owner writes: a body, or `deleted`. */
export type RecordContent = { readonly body: JsonObject } | { readonly deleted: true };

/** Signs a record as its owner. Throws a TypeError where the body is not canonical JSON. */
export function issueRecord(
  crypto: Pick<Crypto, "sign">,
  owner: Identity,
  head: { readonly kind: string; readonly id: string; readonly version: number; readonly customerId: CustomerId },
  content: RecordContent,
): SignedRecord {
  const unsigned = {
    kind: head.kind,
    id: head.id,
    owner: owner.peerId,
    key: base64urlFromBytes(owner.publicKey),
    version: head.version,
    customer_id: head.customerId,
    ...content,
  };
  return seal(crypto, "record", owner.secretKey, unsigned as unknown as JsonObject) as unknown as SignedRecord;
}

const KIND = /^[a-z][a-z0-9._-]{0,62}!?$/;
const ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** The record, where it has the shape of one. Says nothing of its signature. */
export function checkRecordShape(value: unknown): Result<SignedRecord> {
  if (!isJsonObject(value)) return refuse("record_malformed", "not an object");
  const { kind, id, owner, key, version, customer_id, signature } = value;
  if (typeof kind !== "string" || !KIND.test(kind)) return refuse("record_malformed", "kind");
  if (typeof id !== "string" || !ID.test(id)) return refuse("record_malformed", "id");
  if (!isId("peer", owner)) return refuse("record_malformed", "owner");
  if (typeof key !== "string" || key.length !== 43) return refuse("record_malformed", "key");
  if (typeof version !== "number" || !Number.isSafeInteger(version) || version < 1)
    return refuse("record_malformed", "version");
  if (!isId("cust", customer_id)) return refuse("record_malformed", "customer_id");
  if (typeof signature !== "string" || signature.length !== 86) return refuse("record_malformed", "signature");
  const isLive = isJsonObject(value.body) && value.deleted === undefined;
  const isDead = value.deleted === true && value.body === undefined;
  if (!isLive && !isDead) return refuse("record_malformed", "body or deleted");
  return accept(value as unknown as SignedRecord);
}

/** The bytes under a record's signature, where canonical JSON can carry them and they are not too many. */
export function checkSignedBytes(record: SignedRecord): Result<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = signedBytes("record", record as unknown as JsonObject);
  } catch (error) {
    // What canonical JSON cannot carry was never signed.
    return refuse("record_malformed", error instanceof Error ? error.message : undefined);
  }
  return bytes.length > LIMITS.recordBytes ? refuse("record_too_large", `${bytes.length} bytes`) : accept(bytes);
}

/** SHA-256 of the signed bytes, 32 bytes: equal for two signatures over one content. Throws where it is not canonical JSON. */
export function contentHash(crypto: Pick<Crypto, "sha256">, record: SignedRecord): Uint8Array {
  return crypto.sha256(signedBytes("record", record as unknown as JsonObject));
}

/** The record, where its id commits to the key and the key made the signature over `bytes` (its signed bytes). The dearest check: make it last. */
export function checkRecordProof(crypto: Crypto, record: SignedRecord, bytes?: Uint8Array): Result<SignedRecord> {
  const publicKey = bytesFromBase64url(record.key);
  if (publicKey === undefined) return refuse("record_key_mismatch", "the key is not base64url");
  if (!doesIdCommitToKey(crypto, record.owner, publicKey)) return refuse("record_key_mismatch");
  let isSealed: boolean;
  try {
    isSealed = isSealedBy(crypto, "record", publicKey, record as unknown as JsonObject, bytes);
  } catch (error) {
    // What canonical JSON cannot carry was never signed.
    return refuse("record_malformed", error instanceof TypeError ? error.message : undefined);
  }
  if (!isSealed) return refuse("record_signature_invalid");
  return accept(record);
}
