import type { SignatureCheck } from "../crypto/crypto.ts";
import { signedBytes } from "../crypto/signed.ts";
import { bytesFromBase64url } from "../encoding/base64url.ts";
import type { JsonObject } from "../encoding/json.ts";
import type { IsHeldText } from "../gossip/frame.ts";
import { decodeMessage } from "../gossip/message.ts";
import { checkRecordShape } from "../registry/record.ts";

/** The signatures of the records in a frame that are not held, as they will be checked. Empty for what cannot be read. */
export function signaturesIn(frame: string, isHeldText: IsHeldText): SignatureCheck[] {
  const decoded = decodeMessage(frame, isHeldText);
  if (!decoded.ok || !("records" in decoded.value)) return [];
  return decoded.value.records.flatMap((record) => {
    const check = checkOf(record);
    return check === undefined ? [] : [check];
  });
}

function checkOf(value: unknown): SignatureCheck | undefined {
  const shaped = checkRecordShape(value);
  if (!shaped.ok) return undefined;
  const [publicKey, signature] = [shaped.value.key, shaped.value.signature].map(bytesFromBase64url);
  if (publicKey?.length !== 32 || signature?.length !== 64) return undefined;
  try {
    return { publicKey, message: signedBytes("record", shaped.value as unknown as JsonObject), signature };
  } catch {
    // What canonical JSON cannot carry was never signed.
    return undefined;
  }
}
