import { etc, getPublicKey, hashes, Point, sign } from "@noble/ed25519";
import { sha256 as nobleSha256, sha512 } from "@noble/hashes/sha2.js";
import { concatBytes, equalBytes } from "../encoding/framing.ts";
import type { Crypto } from "./crypto.ts";

hashes.sha512 = sha512;

/** The default provider: pure JavaScript, runs in every runtime. About ten times slower than node:crypto. */
export const nobleCrypto: Crypto = {
  sign: (secretKey, message) => sign(message, secretKey),
  verify: verifyCofactorless,
  isTorsionFree,
  publicKeyOf: (secretKey) => getPublicKey(secretKey),
  sha256,
  randomBytes: (length) => etc.randomBytes(length),
};

/** SHA-256 (FIPS 180-4), 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return nobleSha256(bytes);
}

/**
 * noble's own `verify` multiplies by the cofactor; OpenSSL's does not. Two peers that judge one signature differently
 * would never converge, so the equation is written out: [S]B - [k]A, encoded, must be R (RFC 8032 section 5.1.7).
 */
function verifyCofactorless(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const rBytes = signature.subarray(0, 32);
    const s = littleEndian(signature.subarray(32, 64));
    const k = littleEndian(sha512(concatBytes(rBytes, publicKey, message))) % GROUP_ORDER;
    const a = Point.fromBytes(publicKey);
    const sB = s === 0n ? Point.ZERO : Point.BASE.multiply(s, false);
    const kA = k === 0n ? Point.ZERO : a.multiply(k, false);
    return equalBytes(sB.add(kA.negate()).toBytes(), rBytes);
  } catch {
    return false;
  }
}

/** True where the encoded point is in the prime-order subgroup. */
export function isTorsionFree(publicKey: Uint8Array): boolean {
  try {
    return Point.fromBytes(publicKey).isTorsionFree();
  } catch {
    return false;
  }
}

/** L, the order of the base point (RFC 8032 section 5.1). */
export const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

export function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let index = bytes.length - 1; index >= 0; index -= 1) value = (value << 8n) | BigInt(bytes[index] ?? 0);
  return value;
}
