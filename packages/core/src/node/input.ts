import type { JsonObject } from "../encoding/json.ts";
import type { ClusterId, PeerId } from "../identity/id.ts";
import type { License } from "../license/license.ts";
import type { Voucher } from "../trust/voucher.ts";

/** Names an open connection; the host of the core chooses it and never uses it twice. */
export type LinkId = string;
/** Names a call; unique for the caller. */
export type CallId = string;
/** `host:port` of an agent; an IPv6 host in brackets. */
export type Address = string;

/**
 * Everything that can happen to a peer. `now` comes beside it. A host feeds one input at a time and performs the
 * effects that it gets back, in order, before it feeds the next.
 */
export type Input =
  /** A connection is open. `binding` is the channel's own secret name (TLS exporter, 32 bytes), equal on both ends. */
  | {
      readonly type: "opened";
      readonly link: LinkId;
      readonly direction: "out";
      readonly binding: Uint8Array;
      readonly dial: DialId;
      readonly address: Address;
    }
  | {
      readonly type: "opened";
      readonly link: LinkId;
      readonly direction: "in";
      readonly binding: Uint8Array;
      readonly remoteHost: string;
      readonly voucher?: Voucher;
    }
  /** A connection that a `dial` effect asked for could not be opened. */
  | { readonly type: "dial_failed"; readonly dial: DialId; readonly reason: string }
  | { readonly type: "received"; readonly link: LinkId; readonly text: string }
  | { readonly type: "closed"; readonly link: LinkId }
  /** A local write: the node signs it as the owner, with the next version. */
  | { readonly type: "write"; readonly kind: string; readonly id: string; readonly body: JsonObject }
  | { readonly type: "delete"; readonly kind: string; readonly id: string }
  /** An operator's add: dials, and leaves an invitation for the other side's own dial. `hosts` are the IPs that the address resolves to. */
  | {
      readonly type: "join";
      readonly address: Address;
      readonly hosts: readonly string[];
      readonly expectKey?: Uint8Array;
    }
  /** Opens the door for a first contact again, as a fresh peer has it for an hour after its bootstrap. */
  | { readonly type: "reopen"; readonly until: number; readonly acceptKey?: Uint8Array }
  /** A cluster id of this peer's own making in place of the one that it bears, while it is alone. */
  | { readonly type: "found"; readonly clusterId: ClusterId }
  /** A relayed operator call to a peer, over a link. */
  | { readonly type: "call"; readonly peer: PeerId; readonly call: CallId; readonly body: string }
  /** The answer to a `called` notice. */
  | { readonly type: "answer"; readonly peer: PeerId; readonly call: CallId; readonly body: string }
  /** A license that the operator put in, already verified by nobody: the node verifies it. */
  | { readonly type: "license"; readonly document: License }
  /** Signed deactivation: final for this id. */
  | { readonly type: "leave" }
  /** A gossip round now. */
  | { readonly type: "sync" }
  /** The clock reached `wakeAt`. */
  | { readonly type: "wake" };

/** Names one try to open a connection, so that its outcome finds its cause. */
export type DialId = string;
