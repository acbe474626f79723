import type { Crypto } from "../crypto/crypto.ts";
import { isSealedBy, seal, signedBytes } from "../crypto/signed.ts";
import { base64urlFromBytes, bytesFromBase64url } from "../encoding/base64url.ts";
import type { JsonObject } from "../encoding/json.ts";
import { complaintText, integer, listOf, matching, object, optional, text } from "../encoding/shape.ts";
import { idOf, instant, key32 } from "../identity/fields.ts";
import type { CustomerId, LicenseId } from "../identity/id.ts";
import { accept, type Result, refuse } from "../result.ts";
import { msFromRfc3339 } from "../time.ts";

/** A key that may sign licenses, as the embedder or the host's owner configures it. */
export interface LicenseRoot {
  readonly key_id: string;
  /** Ed25519, 32 bytes, base64url. */
  readonly public_key: string;
  /** Where set, licenses of this root count for this customer only. */
  readonly customer_id?: CustomerId | undefined;
}

/** A license document as it travels. Fields that are not named here are kept: they are under the signature. */
export interface License {
  readonly customer_id: CustomerId;
  readonly license_id: LicenseId;
  /** Ids of licenses that this one takes the place of; at most 64. */
  readonly replaces: readonly LicenseId[];
  /** RFC 3339, UTC. */
  readonly issued_at: string;
  readonly expires_at: string;
  readonly max_nodes: number;
  readonly max_services: number;
  readonly features: readonly string[];
  /** Names the root that signed. */
  readonly key_id: string;
  /** Ed25519 over the other fields, base64url. */
  readonly signature: string;
  readonly [field: string]: unknown;
}
/** What a license says before it is signed. */
export type LicenseTerms = Pick<
  License,
  "customer_id" | "license_id" | "replaces" | "issued_at" | "expires_at" | "max_nodes" | "max_services" | "features"
>;

const licenseShape = object({
  customer_id: idOf("cust"),
  license_id: idOf("lic"),
  replaces: listOf(idOf("lic"), 64),
  issued_at: instant,
  expires_at: instant,
  max_nodes: integer(1),
  max_services: integer(0),
  features: listOf(text(0, 64), 64),
  key_id: text(1, 64),
  signature: matching(() => true, "not a text"),
});
const rootShape = object({ key_id: text(1, 64), public_key: key32, customer_id: optional(idOf("cust")) });

/** What keeps a document from having the shape of a license, or `undefined`. Says nothing of its signature. */
export function complaintOfLicense(document: unknown): string | undefined {
  return complaintText(licenseShape, document);
}

/** What keeps a value from being a license root as {@link LicenseRoot} says, or `undefined`. */
export function complaintOfLicenseRoot(value: unknown): string | undefined {
  return complaintText(rootShape, value);
}

/** Signs license terms with a root's secret key (32 bytes). Throws a TypeError where the terms are malformed. */
export function issueLicense(
  crypto: Pick<Crypto, "sign">,
  root: { keyId: string; secretKey: Uint8Array },
  terms: LicenseTerms,
): License {
  const document = seal(crypto, "license", root.secretKey, { ...terms, key_id: root.keyId } as unknown as JsonObject);
  const complaint = complaintOfLicense(document);
  if (complaint !== undefined) throw new TypeError(`the license cannot be issued: ${complaint}`);
  return document as unknown as License;
}

/** The license, where a configured root signed it for a customer that the root may sign for. Does not judge its dates. */
export function checkLicense(crypto: Crypto, roots: readonly LicenseRoot[], document: unknown): Result<License> {
  const complaint = complaintOfLicense(document);
  if (complaint !== undefined) return refuse("license_malformed", complaint);
  const license = document as License;
  const named = roots.filter((candidate) => candidate.key_id === license.key_id);
  const root =
    named.find((candidate) => candidate.customer_id === license.customer_id) ??
    named.find((candidate) => candidate.customer_id === undefined) ??
    named[0];
  if (root === undefined) return refuse("license_root_unknown", license.key_id);
  if (root.customer_id !== undefined && root.customer_id !== license.customer_id) {
    return refuse("license_customer_mismatch", `the root ${root.key_id} signs for ${root.customer_id} only`);
  }
  const publicKey = bytesFromBase64url(root.public_key);
  if (publicKey === undefined || !isSealedSafely(crypto, publicKey, license))
    return refuse("license_signature_invalid");
  return accept(license);
}

/** SHA-256 of the license's signed bytes and signature, base64url: names one document. */
export function licenseHash(crypto: Pick<Crypto, "sha256">, license: License): string {
  const signed = crypto.sha256(signedBytes("license", license as JsonObject));
  const signature = bytesFromBase64url(license.signature) ?? new Uint8Array();
  return base64urlFromBytes(crypto.sha256(new Uint8Array([...signed, ...signature])));
}

/** True where `next` may take the place of `held`: the same customer, the same id or named in `replaces`, issued later. */
export function isSuccessor(held: License, next: License): boolean {
  const isNamed = next.license_id === held.license_id || next.replaces.includes(held.license_id);
  return (
    next.customer_id === held.customer_id &&
    isNamed &&
    (msFromRfc3339(next.issued_at) ?? 0) > (msFromRfc3339(held.issued_at) ?? 0)
  );
}

function isSealedSafely(crypto: Crypto, publicKey: Uint8Array, license: License): boolean {
  try {
    return isSealedBy(crypto, "license", publicKey, license as JsonObject);
  } catch {
    // Unknown fields that canonical JSON cannot carry were never signed.
    return false;
  }
}
