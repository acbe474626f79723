/**
 * The part of core that only checks: licenses, records, vouchers and the signatures under them. Without a schema library,
 * for places where every kilobyte counts. Whoever takes part in a cluster imports `@arctic/core`.
 */
export type { Crypto } from "./crypto/crypto.ts";
export { nobleCrypto, sha256 } from "./crypto/noble-crypto.ts";
export { verifySignature } from "./crypto/strict-ed25519.ts";
export { base64urlFromBytes, bytesFromBase64url } from "./encoding/base64url.ts";
export { canonicalJson } from "./encoding/canonical-json.ts";
export type { JsonObject, JsonValue } from "./encoding/json.ts";
export { parseJson } from "./encoding/parse-json.ts";
export { isId, peerIdFromKey } from "./identity/id.ts";
export { checkLicense, isSuccessor, type License, type LicenseRoot, licenseHash } from "./license/license.ts";
export { checkRecordProof, checkRecordShape, isTombstone, recordKey, type SignedRecord } from "./registry/record.ts";
export type { Rejection, RejectionCode } from "./rejection.ts";
export type { Result } from "./result.ts";
export { checkVoucher, type Voucher } from "./trust/voucher.ts";
