import {
  complaintOfLicense,
  issueLicense,
  type License,
  type LicenseTerms,
  licenseStateAt,
  msFromRfc3339,
  nobleCrypto,
  rfc3339FromMs,
} from "@arctic/core";
import { usageFailure } from "../failure.ts";
import { readSource } from "../files.ts";
import { fields } from "../view/table.ts";
import { jsonOf, type RootKey } from "./root-key.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** The document in the file, checked for its shape and for nothing else. */
export function readLicense(path: string): License {
  const document = jsonOf(readSource(path, "the license"), path);
  const complaint = complaintOfLicense(document);
  if (complaint === undefined) return document as License;
  throw usageFailure(`${path} is not a license (${complaint}).`, "Make one with: arctic license issue");
}

/** Signs, after asking whether this root may: a license that no agent accepts must not leave the house. */
export function signLicense(key: RootKey, terms: LicenseTerms): License {
  const { customer_id, key_id } = key.root;
  if (customer_id !== undefined && customer_id !== terms.customer_id) {
    throw usageFailure(
      `the root ${key_id} signs for ${customer_id} only, not for ${terms.customer_id}.`,
      "A root for all customers: arctic license keygen --any-customer",
    );
  }
  return issueLicense(nobleCrypto, { keyId: key_id, secretKey: key.secretKey }, terms);
}

export function licenseText(license: License): string {
  return `${JSON.stringify(license, null, 2)}\n`;
}

/** `365d` from now on, or an RFC 3339 UTC time that is still to come. */
export function expiryFrom(text: string, now: number): string {
  const days = /^([1-9]\d{0,4})d$/.exec(text)?.[1];
  const at = days === undefined ? msFromRfc3339(text) : now + Number(days) * DAY_MS;
  if (at === undefined) {
    throw usageFailure(`--expires ${text} is neither days nor a time.`, "Such as 365d or 2030-01-31T00:00:00Z.");
  }
  if (at <= now) throw usageFailure(`--expires ${text} is in the past.`);
  return rfc3339FromMs(at);
}

export function licenseFields(license: License, now: number): string {
  const days = Math.floor(((msFromRfc3339(license.expires_at) ?? 0) - now) / DAY_MS);
  return fields([
    ["license", license.license_id],
    ["customer", license.customer_id],
    ["state", licenseStateAt(license, now)],
    ["expires", `${license.expires_at} (${days >= 0 ? `in ${days} days` : `${-days} days ago`})`],
    ["issued", license.issued_at],
    ["nodes", String(license.max_nodes)],
    ["services", String(license.max_services)],
    ["features", license.features.join(", ")],
    ["replaces", license.replaces.join(", ")],
    ["signed by", license.key_id],
  ]);
}
