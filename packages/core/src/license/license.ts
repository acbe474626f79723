import * as z from "zod";
import type { Crypto } from "../crypto/crypto.ts";
import { isSealedBy, seal, signedBytes } from "../crypto/signed.ts";
import { base64urlFromBytes, bytesFromBase64url } from "../encoding/base64url.ts";
import type { JsonObject } from "../encoding/json.ts";
import { type CustomerId, isId, type LicenseId } from "../identity/id.ts";
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

const instant = z.string().refine((text) => msFromRfc3339(text) !== undefined, "not an RFC 3339 UTC time");
const customerId = z.custom<CustomerId>((value) => isId("cust", value), "not a cust_ id");
const licenseId = z.custom<LicenseId>((value) => isId("lic", value), "not a lic_ id");

export const licenseSchema = z.looseObject({
  customer_id: customerId,
  license_id: licenseId,
  replaces: z.array(licenseId).max(64),
  issued_at: instant,
  expires_at: instant,
  max_nodes: z.int().min(1),
  max_services: z.int().min(0),
  features: z.array(z.string().max(64)).max(64),
  key_id: z.string().min(1).max(64),
  signature: z.string(),
});
export const licenseRootSchema = z.object({
  key_id: z.string().min(1).max(64),
  public_key: z.string().refine((text) => bytesFromBase64url(text)?.length === 32, "not 32 bytes in base64url"),
  customer_id: customerId.optional(),
});

/** A license document as it travels. */
export type License = z.infer<typeof licenseSchema>;
export type LicenseTerms = Omit<License, "signature" | "key_id">;

/** Signs license terms with a root's secret key (32 bytes). */
export function issueLicense(
  crypto: Pick<Crypto, "sign">,
  root: { keyId: string; secretKey: Uint8Array },
  terms: LicenseTerms,
): License {
  return licenseSchema.parse(seal(crypto, "license", root.secretKey, { ...terms, key_id: root.keyId } as JsonObject));
}

/** The license, where a configured root signed it for a customer that the root may sign for. Does not judge its dates. */
export function checkLicense(crypto: Crypto, roots: readonly LicenseRoot[], document: unknown): Result<License> {
  const parsed = licenseSchema.safeParse(document);
  if (!parsed.success) return refuse("license_malformed", firstIssue(parsed.error));
  const license = parsed.data;
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

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? "" : `${issue.path.join(".") || "document"}: ${issue.message}`;
}
