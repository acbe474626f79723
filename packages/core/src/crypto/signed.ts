import { base64urlFromBytes, bytesFromBase64url } from "../encoding/base64url.ts";
import { canonicalJson } from "../encoding/canonical-json.ts";
import type { JsonObject } from "../encoding/json.ts";
import { utf8FromText } from "../encoding/utf8.ts";
import type { Crypto } from "./crypto.ts";
import { verifySignature } from "./strict-ed25519.ts";

/** What is signed says what it is for, so that a signature for one purpose is worth nothing for another. */
export type Purpose = "record" | "license" | "voucher";

/** `arctic/<purpose>/v1` 0x00 canonicalJson(object without its `signature`). Throws where the object is not canonical JSON. */
export function signedBytes(purpose: Purpose, object: JsonObject): Uint8Array {
  const { signature: _, ...unsigned } = object;
  return utf8FromText(`arctic/${purpose}/v1\u0000${canonicalJson(unsigned)}`);
}

/** The label and its end mark, the first bytes under every signature and hash. */
export function domain(label: string): Uint8Array {
  return utf8FromText(`${label}\u0000`);
}

export function seal<T extends JsonObject>(
  crypto: Pick<Crypto, "sign">,
  purpose: Purpose,
  secretKey: Uint8Array,
  object: T,
): T & { readonly signature: string } {
  return { ...object, signature: base64urlFromBytes(crypto.sign(secretKey, signedBytes(purpose, object))) };
}

/** True where `signature` is the key's over this purpose and this object, by the strict rule. `bytes` are the signed ones, where they are at hand. */
export function isSealedBy(
  crypto: Pick<Crypto, "verify">,
  purpose: Purpose,
  publicKey: Uint8Array,
  object: JsonObject,
  bytes: Uint8Array = signedBytes(purpose, object),
): boolean {
  const signature = typeof object.signature === "string" ? bytesFromBase64url(object.signature) : undefined;
  return signature !== undefined && verifySignature(publicKey, bytes, signature, crypto);
}
