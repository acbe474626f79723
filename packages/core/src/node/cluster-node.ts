import type { Crypto } from "../crypto/crypto.ts";
import type { Identity } from "../identity/identity.ts";
import type { License, LicenseRoot } from "../license/license.ts";
import type { KindDefinition } from "../registry/kind.ts";
import type { SignedRecord } from "../registry/record.ts";
import type { Rejection } from "../rejection.ts";
import type { Millis } from "../time.ts";
import type { PeerBookEntry } from "../trust/peer-book.ts";
import type { Effect, NodeFlags } from "./effect.ts";
import type { Input } from "./input.ts";
import type { SharedRecords } from "./shared-records.ts";
import type { ClusterView, PeersView, RegistryView } from "./view.ts";

/** What a node is made of. The same options and inputs give the same steps. */
export interface NodeOptions {
  readonly crypto: Crypto;
  readonly identity: Identity;
  readonly roots: readonly LicenseRoot[];
  /** Verified under `roots` when the node is made; throws where it does not verify. */
  readonly license: License;
  /** New at every start of the process: any text that was never used before. */
  readonly bootId: string;
  /** What `persist` effects stored before. Trusted: it was verified when it came. */
  readonly stored: {
    readonly records: readonly SignedRecord[];
    /** Records that many nodes of one process begin with and hold only once, beside those in `records`. */
    readonly shared?: SharedRecords;
    readonly book: readonly PeerBookEntry[];
    readonly flags: NodeFlags;
  };
  readonly kinds?: readonly KindDefinition[];
  readonly heartbeatEveryMs: number;
  /** A fresh peer accepts a first contact until then (bootstrap plus one hour), by `acceptKey` alone where given. */
  readonly fresh?: { readonly until: Millis; readonly acceptKey?: Uint8Array };
  readonly startedAt: Millis;
}

/** What one input led to. A rejection changed nothing. */
export interface Step {
  readonly effects: readonly Effect[];
  readonly rejection?: Rejection;
  /** The record that a `write` or `delete` made. */
  readonly record?: SignedRecord;
}

/** The one mutable thing in core. The same options and inputs give the same steps, byte for byte. */
export interface ClusterNode {
  handle(input: Input, now: Millis): Step;
  /** When the next `wake` is due. */
  readonly wakeAt: Millis;
  readonly registry: RegistryView;
  readonly peers: PeersView;
  readonly cluster: ClusterView;
}
