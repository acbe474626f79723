import { base64urlFromBytes } from "../../../packages/core/src/encoding/base64url.ts";
import type { LicenseRoot } from "../../../packages/core/src/license/license.ts";
import { issueLicense, type License, licenseHash } from "../../../packages/core/src/license/license.ts";
import { DAY_MS, rfc3339FromMs } from "../../../packages/core/src/time.ts";
import {
  bytesOf,
  CUSTOMER,
  crypto,
  customerIdOf,
  licenseIdOf,
  licenseOf,
  licenseTerms,
  NOW,
  ROOT,
} from "../../../packages/core/test/support/fixtures.ts";

export function licenseVectors() {
  const license = licenseOf();
  const later = rfc3339FromMs(NOW - DAY_MS);
  const successors: { name: string; next: License; succeeds: boolean }[] = [
    { name: "the same id, issued later", next: licenseOf({ issued_at: later, max_nodes: 32 }), succeeds: true },
    {
      name: "it names the held one in replaces",
      next: licenseOf({ issued_at: later, license_id: licenseIdOf("second"), replaces: [license.license_id] }),
      succeeds: true,
    },
    {
      name: "the same id, issued earlier",
      next: licenseOf({ issued_at: rfc3339FromMs(NOW - 20 * DAY_MS) }),
      succeeds: false,
    },
    { name: "the same document", next: license, succeeds: false },
    {
      name: "another id, issued later",
      next: licenseOf({ issued_at: later, license_id: licenseIdOf("second") }),
      succeeds: false,
    },
    {
      name: "another customer",
      next: licenseOf({ issued_at: later, customer_id: customerIdOf("other") }),
      succeeds: false,
    },
  ];
  return {
    description:
      "License documents, the roots that a peer has configured, and what it answers. `hash` is how a license is named in a handshake.",
    roots: [ROOT],
    valid: [
      { name: "a license", document: license, hash: licenseHash(crypto, license) },
      { name: "with a field that is not known yet", ...withHash(licenseOf({ support: { level: "gold" } } as never)) },
      {
        name: "expired: its dates are not judged here",
        ...withHash(licenseOf({ expires_at: rfc3339FromMs(NOW - 400 * DAY_MS) })),
      },
      {
        name: "everything at its limit",
        ...withHash(
          licenseOf({
            replaces: many(64),
            features: [...features(63, 64), "😀".repeat(64)],
            max_nodes: 1,
            max_services: 0,
          }),
        ),
      },
    ],
    refused: [...tampered(license), ...malformed(license), ...otherRoots()],
    customer_limited: customerLimited(license),
    held: license,
    successors,
    states: stateTable(license),
  };
}

function withHash(document: License) {
  return { document, hash: licenseHash(crypto, document) };
}

function tampered(license: License) {
  const changes: Record<string, unknown> = {
    customer_id: customerIdOf("other"),
    license_id: licenseIdOf("second"),
    replaces: [licenseIdOf("second")],
    issued_at: rfc3339FromMs(NOW),
    expires_at: rfc3339FromMs(NOW + 3650 * DAY_MS),
    max_nodes: 1_000_000,
    max_services: 1_000_000,
    features: ["everything"],
  };
  return [
    ...Object.entries(changes).map(([field, value]) => ({
      name: `${field} was changed`,
      document: { ...license, [field]: value },
      code: "license_signature_invalid",
    })),
    { name: "a field was added", document: { ...license, note: "added" }, code: "license_signature_invalid" },
    {
      name: "the signature of another license",
      document: { ...license, signature: licenseOf({ max_nodes: 2 }).signature },
      code: "license_signature_invalid",
    },
    {
      name: "the signature in its second spelling",
      document: { ...license, signature: twin(license.signature) },
      code: "license_signature_invalid",
    },
  ];
}

function malformed(license: License) {
  const without = (field: keyof License) =>
    Object.fromEntries(Object.entries(license).filter(([name]) => name !== field));
  return [
    ...(
      [
        "customer_id",
        "license_id",
        "replaces",
        "issued_at",
        "expires_at",
        "max_nodes",
        "max_services",
        "features",
        "key_id",
        "signature",
      ] as const
    ).map((field) => ({ name: `${field} is missing`, document: without(field), code: "license_malformed" })),
    {
      name: "a customer id in lower case",
      document: { ...license, customer_id: license.customer_id.toLowerCase() },
      code: "license_malformed",
    },
    { name: "no nodes", document: { ...license, max_nodes: 0 }, code: "license_malformed" },
    { name: "no number of services", document: { ...license, max_services: -1 }, code: "license_malformed" },
    { name: "65 replaced licenses", document: { ...license, replaces: many(65) }, code: "license_malformed" },
    {
      name: "a replaced license that is none",
      document: { ...license, replaces: ["lic_1"] },
      code: "license_malformed",
    },
    { name: "65 features", document: { ...license, features: features(65, 1) }, code: "license_malformed" },
    {
      name: "a feature of 65 characters",
      document: { ...license, features: features(1, 65) },
      code: "license_malformed",
    },
    { name: "a key id of 65 characters", document: { ...license, key_id: "k".repeat(65) }, code: "license_malformed" },
    { name: "an empty key id", document: { ...license, key_id: "" }, code: "license_malformed" },
    { name: "half a node", document: { ...license, max_nodes: 1.5 }, code: "license_malformed" },
    {
      name: "a date that no calendar has",
      document: { ...license, expires_at: "2026-02-30T00:00:00Z" },
      code: "license_malformed",
    },
    {
      name: "a date in a zone of its own",
      document: { ...license, expires_at: "2027-01-01T00:00:00+01:00" },
      code: "license_malformed",
    },
    { name: "a list", document: [license], code: "license_malformed" },
  ];
}

function otherRoots() {
  const terms = licenseTerms();
  return [
    {
      name: "a root that is not configured",
      document: issueLicense(crypto, { keyId: "other-root", secretKey: bytesOf("other root") }, terms),
      code: "license_root_unknown",
    },
    {
      name: "another key under the name of a root",
      document: issueLicense(crypto, { keyId: ROOT.key_id, secretKey: bytesOf("other root") }, terms),
      code: "license_signature_invalid",
    },
  ];
}

function customerLimited(license: License) {
  const limitedTo = (customer_id: LicenseRoot["customer_id"]) => [{ ...ROOT, customer_id }];
  return [
    { name: "the root is limited to this customer", roots: limitedTo(CUSTOMER), document: license, code: null },
    {
      name: "of two roots of one name the one for this customer counts",
      roots: [...limitedTo(customerIdOf("other")), { ...ROOT, ...otherKey() }, ...limitedTo(CUSTOMER)],
      document: license,
      code: null,
    },
    {
      name: "of two roots of one name the one for every customer counts, before one for another",
      roots: [...limitedTo(customerIdOf("other")), ROOT],
      document: license,
      code: null,
    },
    {
      name: "the root for this customer counts alone, though another of its name would verify",
      roots: [ROOT, { ...ROOT, ...otherKey(), customer_id: CUSTOMER }],
      document: license,
      code: "license_signature_invalid",
    },
    {
      name: "a root whose key is no key",
      roots: [{ ...ROOT, public_key: "A".repeat(43) }],
      document: license,
      code: "license_signature_invalid",
    },
    {
      name: "the root is limited to another customer",
      roots: limitedTo(customerIdOf("other")),
      document: license,
      code: "license_customer_mismatch",
    },
  ];
}

function many(count: number) {
  return Array.from({ length: count }, (_, index) => licenseIdOf(`replaced ${index}`));
}

function features(count: number, length: number) {
  return Array.from({ length: count }, () => "f".repeat(length));
}

function otherKey() {
  return { public_key: base64urlFromBytes(crypto.publicKeyOf(bytesOf("other root"))) };
}

function stateTable(license: License) {
  const expiresAt = Date.parse(license.expires_at);
  const at = (days: number, offsetMs: number, state: string) => ({
    at_ms: expiresAt + days * DAY_MS + offsetMs,
    state,
  });
  return [
    at(-30, -1, "valid"),
    at(-30, 0, "warning"),
    at(0, -1, "warning"),
    at(0, 0, "grace"),
    at(14, -1, "grace"),
    at(14, 0, "read_only"),
    at(44, -1, "read_only"),
    at(44, 0, "suspended"),
    at(4000, 0, "suspended"),
  ];
}

/** The same bytes with the unused low bits of the last character set: what a lax reader takes for the same. */
export function twin(text: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return text.slice(0, -1) + alphabet.charAt(alphabet.indexOf(text.slice(-1)) + 1);
}
