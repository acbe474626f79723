import type { PeerId } from "../identity/id.ts";
import type { License } from "../license/license.ts";
import type { Millis } from "../time.ts";
import type { Greeting } from "../trust/handshake.ts";
import type { Voucher } from "../trust/voucher.ts";
import type { Address, DialId, LinkId } from "./input.ts";
import type { Pace } from "./pace.ts";
import type { RegistryHashes } from "./view.ts";

/** Why a connection was asked for. */
export type DialCause =
  | { readonly type: "member"; readonly peer: PeerId }
  | { readonly type: "join"; readonly address: Address; readonly expectKey?: Uint8Array };

export interface Dial {
  readonly id: DialId;
  readonly cause: DialCause;
  readonly address: Address;
}

/** How a link was opened. */
export type LinkOrigin =
  | { readonly direction: "out"; readonly dial: Dial }
  | { readonly direction: "in"; readonly remoteHost: string; readonly voucher?: Voucher };

/** Why the other side of a finished handshake is taken in. */
export type Welcome = "member" | "first_contact" | "voucher";

export type LinkPhase =
  /** In: nothing was said yet. */
  | { readonly type: "waiting" }
  /** Out: hello is sent. */
  | { readonly type: "greeted"; readonly own: Greeting; readonly license: License }
  /** In: welcome is sent. */
  | {
      readonly type: "proving";
      readonly own: Greeting /** The one that the greeting named: another may be adopted meanwhile. */;
      readonly license: License;
      readonly theirs: Greeting;
      readonly publicKey: Uint8Array;
    }
  /** Out: proof is sent, and the other side's license is not known here by its hash. */
  | { readonly type: "awaiting_license"; readonly theirs: Greeting; readonly publicKey: Uint8Array }
  | { readonly type: "live"; readonly live: LiveLink };

interface OpenPing {
  readonly nonce: string;
  readonly sentAt: Millis;
  readonly saidAt: Millis;
  readonly tries: number;
}

/** What is known of an authenticated link. Mutable: it is the node's own bookkeeping. */
export interface LiveLink {
  readonly peer: PeerId;
  readonly publicKey: Uint8Array;
  heardAt: Millis;
  pingAt: Millis;
  /** A ping that is not answered yet: when it was first and last said, and how often. */
  openPing: OpenPing | undefined;
  rttMs: number | undefined;
  /** How long the other side took to answer the last time: in the handshake, or since a ping was last said. */
  slowMs: number;
  heartbeatAt: Millis;
  /** When the next heartbeat is due at last; it may be sent sooner, to compare. */
  beatBy: Millis;
  heartbeatsSent: number;
  /** Boot id and sequence of the last heartbeat taken from the other side. */
  lastBoot: string | undefined;
  lastSeq: number;
  skewMs: number | undefined;
  hashes: RegistryHashes | undefined;
  /** The license that its last heartbeat named. */
  licenseHash: string | undefined;
  /** When buckets of a group were last sent, so that one difference is not repaired twice at once. */
  readonly repairedAt: Map<string, Millis>;
  readonly pace: Pace;
  /** What this peer last told the other side on this link: its hashes, its license, its connectivity. */
  hashesTold: RegistryHashes | undefined;
  licenseTold: string | undefined;
  /** How many records it was last offered, and whether it wanted all of them: then it hears of nobody else. */
  offered: number;
  wantsAll: boolean;
  connectivityTold: number | undefined;
  /** Since when this peer has no need of the link. */
  unwantedSince: Millis | undefined;
  /** When this peer last gave the other side its voucher. */
  vouchedAt: Millis | undefined;
  /** Since when a newer link of the same peer has taken the place of this one, and whether it was asked for a sign of life. */
  superseded: { readonly at: Millis; isAsked: boolean } | undefined;
  readonly pendingCalls: Set<string>;
}

/** Moves every instant of a link by as much as the clock was set. */
export function shiftLink(link: Link, byMs: number): void {
  link.openedAt += byMs;
  // What is counted a minute, or given once a minute, is not borne longer for it.
  link.charged.since = Math.min(link.charged.since, link.charged.since + byMs);
  if (link.phase.type !== "live") return;
  const { live } = link.phase;
  live.heardAt += byMs;
  live.pingAt += byMs;
  live.heartbeatAt += byMs;
  live.beatBy += byMs;
  const { openPing } = live;
  if (openPing !== undefined)
    live.openPing = { ...openPing, sentAt: openPing.sentAt + byMs, saidAt: openPing.saidAt + byMs };
  if (live.pace.fullAt !== undefined) live.pace.fullAt += byMs;
  if (live.superseded !== undefined) live.superseded = { ...live.superseded, at: live.superseded.at + byMs };
  if (live.skewMs !== undefined) live.skewMs -= byMs;
  if (live.unwantedSince !== undefined) live.unwantedSince += byMs;
  if (live.vouchedAt !== undefined) live.vouchedAt = Math.min(live.vouchedAt, live.vouchedAt + byMs);
  live.repairedAt.clear();
}

export interface Link {
  readonly id: LinkId;
  readonly origin: LinkOrigin;
  readonly binding: Uint8Array;
  openedAt: Millis;
  phase: LinkPhase;
  /** Refusals charged to this link in the minute that began at `since`. */
  readonly charged: { since: Millis; count: number };
}
