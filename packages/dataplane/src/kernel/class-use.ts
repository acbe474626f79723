import { readFileSync } from "node:fs";
import {
  askNetlink,
  attributesFrom,
  NETLINK_ROUTE,
  type NetlinkMessage,
  NLM_F_DUMP,
  NLM_F_REQUEST,
} from "./netlink.ts";

/** What went through each HTB class of a device since the class was made. */
export interface ClassUse {
  /** By the class's minor number; empty when it cannot be told. */
  read(link: string): ReadonlyMap<number, ClassCount>;
}

export interface ClassCount {
  /** That it let through. */
  readonly bytes: number;
  /** Packets that came faster than its rate for longer than its queue is. */
  readonly drops: number;
}

export const kernelClassUse = (): ClassUse => ({ read });

const RTM_NEWTCLASS = 40;
const RTM_GETTCLASS = 42;
const TCMSG_BYTES = 20;
const TCA_STATS2 = 7;
const TCA_STATS_BASIC = 1;
const TCA_STATS_QUEUE = 3;

function read(link: string): ReadonlyMap<number, ClassCount> {
  const index = indexOf(link);
  if (index === undefined) return new Map();
  const body = Buffer.alloc(TCMSG_BYTES);
  body.writeInt32LE(index, 4);
  return classCountsFrom(askNetlink(NETLINK_ROUTE, RTM_GETTCLASS, NLM_F_REQUEST | NLM_F_DUMP, body) ?? []);
}

/**
 * Reads RTM_NEWTCLASS: struct tcmsg, then attributes. The first eight bytes of the basic statistics are the bytes; those
 * of the queue are 32-bit numbers, of which the third is the drops.
 */
export function classCountsFrom(messages: readonly NetlinkMessage[]): Map<number, ClassCount> {
  return new Map(
    messages.flatMap(({ type, body }): [number, ClassCount][] => {
      if (type !== RTM_NEWTCLASS || body.length < TCMSG_BYTES) return [];
      const statistics = attributesFrom(body.subarray(TCMSG_BYTES)).find((one) => one.type === TCA_STATS2)?.value;
      const parts = statistics === undefined ? [] : attributesFrom(statistics);
      const basic = parts.find((one) => one.type === TCA_STATS_BASIC)?.value;
      const queue = parts.find((one) => one.type === TCA_STATS_QUEUE)?.value;
      if (basic === undefined || basic.length < 8) return [];
      const drops = queue === undefined || queue.length < 12 ? 0 : queue.readUInt32LE(8);
      return [[body.readUInt32LE(8) & 0xffff, { bytes: Number(basic.readBigUInt64LE(0)), drops }]];
    }),
  );
}

function indexOf(link: string): number | undefined {
  try {
    return Number(readFileSync(`/sys/class/net/${link}/ifindex`, "utf8"));
  } catch {
    return undefined;
  }
}
