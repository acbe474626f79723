/**
 * IP addresses and networks as numbers. Only canonical text is read: no leading zeros, no host bits, no zone, no
 * IPv4 in an IPv6 dress, so that one text never means two networks.
 */

export interface IpAddress {
  readonly family: 4 | 6;
  /** The address as an unsigned integer of 32 or 128 bits. */
  readonly value: bigint;
}

export interface Cidr {
  readonly family: 4 | 6;
  /** The network address; host bits are zero. */
  readonly network: bigint;
  readonly prefixLength: number;
}

/** Reads an IPv4 or IPv6 address; undefined for any other text. An IPv4-mapped address is refused. */
export function parseAddress(text: string): IpAddress | undefined {
  const address = text.includes(":") ? parseIpv6(text) : parseIpv4(text);
  return address !== undefined && !isIpv4Mapped(address) ? address : undefined;
}

/** As {@link parseAddress}, for what a kernel socket reports: `::ffff:10.0.0.1` is the IPv4 address in it. */
export function parseSocketAddress(text: string): IpAddress | undefined {
  const address = text.includes(":") ? parseIpv6(text.replace(/%.*$/, "")) : parseIpv4(text);
  return address === undefined ? undefined : ipv4Within(address);
}

/** The IPv4 address in an IPv4-mapped one; any other as it is. */
export function ipv4Within(address: IpAddress): IpAddress {
  return isIpv4Mapped(address) ? { family: 4, value: address.value & 0xffffffffn } : address;
}

/** Reads a canonical CIDR; undefined for any other text. */
export function parseCidr(text: string): Cidr | undefined {
  const parts = /^([0-9a-fA-F:.]+)\/(0|[1-9][0-9]{0,2})$/.exec(text);
  if (parts === null) return undefined;
  const address = parseAddress(parts[1] ?? "");
  const prefixLength = Number(parts[2]);
  if (address === undefined || prefixLength > bitsOf(address.family)) return undefined;
  const network = maskAddress(address, prefixLength);
  return network === address.value ? { family: address.family, network, prefixLength } : undefined;
}

/** The network that an interface address such as `10.0.0.7/24` lies in; undefined for malformed text. */
export function networkOf(text: string): Cidr | undefined {
  const slash = text.lastIndexOf("/");
  const address = parseAddress(text.slice(0, Math.max(slash, 0)));
  const digits = text.slice(slash + 1);
  if (address === undefined || !/^(0|[1-9][0-9]{0,2})$/.test(digits)) return undefined;
  const prefixLength = Number(digits);
  if (prefixLength > bitsOf(address.family)) return undefined;
  return { family: address.family, network: maskAddress(address, prefixLength), prefixLength };
}

export function cidrContains(cidr: Cidr, address: IpAddress): boolean {
  return cidr.family === address.family && maskAddress(address, cidr.prefixLength) === cidr.network;
}

/** The value of the address with all but its first `prefixLength` bits zero. */
export function maskAddress(address: IpAddress, prefixLength: number): bigint {
  const hostBits = BigInt(bitsOf(address.family) - prefixLength);
  return (address.value >> hostBits) << hostBits;
}

/** The text form: dotted for IPv4, RFC 5952 for IPv6. */
export function formatAddress(address: IpAddress): string {
  return address.family === 4 ? formatIpv4(address.value) : formatIpv6(address.value);
}

export function formatCidr(cidr: Cidr): string {
  return `${formatAddress({ family: cidr.family, value: cidr.network })}/${cidr.prefixLength}`;
}

/** The address in network order: 4 or 16 bytes. */
export function addressToBytes(address: IpAddress): Uint8Array {
  if (address.family === 4) {
    const bits = Number(address.value);
    return Uint8Array.of(bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255);
  }
  const bytes = new Uint8Array(16);
  let rest = address.value;
  for (let at = bytes.length - 1; at >= 0; at--) {
    bytes[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** Reads 4 or 16 bytes in network order; undefined for another length. */
export function addressFromBytes(bytes: Uint8Array): IpAddress | undefined {
  if (bytes.length === 4) {
    const [first = 0, second = 0, third = 0, fourth = 0] = bytes;
    return { family: 4, value: BigInt(((first * 256 + second) * 256 + third) * 256 + fourth) };
  }
  if (bytes.length !== 16) return undefined;
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return { family: 6, value };
}

function bitsOf(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}

/** ::ffff:0:0/96, which a dual-stack socket treats as IPv4. */
function isIpv4Mapped(address: IpAddress): boolean {
  return address.family === 6 && address.value >> 32n === 0xffffn;
}

function parseIpv4(text: string): IpAddress | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1);
  if (parts === undefined) return undefined;
  let value = 0;
  for (const part of parts) {
    const byte = Number(part);
    if (byte > 255 || String(byte) !== part) return undefined;
    value = value * 256 + byte;
  }
  return { family: 4, value: BigInt(value) };
}

function parseIpv6(text: string): IpAddress | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? "", true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  let value = 0n;
  for (const group of [...head, ...Array<number>(missing).fill(0), ...tail]) value = (value << 16n) | BigInt(group);
  return { family: 6, value };
}

/** The 16-bit groups between colons; a dotted IPv4 form may stand for the last two. */
function groupsOf(text: string, mayEndDotted: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [at, part] of parts.entries()) {
    if (mayEndDotted && at === parts.length - 1 && part.includes(".")) {
      const dotted = parseIpv4(part);
      if (dotted === undefined) return undefined;
      groups.push(Number(dotted.value >> 16n), Number(dotted.value & 0xffffn));
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

function formatIpv4(value: bigint): string {
  const bits = Number(value);
  return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;
}

function formatIpv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, at) => Number((value >> BigInt(112 - 16 * at)) & 0xffffn));
  const { start, length } = longestZeroRun(groups);
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [at, group] of groups.entries()) {
    if (group !== 0) start = at + 1;
    else if (at - start + 1 > best.length) best = { start, length: at - start + 1 };
  }
  return best;
}
