import { formatCidr, parseCidr } from "../cidr.ts";
import { OVERLAY_NETWORK } from "../tempest/overlay.ts";

/** This network, loopback, link-local (which holds the clouds' metadata address), other metadata addresses, multicast, reserved. */
const FORBIDDEN_IPV4 = [
  "0.0.0.0/8",
  "100.100.100.200/32",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "192.0.0.192/32",
  "224.0.0.0/4",
  "240.0.0.0/4",
];

/** Where an exit lets nothing out to, whatever a service says; also in the forms that a NAT64 or 6to4 gateway unwraps. */
export const FORBIDDEN_DESTINATIONS: Readonly<Record<4 | 6, readonly string[]>> = {
  4: FORBIDDEN_IPV4,
  6: [
    "::/96",
    "::ffff:0:0/96",
    ...FORBIDDEN_IPV4.map((cidr) => wrapped(cidr, 0x64_ff9bn << 96n, 0n)),
    ...FORBIDDEN_IPV4.map((cidr) => wrapped(cidr, 0x2002n << 112n, 80n)),
    "fd00:ec2::254/128",
    OVERLAY_NETWORK,
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
  ],
};

/** The IPv4 network inside an IPv6 prefix, `shift` bits from the end. */
function wrapped(text: string, prefix: bigint, shift: bigint): string {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new Error(`${text} is no network`);
  const network = prefix | (cidr.network << shift);
  return formatCidr({ family: 6, network, prefixLength: 128 - Number(shift) - 32 + cidr.prefixLength });
}
