import { base64urlVectors, canonicalJsonVectors, cidrVectors } from "./support/encoding-cases.ts";
import { handshakeVectors } from "./support/handshake-cases.ts";
import { idVectors } from "./support/identity-cases.ts";
import { licenseVectors } from "./support/license-cases.ts";
import { recordVectors } from "./support/record-cases.ts";
import { signatureCases } from "./support/signature-cases.ts";
import { voucherVectors } from "./support/voucher-cases.ts";

/** Every vector file by its name, made from keys that are drawn from labels: the same at every run. */
export function makeVectors() {
  return {
    "base64url.json": base64urlVectors(),
    "canonical-json.json": canonicalJsonVectors(),
    "cidrs.json": cidrVectors(),
    "handshakes.json": handshakeVectors(),
    "ids.json": idVectors(),
    "licenses.json": licenseVectors(),
    "records.json": recordVectors(),
    "signatures.json": {
      description: "Ed25519 as every peer judges it, whatever its provider (SPEC 5.1). Bytes are hex.",
      cases: signatureCases(),
    },
    "vouchers.json": voucherVectors(),
  };
}

export function textOf(vectors: unknown): string {
  return `${JSON.stringify(vectors, null, 2)}\n`;
}
