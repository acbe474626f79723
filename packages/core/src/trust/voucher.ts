import type { Crypto } from "../crypto/crypto.ts";
import { isSealedBy, seal } from "../crypto/signed.ts";
import { base64urlFromBytes, bytesFromBase64url } from "../encoding/base64url.ts";
import type { JsonObject } from "../encoding/json.ts";
import { complaintText, object, text } from "../encoding/shape.ts";
import { idOf, instant } from "../identity/fields.ts";
import { type CustomerId, createId, doesIdCommitToKey, type PeerId, type VoucherId } from "../identity/id.ts";
import type { Identity } from "../identity/identity.ts";
import * as LIMITS from "../limits.ts";
import { accept, type Result, refuse } from "../result.ts";
import { type Millis, msFromRfc3339, rfc3339FromMs } from "../time.ts";

/** A member's word for a newcomer, for the doorstep of a peer that has not heard of its admission yet. Opens nothing by itself. */
export interface Voucher {
  readonly voucher_id: VoucherId;
  /** The newcomer; its id commits to the key. */
  readonly peer_id: PeerId;
  /** Ed25519, 32 bytes, base64url. */
  readonly public_key: string;
  readonly customer_id: CustomerId;
  /** RFC 3339, UTC; at most 24 hours apart. */
  readonly issued_at: string;
  readonly expires_at: string;
  /** The member that gives its word. */
  readonly signer: PeerId;
  readonly signature: string;
  readonly [field: string]: unknown;
}

const voucherShape = object({
  voucher_id: idOf("vou"),
  peer_id: idOf("peer"),
  public_key: text(43, 43),
  customer_id: idOf("cust"),
  issued_at: instant,
  expires_at: instant,
  signer: idOf("peer"),
  signature: text(86, 86),
});

/** What keeps a value from having the shape of a voucher, or `undefined`. Says nothing of its signature. */
export function complaintOfVoucher(value: unknown): string | undefined {
  return complaintText(voucherShape, value);
}

/** A member's word for a newcomer, for 24 hours from `now`. */
export function issueVoucher(
  crypto: Crypto,
  signer: Identity,
  newcomer: { readonly peerId: PeerId; readonly publicKey: Uint8Array },
  customerId: CustomerId,
  now: Millis,
): Voucher {
  return seal(crypto, "voucher", signer.secretKey, {
    voucher_id: createId("vou", crypto, now),
    peer_id: newcomer.peerId,
    public_key: base64urlFromBytes(newcomer.publicKey),
    customer_id: customerId,
    issued_at: rfc3339FromMs(now),
    expires_at: rfc3339FromMs(now + LIMITS.voucherTtlMs),
    signer: signer.peerId,
  }) as unknown as Voucher;
}

/**
 * The voucher, where `signerKey` made it for this customer, it is in time (5 minutes of clock tolerance, 24 h at most)
 * and its subject's id commits to the key in it. That the signer is an active member is for the caller to know.
 */
export function checkVoucher(
  crypto: Crypto,
  value: unknown,
  signerKey: Uint8Array,
  customerId: CustomerId,
  now: Millis,
): Result<Voucher> {
  const complaint = complaintOfVoucher(value);
  if (complaint !== undefined) return refuse("voucher_invalid", complaint);
  const voucher = value as Voucher;
  const issuedAt = msFromRfc3339(voucher.issued_at) ?? 0;
  const expiresAt = msFromRfc3339(voucher.expires_at) ?? 0;
  const publicKey = bytesFromBase64url(voucher.public_key);
  if (voucher.customer_id !== customerId) return refuse("voucher_invalid", "another customer");
  if (publicKey === undefined || !doesIdCommitToKey(crypto, voucher.peer_id, publicKey))
    return refuse("voucher_invalid", "id and key");
  if (expiresAt - issuedAt > LIMITS.voucherTtlMs) return refuse("voucher_invalid", "it lives longer than 24 hours");
  if (issuedAt > now + LIMITS.clockToleranceMs) return refuse("voucher_invalid", "issued in the future");
  if (expiresAt < now - LIMITS.clockToleranceMs) return refuse("voucher_invalid", "expired");
  if (!isSealedSafely(crypto, signerKey, voucher)) return refuse("voucher_invalid", "signature");
  return accept(voucher);
}

function isSealedSafely(crypto: Crypto, signerKey: Uint8Array, voucher: Voucher): boolean {
  try {
    return isSealedBy(crypto, "voucher", signerKey, voucher as unknown as JsonObject);
  } catch {
    // Unknown fields that canonical JSON cannot carry were never signed.
    return false;
  }
}
