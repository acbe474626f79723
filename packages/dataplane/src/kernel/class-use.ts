import { readFileSync } from "node:fs";
import {
  askNetlink,
  attributesFrom,
  NETLINK_ROUTE,
  type NetlinkMessage,
  NLM_F_DUMP,
  NLM_F_REQUEST,
} from "./netlink.ts";

/** What went through each HTB class of a device. */
export interface ClassUse {
  /** Bytes that each class has let through since it was made, by its minor number; empty when it cannot be told. */
  read(link: string): ReadonlyMap<number, number>;
}

export const kernelClassUse = (): ClassUse => ({ read });

const RTM_NEWTCLASS = 40;
const RTM_GETTCLASS = 42;
const TCMSG_BYTES = 20;
const TCA_STATS2 = 7;
const TCA_STATS_BASIC = 1;

function read(link: string): ReadonlyMap<number, number> {
  const index = indexOf(link);
  if (index === undefined) return new Map();
  const body = Buffer.alloc(TCMSG_BYTES);
  body.writeInt32LE(index, 4);
  return classBytesFrom(askNetlink(NETLINK_ROUTE, RTM_GETTCLASS, NLM_F_REQUEST | NLM_F_DUMP, body) ?? []);
}

/** Reads RTM_NEWTCLASS: struct tcmsg, then attributes; the first eight bytes of the basic statistics are the bytes. */
export function classBytesFrom(messages: readonly NetlinkMessage[]): Map<number, number> {
  return new Map(
    messages.flatMap(({ type, body }): [number, number][] => {
      if (type !== RTM_NEWTCLASS || body.length < TCMSG_BYTES) return [];
      const statistics = attributesFrom(body.subarray(TCMSG_BYTES)).find((one) => one.type === TCA_STATS2)?.value;
      const basic = statistics && attributesFrom(statistics).find((one) => one.type === TCA_STATS_BASIC)?.value;
      if (basic === undefined || basic.length < 8) return [];
      return [[body.readUInt32LE(8) & 0xffff, Number(basic.readBigUInt64LE(0))]];
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
