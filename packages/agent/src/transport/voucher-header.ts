import type { IncomingHttpHeaders } from "node:http";
import { base64urlFromBytes, bytesFromBase64url, complaintOfVoucher, parseJson, type Voucher } from "@arctic/core";

/** A newcomer carries its voucher in the upgrade request; core judges it, here is only its shape. */
export function headersFromVoucher(voucher: Voucher | undefined): Record<string, string> {
  if (voucher === undefined) return {};
  const text = base64urlFromBytes(Buffer.from(JSON.stringify(voucher), "utf8"));
  return { "x-voucher": text, "x-voucher-from": voucher.signer };
}

/** `undefined` where there is none or it is malformed: a voucher that cannot be read opens nothing. */
export function voucherFromHeaders(headers: IncomingHttpHeaders): Voucher | undefined {
  const text = headers["x-voucher"];
  const from = headers["x-voucher-from"];
  if (typeof text !== "string" || text.length > MAX_HEADER_CHARS) return undefined;
  const bytes = bytesFromBase64url(text);
  if (bytes === undefined) return undefined;
  try {
    const value: unknown = parseJson(bytes);
    if (complaintOfVoucher(value) !== undefined) return undefined;
    const voucher = value as Voucher;
    return voucher.signer === from ? voucher : undefined;
  } catch {
    return undefined;
  }
}

const MAX_HEADER_CHARS = 4096;
