import { lastError, libc, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW } from "./libc.ts";
import { AF_NETLINK } from "./netlink.ts";

/** A socket that the kernel tells what happens in its groups; whoever listens asks for what has come. */

const SOCKADDR_BYTES = 12;
const DATAGRAM_BYTES = 64 * 1024;
/** After so many at once the rest counts as lost. */
const MOST_DATAGRAMS = 1000;

/** Undefined where the kernel gives no such socket. `groups` is a mask of the first 32. */
export function listenNetlink(family: number, groups = 0): number | undefined {
  const fd = libc().socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, family);
  if (fd < 0) return undefined;
  const address = Buffer.alloc(SOCKADDR_BYTES);
  address.writeUInt16LE(AF_NETLINK, 0);
  address.writeUInt32LE(groups, 8);
  if (libc().bind(fd, address, address.length) === 0) return fd;
  libc().close(fd);
  return undefined;
}

/** Where it fails nothing is heard. */
export function joinGroup(fd: number, group: number): void {
  setMembership(fd, NETLINK_ADD_MEMBERSHIP, group);
}

export function leaveGroup(fd: number, group: number): void {
  setMembership(fd, NETLINK_DROP_MEMBERSHIP, group);
}

function setMembership(fd: number, option: number, group: number): void {
  const number = Buffer.alloc(4);
  number.writeUInt32LE(group);
  libc().setsockopt(fd, SOL_NETLINK, option, number, number.length);
}

const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_DROP_MEMBERSHIP = 2;

/** One for all: what is taken is read before the next is. */
let buffer: Buffer | undefined;

/** Takes all that has come; a datagram is the taker's until it returns. False when something was lost, because nobody asked for long or too much came. */
export function drainNetlink(fd: number, take: (datagram: Buffer) => void): boolean {
  buffer ??= Buffer.allocUnsafeSlow(DATAGRAM_BYTES);
  let isWhole = true;
  for (let datagrams = 0; datagrams < MOST_DATAGRAMS; datagrams += 1) {
    const length = Number(libc().recv(fd, buffer, buffer.length, 0));
    if (length >= 0) take(buffer.subarray(0, length));
    else if (NOTHING_THERE.has(lastError("recv", "a netlink socket").code)) return isWhole;
    else isWhole = false;
  }
  return false;
}

/** One number with two names. */
const NOTHING_THERE: ReadonlySet<string> = new Set(["EAGAIN", "EWOULDBLOCK"]);
