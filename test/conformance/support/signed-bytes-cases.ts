import { domain, type Purpose, seal, signedBytes } from "../../../packages/core/src/crypto/signed.ts";
import { lengthPrefixed } from "../../../packages/core/src/encoding/framing.ts";
import type { JsonObject } from "../../../packages/core/src/encoding/json.ts";
import { crypto, hexFromBytes, identityOf } from "../../../packages/core/test/support/fixtures.ts";

/** What is under a signature, byte for byte. */
export function signedBytesVectors() {
  return {
    description:
      "What a signature covers, hex. The signer's seed is SHA-256 of the UTF-8 text `signer_label`: no secret of anybody. `framed`: length-prefixed fields; a field is text or bytes.",
    signed: [
      ["record", { kind: "app.note", id: "n-1", body: { text: "hi" } }],
      ["license", { key_id: "k", features: [], nested: { signature: "an inner one stays" } }],
      ["voucher", {}],
      ["record", { b: 1, a: "é€😀", "\u0001": "\u0007", é: [null, true, false, -1] }],
    ].map(([purpose, object]) => signed(purpose as Purpose, object as JsonObject)),
    domains: ["arctic/record/v1", "arctic/handshake/v1", "arctic/handshake/responder/v1"].map((label) => ({
      label,
      bytes: hexFromBytes(domain(label)),
    })),
    framed: [[], [""], ["a", "bc"], ["é😀"], ["x".repeat(300)]].map((fields) => ({
      fields,
      bytes: hexFromBytes(lengthPrefixed(...fields)),
    })),
  };
}

function signed(purpose: Purpose, object: JsonObject) {
  const { publicKey, secretKey } = identityOf("signer");
  const sealed = seal(crypto, purpose, secretKey, object);
  return {
    purpose,
    signer_label: "arctic test: key of signer",
    public_key: hexFromBytes(publicKey),
    object: sealed,
    bytes: hexFromBytes(signedBytes(purpose, sealed)),
    content_hash: hexFromBytes(crypto.sha256(signedBytes(purpose, sealed))),
  };
}
