import { networkInterfaces } from "node:os";
import { formatAddress, type IpAddress, networkOf, parseSocketAddress } from "../cidr.ts";
import { isBindable } from "./socket.ts";

const READ_AGAIN_MS = 1000;
const REMEMBERED_MOST = 10_000;

/**
 * Tells whether an address is this host's own or one of its broadcast addresses, as the kernel sees it, at most a second ago:
 * an address of an interface without carrier counts too, which the list of interfaces leaves out.
 */
export function createHostAddresses(nowMs: () => number): (address: IpAddress) => boolean {
  let isOwnByAddress = new Map<string, boolean>();
  let readAt = Number.NEGATIVE_INFINITY;
  return (address) => {
    if (nowMs() - readAt > READ_AGAIN_MS || isOwnByAddress.size > REMEMBERED_MOST) {
      isOwnByAddress = new Map([...readOwn()].map((own) => [own, true]));
      readAt = nowMs();
    }
    const text = formatAddress(address);
    const known = isOwnByAddress.get(text);
    if (known !== undefined) return known;
    const isOwn = isBindable(address) === true;
    isOwnByAddress.set(text, isOwn);
    return isOwn;
  };
}

function readOwn(): Set<string> {
  const own = new Set<string>();
  for (const { address, cidr } of Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])) {
    const parsed = parseSocketAddress(address);
    if (parsed !== undefined) own.add(formatAddress(parsed));
    const network = cidr === null ? undefined : networkOf(cidr);
    if (network?.family !== 4 || network.prefixLength >= 31) continue;
    const hosts = (1n << BigInt(32 - network.prefixLength)) - 1n;
    own.add(formatAddress({ family: 4, value: network.network | hosts }));
  }
  return own;
}
