import { createHash } from "node:crypto";
import { signedBytes } from "../../../packages/core/src/crypto/signed.ts";
import { base64urlFromBytes } from "../../../packages/core/src/encoding/base64url.ts";
import type { JsonObject } from "../../../packages/core/src/encoding/json.ts";
import { peerIdFromKey } from "../../../packages/core/src/identity/id.ts";
import type { Identity } from "../../../packages/core/src/identity/identity.ts";
import type { SignedRecord } from "../../../packages/core/src/registry/record.ts";
import { bytesOf, CUSTOMER, crypto, NOW, versionOf } from "../../../packages/core/test/support/fixtures.ts";
import { add, BASE, decode, encode, L, littleEndianOf, multiply, numberOf, torsion, ZERO } from "./edwards.ts";

/** The same record under another right signature of its owner: RFC 8032 fixes the nonce, no verifier can tell. */
export function signedOtherwise(record: SignedRecord, owner: Identity): SignedRecord {
  const bytes = signedBytes("record", record as unknown as JsonObject);
  return { ...record, signature: signatureBy(scalarOf(owner.secretKey), owner.publicKey, bytes, "otherwise") };
}

/** A record by a key with torsion whose signature nevertheless holds: it was sought until 8 divides k. */
export function recordOfMixedOrderKey(introducedAs: string): SignedRecord {
  const scalar = scalarOf(bytesOf(`key of ${introducedAs}`));
  const [, generator = ZERO] = torsion();
  const publicKey = encode(add(multiply(BASE, scalar), generator));
  const owner = peerIdFromKey(crypto, publicKey, NOW);
  for (let attempt = 0; ; attempt += 1) {
    const unsigned = {
      kind: "app.note",
      id: "n-1",
      owner,
      key: base64urlFromBytes(publicKey),
      version: versionOf(NOW),
      customer_id: CUSTOMER,
      body: { attempt },
    };
    const bytes = signedBytes("record", unsigned);
    const { r, k } = challenge(publicKey, bytes, "mixed");
    if (k % 8n === 0n && decode(r).y !== 0n)
      return { ...unsigned, signature: signatureBy(scalar, publicKey, bytes, "mixed") } as SignedRecord;
  }
}

function signatureBy(scalar: bigint, publicKey: Uint8Array, message: Uint8Array, label: string): string {
  const { nonce, r, k } = challenge(publicKey, message, label);
  return base64urlFromBytes(new Uint8Array([...r, ...littleEndianOf((nonce + k * scalar) % L)]));
}

function challenge(publicKey: Uint8Array, message: Uint8Array, label: string) {
  const nonce = numberOf(hash512(new TextEncoder().encode(`arctic test nonce ${label}`), message)) % L;
  const r = encode(multiply(BASE, nonce));
  return { nonce, r, k: numberOf(hash512(r, publicKey, message)) % L };
}

function scalarOf(seed: Uint8Array): bigint {
  const clamped = hash512(seed).slice(0, 32);
  clamped[0] = (clamped[0] ?? 0) & 248;
  clamped[31] = ((clamped[31] ?? 0) & 127) | 64;
  return numberOf(clamped) % L;
}

function hash512(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("sha512");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}
