import { describe, expect, it } from "vitest";
import {
  checkLicense,
  complaintOfLicenseRoot,
  isSuccessor,
  issueLicense,
  licenseHash,
} from "../../src/license/license.ts";
import { licenseStateAt } from "../../src/license/license-state.ts";
import { DAY_MS, rfc3339FromMs } from "../../src/time.ts";
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
  ROOT_SECRET,
} from "../support/fixtures.ts";

const license = licenseOf();
const codeOf = (document: unknown, roots = [ROOT]) => {
  const checked = checkLicense(crypto, roots, document);
  return checked.ok ? "ok" : checked.rejection.code;
};

describe("a license", () => {
  it("verifies under the root that issued it and under no other", () => {
    expect(codeOf(license)).toBe("ok");
    expect(codeOf(license, [])).toBe("license_root_unknown");
    const other = issueLicense(crypto, { keyId: ROOT.key_id, secretKey: bytesOf("other root") }, licenseTerms());
    expect(codeOf(other)).toBe("license_signature_invalid");
  });
  it("counts for a limited root's own customer only", () => {
    expect(codeOf(license, [{ ...ROOT, customer_id: CUSTOMER }])).toBe("ok");
    expect(codeOf(license, [{ ...ROOT, customer_id: customerIdOf("other") }])).toBe("license_customer_mismatch");
  });
  it("does not verify once any field is another, a field is added, or a field is gone", () => {
    const others = {
      customer_id: customerIdOf("other"),
      license_id: licenseIdOf("x"),
      replaces: [licenseIdOf("x")],
      issued_at: rfc3339FromMs(NOW),
      expires_at: rfc3339FromMs(NOW),
      max_nodes: 99,
      max_services: 99,
      features: ["x"],
      added: true,
    };
    for (const [field, value] of Object.entries(others))
      expect(codeOf({ ...license, [field]: value }), field).toBe("license_signature_invalid");
    for (const field of Object.keys(license))
      expect(codeOf(Object.fromEntries(Object.entries(license).filter(([name]) => name !== field))), field).toBe(
        "license_malformed",
      );
  });
  it("keeps unknown fields under the signature", () => {
    const extended = licenseOf({ support: "gold" } as never);
    expect(checkLicense(crypto, [ROOT], extended)).toEqual({ ok: true, value: extended });
    expect(codeOf({ ...extended, support: "none" })).toBe("license_signature_invalid");
  });
  it("an unknown field that was never signable is a wrong signature, not a crash", () => {
    expect(codeOf({ ...license, extra: 1.5 })).toBe("license_signature_invalid");
    expect(codeOf({ ...license, extra: "\ud800" })).toBe("license_signature_invalid");
  });
  it("has one hash a document", () => {
    expect(licenseHash(crypto, license)).toBe(licenseHash(crypto, { ...license }));
    expect(licenseHash(crypto, license)).not.toBe(licenseHash(crypto, licenseOf({ max_nodes: 17 })));
    const resigned = { ...license, signature: "A".repeat(86) };
    expect(licenseHash(crypto, resigned)).not.toBe(licenseHash(crypto, license));
  });
  it("a root with a key of another length or spelling is refused", () => {
    expect(complaintOfLicenseRoot(ROOT)).toBeUndefined();
    for (const public_key of ["", "A".repeat(42), "A".repeat(44), `${"A".repeat(42)}B`, `${ROOT.public_key}=`])
      expect(complaintOfLicenseRoot({ ...ROOT, public_key })).toMatch(/^public_key: /);
  });
  it("cannot be issued with terms that are malformed", () => {
    const issue = (terms: object) =>
      issueLicense(crypto, { keyId: "k", secretKey: ROOT_SECRET }, { ...licenseTerms(), ...terms } as never);
    expect(() => issue({ max_nodes: 0 })).toThrow();
    expect(() => issue({ customer_id: "acme" })).toThrow();
  });
  it("is looked for under every root of its key_id", () => {
    const otherCustomers = { ...ROOT, customer_id: customerIdOf("other") };
    expect(codeOf(license, [otherCustomers, ROOT])).toBe("ok");
  });
});

describe("a license's successor", () => {
  const later = { issued_at: rfc3339FromMs(NOW) };
  it("has the same id or names it, and was issued later", () => {
    expect(isSuccessor(license, licenseOf(later))).toBe(true);
    expect(
      isSuccessor(license, licenseOf({ ...later, license_id: licenseIdOf("x"), replaces: [license.license_id] })),
    ).toBe(true);
  });
  it("is never an older one, an unrelated one, another customer's or the same", () => {
    expect(isSuccessor(license, license)).toBe(false);
    expect(isSuccessor(license, licenseOf({ issued_at: rfc3339FromMs(NOW - 90 * DAY_MS) }))).toBe(false);
    expect(isSuccessor(license, licenseOf({ ...later, license_id: licenseIdOf("x") }))).toBe(false);
    expect(isSuccessor(license, licenseOf({ ...later, customer_id: customerIdOf("other") }))).toBe(false);
  });
});

describe("a license's state", () => {
  it("goes from valid to suspended by its dates", () => {
    const expiresAt = Date.parse(license.expires_at);
    const days = (count: number) => licenseStateAt(license, expiresAt + count * DAY_MS);
    expect([-31, -30, -1, 0, 13, 14, 43, 44].map(days)).toEqual([
      "valid",
      "warning",
      "warning",
      "grace",
      "grace",
      "read_only",
      "read_only",
      "suspended",
    ]);
  });
});
