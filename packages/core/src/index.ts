export type { Crypto, SignatureCheck } from "./crypto/crypto.ts";
export { nobleCrypto, sha256 } from "./crypto/noble-crypto.ts";
export { cryptoFromNode, type NodeCrypto, type NodeCryptoModule } from "./crypto/node-crypto.ts";
export { verifySignature } from "./crypto/strict-ed25519.ts";
export { base64urlFromBytes, bytesFromBase64url } from "./encoding/base64url.ts";
export { canonicalJson } from "./encoding/canonical-json.ts";
export { type Cidr, isInCidr, parseAddress, parseCidr } from "./encoding/cidr.ts";
export { isJsonObject, type JsonObject, type JsonValue } from "./encoding/json.ts";
export { parseJson } from "./encoding/parse-json.ts";
export {
  type ClientId,
  type ClusterId,
  type CustomerId,
  createId,
  isId,
  type LicenseId,
  mintedAt,
  type PeerId,
  peerIdFromKey,
  type RotationId,
  type ServiceId,
  ulidOf,
} from "./identity/id.ts";
export { createIdentity, type Identity } from "./identity/identity.ts";
export type { CredentialBody } from "./kinds/credential.ts";
export { kindTable } from "./kinds/kinds.ts";
export { isPeerBody, type PeerBody } from "./kinds/peer.ts";
export { isServiceBody, type ServiceBody } from "./kinds/service.ts";
export {
  checkLicense,
  complaintOfLicense,
  complaintOfLicenseRoot,
  isSuccessor,
  issueLicense,
  type License,
  type LicenseRoot,
  type LicenseTerms,
  licenseHash,
} from "./license/license.ts";
export { type LicenseProgress, type LicenseState, licenseStateAt } from "./license/license-state.ts";
export type { ClusterNode, NodeOptions, Step } from "./node/cluster-node.ts";
export { createClusterNode } from "./node/create-cluster-node.ts";
export type { Effect, NodeFlags, Notice } from "./node/effect.ts";
export type { Address, CallId, DialId, Input, LinkId } from "./node/input.ts";
export { createSharedRecords, type SharedRecords } from "./node/shared-records.ts";
export type { ClusterView, Equivocation, PeersView, PeerView, RegistryHashes, RegistryView } from "./node/view.ts";
export type { DigestGroup, KindDefinition } from "./registry/kind.ts";
export {
  checkRecordProof,
  checkRecordShape,
  issueRecord,
  isTombstone,
  type LiveRecord,
  nextVersion,
  type RecordKey,
  recordKey,
  type SignedRecord,
  type Tombstone,
  versionAt,
} from "./registry/record.ts";
export type { Rejection, RejectionCode } from "./rejection.ts";
export type { Result } from "./result.ts";
export { LIMITS } from "./shown-limits.ts";
export { type Millis, msFromRfc3339, rfc3339FromMs } from "./time.ts";
export type { PeerBookEntry } from "./trust/peer-book.ts";
export { type AcceptedSecret, countingCredential, type Secret, type SecretName } from "./trust/secrets.ts";
export { complaintOfVoucher, issueVoucher, type Voucher } from "./trust/voucher.ts";
