import { NETLINK_ROUTE } from "./netlink.ts";
import { drainNetlink, listenNetlink } from "./netlink-listener.ts";

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
      if (fd !== undefined) return hasChanged(fd);
      // Where the kernel gives no such socket, everything may always have changed.
      fd = listenNetlink(NETLINK_ROUTE, GROUPS);
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

function hasChanged(fd: number): boolean {
  let isTold = false;
  const isWhole = drainNetlink(fd, () => {
    isTold = true;
  });
  return isTold || !isWhole;
}
