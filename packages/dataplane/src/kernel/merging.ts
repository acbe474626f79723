import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { askGeneric, attribute, nested } from "./netlink.ts";

/**
 * Datagrams of one flow that come out of a tunnel close together are merged by the kernel, judged and forwarded as one,
 * and parted again where they leave. Without it every packet takes the whole way through routes and rules alone.
 */
export interface Merging {
  /** Switches it on for a link over the tunnel, where the kernel can; does nothing where it is on. */
  enable(link: string, tunnel: string): void;
}

export const NO_MERGING: Merging = { enable: () => {} };

export const kernelMerging = (): Merging => ({
  enable: (link, tunnel) => {
    try {
      keepFlowsTogether(tunnel);
      const path = `/sys/class/net/${link}/gro_flush_timeout`;
      if (readFileSync(path, "utf8").trim() === WAIT_NS) return;
      if (setFeature(link, "rx-udp-gro-forwarding")) writeFileSync(path, WAIT_NS);
    } catch {
      // A link that is gone, or a kernel that does not let this be set: packets go one by one.
    }
  },
});

/**
 * Each flow to one processor as it leaves the tunnel. Datagrams wait for each other on the processor that they came on, and
 * WireGuard's threads move: one that came on the other processor would overtake those that wait.
 */
function keepFlowsTogether(tunnel: string): void {
  const path = `/sys/class/net/${tunnel}/queues/rx-0/rps_cpus`;
  if (/[1-9a-f]/.test(readFileSync(path, "utf8"))) return;
  writeFileSync(path, cpuMask(cpus().length));
}

/** So many processors, the first ones, as /sys takes them: hexadecimal, in groups of 32, the highest first. */
export function cpuMask(count: number): string {
  const groups = Array.from({ length: Math.ceil(count / 32) }, (_, at) => Math.min(32, count - 32 * at));
  return groups
    .map((bits) => (2 ** bits - 1).toString(16))
    .reverse()
    .join(",");
}

/** How long a datagram waits for the next of its flow, in nanoseconds. */
const WAIT_NS = "50000";

const ETHTOOL_MSG_FEATURES_SET = 12;
const ETHTOOL_A_FEATURES_HEADER = 1;
const ETHTOOL_A_FEATURES_WANTED = 3;
const ETHTOOL_A_HEADER_DEV_NAME = 2;
const ETHTOOL_A_BITSET_BITS = 3;
const ETHTOOL_A_BITSET_BITS_BIT = 1;
const ETHTOOL_A_BITSET_BIT_NAME = 2;
const ETHTOOL_A_BITSET_BIT_VALUE = 3;

/** As `ethtool -K LINK NAME on`. True when the kernel knows the feature and took it. */
function setFeature(link: string, name: string): boolean {
  const bit = nested(
    ETHTOOL_A_BITSET_BITS_BIT,
    attribute(ETHTOOL_A_BITSET_BIT_NAME, text(name)),
    attribute(ETHTOOL_A_BITSET_BIT_VALUE, Buffer.alloc(0)),
  );
  const body = [
    nested(ETHTOOL_A_FEATURES_HEADER, attribute(ETHTOOL_A_HEADER_DEV_NAME, text(link))),
    nested(ETHTOOL_A_FEATURES_WANTED, nested(ETHTOOL_A_BITSET_BITS, bit)),
  ];
  return askGeneric("ethtool", ETHTOOL_MSG_FEATURES_SET, Buffer.concat(body)) !== undefined;
}

const text = (words: string): Buffer => Buffer.from(`${words}\0`, "latin1");
