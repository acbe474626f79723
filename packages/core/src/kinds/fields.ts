import { parseAddress, parseCidr } from "../encoding/cidr.ts";
import { integer, matching, type Shape, text } from "../encoding/shape.ts";

/** Fields that several documents share. */

export const port = integer(1, 65535);
export const label = text(0, 128);
export const tlsFingerprint = matching((value) => /^[0-9a-f]{64}$/.test(value), "not a SHA-256 in lower-case hex");
export const cidr = matching((value) => parseCidr(value) !== undefined, "not a canonical CIDR");
export const ipv4Interface = interfaceAddress(4);
export const ipv6Interface = interfaceAddress(6);

/** `host:port`; an IPv6 host in brackets. */
export const address = matching(
  (value) =>
    value.length <= 262 &&
    /^(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/.test(value) &&
    Number(value.slice(value.lastIndexOf(":") + 1)) <= 65535,
  "not host:port",
);

/** An address with its prefix length, host bits and all, in the one canonical text. */
function interfaceAddress(family: 4 | 6): Shape<string> {
  return matching((value) => {
    const [host = "", prefix = "", ...rest] = value.split("/");
    const isPrefix = /^(0|[1-9]\d{0,2})$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
    return rest.length === 0 && isPrefix && parseAddress(host)?.family === family;
  }, `not a canonical IPv${family} address with a prefix length`);
}
