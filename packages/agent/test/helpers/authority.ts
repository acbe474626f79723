import * as nodeCrypto from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  base64urlFromBytes,
  type CustomerId,
  createId,
  cryptoFromNode,
  issueLicense,
  type License,
  type LicenseRoot,
  type LicenseTerms,
  rfc3339FromMs,
} from "@arctic/core";

/** A license authority for tests: one root, in a roots file of its own. */
export interface Authority {
  readonly rootsPath: string;
  readonly customerId: CustomerId;
  readonly roots: readonly LicenseRoot[];
  issue(terms?: Partial<LicenseTerms>): License;
  remove(): void;
}

const DAY_MS = 24 * 3_600_000;

export function createAuthority(keyId = "test-root", options: { readonly isLimited?: boolean } = {}): Authority {
  const crypto = cryptoFromNode(nodeCrypto);
  const secretKey = crypto.randomBytes(32);
  const customerId = createId("cust", crypto, Date.now());
  const directory = mkdtempSync(join(tmpdir(), "arctic-roots-"));
  const rootsPath = join(directory, "roots.json");
  const root = {
    key_id: keyId,
    public_key: base64urlFromBytes(crypto.publicKeyOf(secretKey)),
    ...(options.isLimited === true ? { customer_id: customerId } : {}),
  };
  writeFileSync(rootsPath, JSON.stringify([root]), { mode: 0o644 });
  return {
    rootsPath,
    customerId,
    roots: [root],
    issue: (terms = {}) =>
      issueLicense(
        crypto,
        { keyId, secretKey },
        {
          customer_id: customerId,
          license_id: createId("lic", crypto, Date.now()),
          replaces: [],
          issued_at: rfc3339FromMs(Date.now()),
          expires_at: rfc3339FromMs(Date.now() + 365 * DAY_MS),
          max_nodes: 10,
          max_services: 100,
          features: [],
          ...terms,
        },
      ),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
