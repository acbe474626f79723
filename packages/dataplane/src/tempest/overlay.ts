import { createHash } from "node:crypto";
import { addressFromBytes, formatAddress } from "../cidr.ts";

/**
 * The numbers by which two hosts meet inside the tunnel. All follow from the peer ids, so both ends know them without
 * asking.
 */

export const OVERLAY_NETWORK = "fd61:7263:7469::/48";
const OVERLAY_PREFIX = [0xfd, 0x61, 0x72, 0x63, 0x74, 0x69];

/** The gateway addresses of a VXLAN device; the neighbour behind them is permanent, so no packet ever bears them. */
export const VXLAN_GATEWAY = { 4: "169.254.77.1", 6: "fe80::1" } as const;

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** The overlay /128 without its length: 48 fixed bits, then the 80 random bits of the peer id's ULID. */
export function overlayAddress(peerId: string): string {
  const address = addressFromBytes(Uint8Array.from([...OVERLAY_PREFIX, ...ulidRandomness(peerId)]));
  if (address === undefined) throw new Error(`${peerId}: an overlay address has 16 bytes`);
  return formatAddress(address);
}

/** The VXLAN network id of a pair, the same from both ends: the first 24 bits of SHA-256 over the sorted ids, never 0. */
export function pairVni(onePeerId: string, otherPeerId: string): number {
  const digest = createHash("sha256").update([onePeerId, otherPeerId].sort().join("\n")).digest();
  return digest.readUIntBE(0, 3) || 1;
}

/** The MAC that a peer bears on its VXLAN devices: locally administered, from its id. */
export function overlayMac(peerId: string): string {
  return macFrom(`arctic vxlan ${peerId}`);
}

/** A stable, locally administered unicast MAC for a text. */
export function macFrom(text: string): string {
  const digest = createHash("sha256").update(text).digest();
  return ["02", ...[...digest.subarray(0, 5)].map((byte) => byte.toString(16).padStart(2, "0"))].join(":");
}

/** The last 16 characters of the id are 80 bits. */
function ulidRandomness(peerId: string): number[] {
  let value = 0n;
  for (const character of peerId.slice(-16)) {
    const digit = CROCKFORD.indexOf(character);
    if (digit < 0) throw new Error(`${peerId} is no peer id: ${character} is no digit of a ULID`);
    value = (value << 5n) | BigInt(digit);
  }
  return Array.from({ length: 10 }, (_, at) => Number((value >> BigInt(72 - 8 * at)) & 0xffn));
}
