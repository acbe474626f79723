import type { PeerId } from "../identity/id.ts";
import type { License } from "../license/license.ts";
import type { LicenseProgress, LicenseState } from "../license/license-state.ts";
import type { RecordKey, SignedRecord } from "../registry/record.ts";
import type { Rejection } from "../rejection.ts";
import type { Millis } from "../time.ts";
import type { PeerBookEntry } from "../trust/peer-book.ts";
import type { Voucher } from "../trust/voucher.ts";
import type { Address, CallId, DialId, LinkId } from "./input.ts";

/** What the host does, in this order: on disk before on the wire. */
export type Effect =
  | {
      readonly type: "persist";
      readonly records: readonly SignedRecord[];
      readonly drop: readonly RecordKey[];
      readonly book: readonly PeerBookEntry[];
      readonly license?: License;
      readonly flags?: NodeFlags;
    }
  | {
      readonly type: "dial";
      readonly dial: DialId;
      readonly address: Address;
      readonly peer?: PeerId;
      readonly voucher?: Voucher;
    }
  | { readonly type: "send"; readonly link: LinkId; readonly text: string }
  | { readonly type: "close"; readonly link: LinkId; readonly rejection: Rejection }
  | { readonly type: "notify"; readonly notice: Notice };

/** Small facts of the node itself, stored as one. */
export interface NodeFlags {
  /** Set once and kept: another running peer used this identity. */
  readonly isCloned?: boolean;
  readonly hasLeft?: boolean;
  /** Where the license's state is on the way that its dates name. */
  readonly license?: LicenseProgress;
  /** A member's word for this peer, while some members have not met it. */
  readonly voucher?: Voucher;
  /** When this peer learned that a client's secret which was current for it had lost, by the secret's name. */
  readonly replacedSecrets?: Readonly<Record<string, Millis>>;
  /** Since when a cluster id is known to be outlived by the elected one. */
  readonly outlivedClusters?: Readonly<Record<string, Millis>>;
}

/** What the host may want to log, count or tell an operator. */
export type Notice =
  | {
      readonly type: "peer_linked";
      readonly peer: PeerId;
      readonly link: LinkId;
      readonly direction: "in" | "out";
      readonly isFirstContact: boolean;
    }
  | { readonly type: "peer_unlinked"; readonly peer: PeerId; readonly link: LinkId; readonly reason: string }
  | { readonly type: "peer_unreachable"; readonly peer: PeerId; readonly address: Address; readonly reason: string }
  /** What enough other members say of a peer: that it is gone, or that it answers. */
  | {
      readonly type: "peer_reachability";
      readonly peer: PeerId;
      readonly isReachable: boolean;
      readonly reportedBy: number;
    }
  | { readonly type: "peer_ended"; readonly peer: PeerId; readonly how: "left" | "revoked" }
  | { readonly type: "joined"; readonly address: Address; readonly peer: PeerId }
  | { readonly type: "join_failed"; readonly address: Address; readonly rejection: Rejection }
  | {
      readonly type: "applied";
      readonly records: readonly SignedRecord[];
      readonly dropped: readonly RecordKey[];
      readonly from?: PeerId;
    }
  | {
      readonly type: "refused";
      readonly link: LinkId;
      readonly peer?: PeerId;
      readonly rejection: Rejection;
      readonly count: number;
    }
  | {
      readonly type: "equivocation";
      readonly key: RecordKey;
      readonly kept: SignedRecord;
      readonly other: SignedRecord;
    }
  | { readonly type: "cluster_changed"; readonly clusterId: string; readonly aliases: readonly string[] }
  | { readonly type: "license_changed"; readonly license: License }
  | { readonly type: "license_state"; readonly state: LicenseState; readonly before: LicenseState }
  /** `told` is the neighbour that saw it, where this peer did not see it itself. */
  | { readonly type: "cloned"; readonly told?: PeerId }
  | { readonly type: "called"; readonly peer: PeerId; readonly call: CallId; readonly body: string }
  | { readonly type: "answered"; readonly peer: PeerId; readonly call: CallId; readonly body: string }
  | { readonly type: "call_failed"; readonly peer: PeerId; readonly call: CallId; readonly wasSent: boolean };
