import type { Crypto } from "../crypto/crypto.ts";
import type { Millis } from "../time.ts";

/** Names a peer for good. Its last 16 characters are the first 80 bits of SHA-256 of its public key. */
export type PeerId = `peer_${string}`;
/** Names a cluster; the oldest founded one holds where several meet. */
export type ClusterId = `clu_${string}`;
/** Names a service of its owner. */
export type ServiceId = `svc_${string}`;
/** Names a license over its renewals. */
export type LicenseId = `lic_${string}`;
/** Names a customer: only peers of one customer form a cluster. */
export type CustomerId = `cust_${string}`;
/** Names an OAuth2 client. */
export type ClientId = `cli_${string}`;
/** Names one rotation of a client's secret. */
export type RotationId = `rot_${string}`;
/** Names a voucher. */
export type VoucherId = `vou_${string}`;

interface IdByPrefix {
  peer: PeerId;
  clu: ClusterId;
  svc: ServiceId;
  lic: LicenseId;
  cust: CustomerId;
  cli: ClientId;
  rot: RotationId;
  vou: VoucherId;
}
export type IdPrefix = keyof IdByPrefix;

/** Crockford's base 32, upper case (the ULID specification's alphabet). */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** True for the canonical form only: prefix, `_`, upper-case ULID whose first character is 0 to 7. */
export function isId<P extends IdPrefix>(prefix: P, text: unknown): text is IdByPrefix[P] {
  return typeof text === "string" && text.startsWith(`${prefix}_`) && ULID.test(text.slice(prefix.length + 1));
}

/** A new id with 80 random bits. For a peer use `peerIdFromKey`. */
export function createId<P extends Exclude<IdPrefix, "peer">>(
  prefix: P,
  crypto: Pick<Crypto, "randomBytes">,
  now: Millis,
): IdByPrefix[P] {
  return `${prefix}_${ulid(now, crypto.randomBytes(10))}` as IdByPrefix[P];
}

/** A peer id commits to its key: the 80 random bits of its ULID are the first 80 bits of SHA-256(public key). */
export function peerIdFromKey(crypto: Pick<Crypto, "sha256">, publicKey: Uint8Array, now: Millis): PeerId {
  return `peer_${ulid(now, crypto.sha256(publicKey).subarray(0, 10))}`;
}

export function doesIdCommitToKey(crypto: Pick<Crypto, "sha256">, peerId: PeerId, publicKey: Uint8Array): boolean {
  return keyMarkOf(peerId) === base32From80Bits(crypto.sha256(publicKey).subarray(0, 10));
}

/** The part of a peer id that commits to the key: equal for all ids that one key can bear. */
export function keyMarkOf(peerId: PeerId): string {
  return peerId.slice(-16);
}

/** The ULID without its prefix: comparable as text, older first. */
export function ulidOf(id: string): string {
  return id.slice(-26);
}

/** The instant in the id's time part. */
export function mintedAt(id: string): Millis {
  let at = 0;
  for (const character of ulidOf(id).slice(0, 10)) at = at * 32 + ALPHABET.indexOf(character);
  return at;
}

function ulid(now: Millis, random: Uint8Array): string {
  let time = "";
  let rest = now;
  for (let index = 0; index < 10; index += 1) {
    time = ALPHABET.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  return time + base32From80Bits(random);
}

function base32From80Bits(bytes: Uint8Array): string {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  let text = "";
  for (let index = 0; index < 16; index += 1) {
    text = ALPHABET.charAt(Number(value & 31n)) + text;
    value >>= 5n;
  }
  return text;
}
