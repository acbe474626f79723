import { hash } from "node:crypto";
import type { Crypto } from "@arctic/core";
import type { Random } from "./random.ts";

/** Secret keys by public key, of all peers of all runs of this process: what makes a fake signature checkable. */
const secretByPublicKey = new Map<string, Uint8Array>();

/**
 * Signatures that only who has the secret key can make, without a curve: SHA-256 of key and message, twice, in the
 * form that the strict rule asks for. A hundred times cheaper than Ed25519, whose own rules have their own tests.
 */
export function createFakeCrypto(random: Random): Crypto {
  return {
    sign: signatureOf,
    verify: (publicKey, message, signature) => {
      const secretKey = secretByPublicKey.get(latin1(publicKey));
      return secretKey !== undefined && latin1(signatureOf(secretKey, message)) === latin1(signature);
    },
    isTorsionFree: (publicKey) => secretByPublicKey.has(latin1(publicKey)),
    publicKeyOf: (secretKey) => {
      const publicKey = point(sha256(secretKey));
      secretByPublicKey.set(latin1(publicKey), secretKey);
      return publicKey;
    },
    sha256,
    randomBytes: (length) => random.bytes(length),
  };
}

function signatureOf(secretKey: Uint8Array, message: Uint8Array): Uint8Array {
  const digest = sha256(Buffer.concat([secretKey, message]));
  const signature = new Uint8Array(64);
  signature.set(point(digest));
  signature.set(digest, 32);
  // S stays below the group's order.
  signature[63] = 0;
  return signature;
}

/** Bytes in the form of a canonical point: y below 2^254. */
function point(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[31] = (copy[31] ?? 0) & 0x3f;
  return copy;
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash("sha256", bytes, "buffer"));
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
