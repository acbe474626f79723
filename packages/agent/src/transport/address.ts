import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";

/** `host:port` taken apart; an IPv6 host without its brackets. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export function parseHostPort(address: string): HostPort | undefined {
  const match = /^(?:\[([0-9a-f:]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > 65535 || isOddNumber(host)) return undefined;
  return { host, port };
}

/** `127.1`, `0x7f.0.0.1`, `2130706433`: resolvers take them for addresses, and few people do. A name never ends in a number. */
function isOddNumber(host: string): boolean {
  return /(^|\.)(\d+|0x[0-9a-f]*)\.?$/i.test(host) && isIP(host) === 0;
}

export function hostPortText({ host, port }: HostPort): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** The address without the IPv4-mapped form that a dual-stack socket reports. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, "").replace(/%.*$/, "");
}

export function isLoopback(address: string): boolean {
  return inList(LOOPBACK, address);
}

/**
 * The addresses behind a host name that may be dialled. Refused are loopback (unless allowed), link-local with the
 * metadata services in it, multicast and the unspecified address, since a name or an announcement must not make this
 * host speak to itself or to its hypervisor. Throws an Error for a person.
 */
export async function resolvePermitted(host: string, allowLoopback: boolean): Promise<string[]> {
  const addresses = isIP(host) === 0 ? await resolveName(host) : [host];
  const permitted = addresses.filter((address) => isPermitted(address, allowLoopback));
  if (permitted.length > 0) return permitted;
  if (addresses.some(isLoopback)) {
    throw new Error(`${host} is this host's loopback: set ALLOW_LOOPBACK_PEERS=true where peers share one host`);
  }
  throw new Error(`${host} names an address that peers are never dialled at (link-local, metadata or multicast)`);
}

function isPermitted(address: string, allowLoopback: boolean): boolean {
  // Node's lists judge an IPv4-mapped IPv6 address as the IPv4 one.
  return !inList(NEVER, address) && (allowLoopback || !isLoopback(address));
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

const NEVER = new BlockList();
NEVER.addSubnet("0.0.0.0", 8, "ipv4");
NEVER.addSubnet("169.254.0.0", 16, "ipv4");
NEVER.addSubnet("224.0.0.0", 3, "ipv4");
NEVER.addAddress("100.100.100.200", "ipv4");
NEVER.addAddress("::", "ipv6");
NEVER.addSubnet("fe80::", 10, "ipv6");
NEVER.addSubnet("ff00::", 8, "ipv6");
NEVER.addSubnet("64:ff9b::", 96, "ipv6");
NEVER.addAddress("fd00:ec2::254", "ipv6");

function inList(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? "ipv4" : "ipv6");
}

async function resolveName(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map((found) => found.address);
  } catch {
    throw new Error(`${host} does not resolve to an address`);
  }
}
