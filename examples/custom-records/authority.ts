import { base64urlFromBytes, createId, createIdentity, issueLicense, nobleCrypto, rfc3339FromMs } from "@arctic/core";
import type { DemoLicense } from "./page/license.ts";

const DAY_MS = 86_400_000;

/**
 * A license authority that lives for one call: it signs one license and its key is forgotten. Everybody who can load
 * the page gets the license, which is why this is a demonstration: see the README.
 */
export function issueDemoLicense(now: number): DemoLicense {
  const authority = createIdentity(nobleCrypto, now);
  const license = issueLicense(
    nobleCrypto,
    { keyId: "demo-root", secretKey: authority.secretKey },
    {
      customer_id: createId("cust", nobleCrypto, now),
      license_id: createId("lic", nobleCrypto, now),
      replaces: [],
      issued_at: rfc3339FromMs(now),
      expires_at: rfc3339FromMs(now + 365 * DAY_MS),
      max_nodes: 10,
      max_services: 0,
      features: [],
    },
  );
  return { roots: [{ key_id: "demo-root", public_key: base64urlFromBytes(authority.publicKey) }], license };
}
