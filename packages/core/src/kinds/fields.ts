import * as z from "zod";
import { bytesFromBase64url } from "../encoding/base64url.ts";
import { parseAddress, parseCidr } from "../encoding/cidr.ts";
import { type IdPrefix, isId } from "../identity/id.ts";
import { msFromRfc3339 } from "../time.ts";

/** Fields that several kinds share. */

export const instant = z.string().refine((text) => msFromRfc3339(text) !== undefined, "not an RFC 3339 UTC time");
export const port = z.int().min(1).max(65535);
export const label = z.string().max(128);
export const tlsFingerprint = z.string().regex(/^[0-9a-f]{64}$/, "not a SHA-256 in lower-case hex");
export const key32 = z
  .string()
  .refine((text) => text.length === 43 && bytesFromBase64url(text)?.length === 32, "not 32 bytes in base64url");
export const cidr = z.string().refine((text) => parseCidr(text) !== undefined, "not a canonical CIDR");
export const ipv4Interface = interfaceAddress(4);
export const ipv6Interface = interfaceAddress(6);

export function idOf<P extends IdPrefix>(prefix: P) {
  return z.custom<Extract<ReturnType<typeof String>, string> & `${P}_${string}`>(
    (value) => isId(prefix, value),
    `not a ${prefix}_ id`,
  );
}

/** `host:port`; an IPv6 host in brackets. */
export const address = z
  .string()
  .max(262)
  .refine(
    (text) =>
      /^(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/.test(text) && Number(text.slice(text.lastIndexOf(":") + 1)) <= 65535,
    "not host:port",
  );

/** An address with its prefix length, host bits and all, in the one canonical text. */
function interfaceAddress(family: 4 | 6) {
  return z.string().refine((text) => {
    const [address = "", prefix = "", ...rest] = text.split("/");
    const isPrefix = /^(0|[1-9]\d{0,2})$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
    return rest.length === 0 && isPrefix && parseAddress(address)?.family === family;
  }, `not a canonical IPv${family} address with a prefix length`);
}
