import { askNetlink, attributesFrom, NETLINK_NETFILTER, type NetlinkMessage, NLM_F_REQUEST } from "./netlink.ts";

/**
 * The number that the kernel counts up with every change to any nftables table of this network namespace. Listing a
 * table of a thousand services takes a tenth of a second.
 */
export interface NftGeneration {
  /** Undefined where it cannot be read; then whoever must know lists the table. */
  read(): number | undefined;
}

export const NO_GENERATION: NftGeneration = { read: () => undefined };

export const kernelGeneration = (): NftGeneration => ({ read });

const NFT_MSG_NEWGEN = (10 << 8) | 15;
const NFT_MSG_GETGEN = (10 << 8) | 16;
const NFTA_GEN_ID = 1;
const NFGENMSG_BYTES = 4;

function read(): number | undefined {
  const answer = askNetlink(NETLINK_NETFILTER, NFT_MSG_GETGEN, NLM_F_REQUEST, Buffer.alloc(NFGENMSG_BYTES));
  return answer === undefined ? undefined : generationFrom(answer);
}

/** Reads NFT_MSG_NEWGEN; numbers of nftables are big-endian. */
export function generationFrom(messages: readonly NetlinkMessage[]): number | undefined {
  const message = messages.find(({ type }) => type === NFT_MSG_NEWGEN);
  const attributes = message === undefined ? [] : attributesFrom(message.body.subarray(NFGENMSG_BYTES));
  return attributes.find(({ type, value }) => type === NFTA_GEN_ID && value.length === 4)?.value.readUInt32BE(0);
}
