/** A network: family, prefix length, and the address as an integer with all host bits zero. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly prefix: number;
  readonly network: bigint;
}

/**
 * Parses the one canonical text of a CIDR: dotted decimal without leading zeros (RFC 4632) or RFC 5952, a plain
 * decimal prefix, no host bits. Answers `undefined` for every other spelling of an address, since a second spelling
 * is a second meaning for the next reader (`010.0.0.1`, `10.0.0.1/08`, `::ffff:10.0.0.0/104`).
 */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const address = parseAddress(text.slice(0, slash));
  const prefixText = text.slice(slash + 1);
  if (address === undefined || !/^(0|[1-9]\d{0,2})$/.test(prefixText)) return undefined;
  const prefix = Number(prefixText);
  const bits = address.family === 4 ? 32 : 128;
  if (prefix > bits) return undefined;
  const hostMask = (1n << BigInt(bits - prefix)) - 1n;
  if ((address.value & hostMask) !== 0n) return undefined;
  return { family: address.family, prefix, network: address.value };
}

/** The address as an integer, or `undefined` where the text is not its canonical form. IPv4-mapped IPv6 is refused. */
export function parseAddress(text: string): { readonly family: 4 | 6; readonly value: bigint } | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/** True where an address lies in a network of its own family. */
export function isInCidr(cidr: Cidr, address: { readonly family: 4 | 6; readonly value: bigint }): boolean {
  if (cidr.family !== address.family) return false;
  const shift = BigInt((cidr.family === 4 ? 32 : 128) - cidr.prefix);
  return cidr.network >> shift === address.value >> shift;
}

function parseIpv4(text: string): { family: 4; value: bigint } | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return { family: 4, value };
}

function parseIpv6(text: string): { family: 6; value: bigint } | undefined {
  if (!/^[0-9a-f:]{2,39}$/.test(text)) return undefined;
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? "");
  const tail = groupsOf(halves[1] ?? "");
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const value = groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
  return value >> 32n === 0xffffn || ipv6Text(groups) !== text ? undefined : { family: 6, value };
}

function groupsOf(text: string): number[] | undefined {
  if (text === "") return [];
  const groups = text.split(":");
  return groups.every((group) => /^[0-9a-f]{1,4}$/.test(group))
    ? groups.map((group) => Number.parseInt(group, 16))
    : undefined;
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
function ipv6Text(groups: readonly number[]): string {
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.start < 0) return hex.join(":");
  return `${hex.slice(0, best.start).join(":")}::${hex.slice(best.start + best.length).join(":")}`;
}
