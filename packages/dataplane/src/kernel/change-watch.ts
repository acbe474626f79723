import { lastError, libc, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW } from "./libc.ts";
import { AF_NETLINK, NETLINK_ROUTE } from "./netlink.ts";

/**
 * Tells whether links, addresses, routes, rules or queues of this network namespace may have changed. Reading them all
 * starts three programs; the kernel says by itself when there is something to read, but for aliases and neighbours.
 */
export interface ChangeWatch {
  /** True the first time, and when anything may have changed since it was asked last. */
  hasChanged(): boolean;
}

/** For where nothing tells. */
export const ALWAYS_CHANGED: ChangeWatch = { hasChanged: () => true };

export function kernelChangeWatch(): ChangeWatch {
  let fd: number | undefined;
  return {
    hasChanged: () => {
      if (fd !== undefined) return drain(fd);
      fd = open();
      return true;
    },
  };
}

/** Neighbours are left out: on a busy network they change all the time. */
const GROUPS =
  0x1 | // links
  0x8 | // queues and classes
  0x10 | // addresses of IPv4
  0x40 | // routes of IPv4
  0x80 | // rules of IPv4
  0x100 | // addresses of IPv6
  0x400 | // routes of IPv6
  0x40000; // rules of IPv6

const SOCKADDR_BYTES = 12;
const DATAGRAM_BYTES = 64 * 1024;
/** After so many at once it is read anew anyway. */
const MOST_DATAGRAMS = 1000;

/** Undefined where the kernel gives no such socket: then everything may always have changed. */
function open(): number | undefined {
  const fd = libc().socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd < 0) return undefined;
  const address = Buffer.alloc(SOCKADDR_BYTES);
  address.writeUInt16LE(AF_NETLINK, 0);
  address.writeUInt32LE(GROUPS, 8);
  if (libc().bind(fd, address, address.length) === 0) return fd;
  libc().close(fd);
  return undefined;
}

/** What was lost because nobody asked for long shows as a failure other than "nothing there". */
function drain(fd: number): boolean {
  const buffer = Buffer.alloc(DATAGRAM_BYTES);
  let isChanged = false;
  for (let datagrams = 0; datagrams < MOST_DATAGRAMS; datagrams += 1) {
    if (Number(libc().recv(fd, buffer, buffer.length, 0)) >= 0) isChanged = true;
    else if (NOTHING_THERE.has(lastError("recv", "a netlink socket").code)) return isChanged;
    else isChanged = true;
  }
  return true;
}

/** One number with two names. */
const NOTHING_THERE: ReadonlySet<string> = new Set(["EAGAIN", "EWOULDBLOCK"]);
