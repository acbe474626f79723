import {
  askOn,
  attributesFrom,
  closeNetlink,
  messagesFrom,
  NETLINK_NETFILTER,
  type NetlinkMessage,
  NLM_F_REQUEST,
  openNetlink,
} from "./netlink.ts";
import { drainNetlink, joinGroup, leaveGroup, listenNetlink } from "./netlink-listener.ts";

/**
 * The number that the kernel counts up with every change to any nftables table of this network namespace. Listing a
 * table of a thousand services takes a tenth of a second.
 */
export interface NftGeneration {
  /** Undefined where it cannot be read; then whoever must know lists the table. */
  read(): number | undefined;
  /** Who commits from here on. While somebody watches, the kernel tells of every element: not for large transactions. */
  watch(): CommitWatch;
}

export interface CommitWatch {
  /** Has this process committed a transaction? False also where the kernel does not tell. */
  hasCommitted(pid: number): boolean;
  end(): void;
}

const NO_WATCH: CommitWatch = { hasCommitted: () => false, end: () => {} };

export const NO_GENERATION: NftGeneration = { read: () => undefined, watch: () => NO_WATCH };

/** Its sockets stay open: who closes one waits, in the kernel, until what was deleted before is freed. */
export function kernelGeneration(): NftGeneration {
  let asking: number | undefined;
  let listening: number | undefined;
  return {
    read: () => {
      asking ??= openNetlink(NETLINK_NETFILTER);
      if (asking === undefined) return undefined;
      const answer = askOn(asking, NFT_MSG_GETGEN, NLM_F_REQUEST, Buffer.alloc(NFGENMSG_BYTES));
      if (answer !== undefined) return generationFrom(answer);
      closeNetlink(asking);
      asking = undefined;
      return undefined;
    },
    watch: () => {
      listening ??= listenNetlink(NETLINK_NETFILTER);
      return listening === undefined ? NO_WATCH : watchOn(listening);
    },
  };
}

function watchOn(fd: number): CommitWatch {
  joinGroup(fd, NFNLGRP_NFTABLES);
  const committers = new Set<number | undefined>();
  return {
    hasCommitted: (pid) => {
      drainNetlink(fd, (datagram) => {
        for (const message of messagesFrom(datagram)) committers.add(committerFrom(message));
      });
      return committers.has(pid);
    },
    end: () => {
      leaveGroup(fd, NFNLGRP_NFTABLES);
      drainNetlink(fd, () => {});
    },
  };
}

const NFT_MSG_NEWGEN = (10 << 8) | 15;
const NFT_MSG_GETGEN = (10 << 8) | 16;
const NFTA_GEN_ID = 1;
const NFTA_GEN_PROC_PID = 2;
const NFGENMSG_BYTES = 4;
const NFNLGRP_NFTABLES = 7;

/** Reads NFT_MSG_NEWGEN; numbers of nftables are big-endian. */
export function generationFrom(messages: readonly NetlinkMessage[]): number | undefined {
  const message = messages.find(({ type }) => type === NFT_MSG_NEWGEN);
  return message === undefined ? undefined : numberFrom(message, NFTA_GEN_ID);
}

/** Who made the new generation that the kernel tells of: a process, as the first process namespace numbers it. */
export function committerFrom(message: NetlinkMessage): number | undefined {
  return message.type === NFT_MSG_NEWGEN ? numberFrom(message, NFTA_GEN_PROC_PID) : undefined;
}

function numberFrom({ body }: NetlinkMessage, wanted: number): number | undefined {
  const attributes = attributesFrom(body.subarray(NFGENMSG_BYTES));
  return attributes.find(({ type, value }) => type === wanted && value.length === 4)?.value.readUInt32BE(0);
}
