import type { License, NodeFlags, PeerBookEntry, RecordKey, SignedRecord } from "@arctic/core";
import * as z from "zod";
import { address, clientId, clusterId, customerId, peerId, publicKey } from "../api/schema/fields.ts";

/** What a bootstrap fixed, and what the operator says of this peer beside its signed record. */
export const factsSchema = z.object({
  peer_id: peerId,
  public_key: publicKey,
  cluster_id: clusterId,
  customer_id: customerId,
  client_id: clientId,
  bootstrapped_at: z.int(),
  /** The door for a first contact without an introduction, in milliseconds since the epoch. */
  fresh_until: z.int(),
  accept_key: publicKey.optional(),
  /** Set by an operator; wins over configured and found addresses. */
  announced_addresses: z.array(address).optional(),
});
export type Facts = z.infer<typeof factsSchema>;

/** A request that changed something, so that a repeated one is not done again. */
export interface StoredOutcome {
  /** Who asked, and the request's id. */
  readonly key: string;
  /** Of the whole request: another one under the same id is told from this one. */
  readonly digest: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** JSON text, where the answer is known and may be kept. */
  readonly answer?: string;
}

/** Everything that is stored. Absent `facts` mean that this host was never bootstrapped. */
export interface Snapshot {
  readonly facts: Facts | undefined;
  readonly license: License | undefined;
  readonly records: readonly SignedRecord[];
  readonly book: readonly PeerBookEntry[];
  readonly flags: NodeFlags;
  /** The oldest first. */
  readonly outcomes: readonly StoredOutcome[];
}

/**
 * What changes together or not at all. `facts`, `license` and `flags` replace what is held; records, book entries and
 * outcomes are added or replaced by key.
 */
export interface Change {
  readonly records?: readonly SignedRecord[];
  readonly drop?: readonly RecordKey[];
  readonly book?: readonly PeerBookEntry[];
  readonly license?: License;
  readonly flags?: NodeFlags;
  readonly facts?: Facts;
  readonly outcomes?: readonly StoredOutcome[];
  /** Keys of outcomes. */
  readonly forget?: readonly string[];
}

/** The agent's memory across restarts. One writer. */
export interface Store {
  /** Why operators' writes are refused for now; absent while the disk takes them. */
  readonly refusal: StoreError | undefined;
  load(): Snapshot;
  /**
   * Returns once the change, and all that was written before it, would survive a power cut. Throws StoreError; then
   * nothing has changed, but where only the disk's sync failed: then `load` may show the change.
   */
  commit(change: Change): void;
  /** As `commit`, but the change would survive the end of this process only, and a power cut once it was flushed. */
  write(change: Change): void;
  /** Resolves once all that was written before the call would survive a power cut. Rejects with StoreError. */
  flush(): Promise<void>;
  /** Throws StoreError where a write would fail now. */
  probe(): void;
  close(): void;
}

export class StoreError extends Error {
  override readonly name = "StoreError";
  /** `full`: there is no space. `failed`: anything else that keeps the disk from taking a write. */
  readonly reason: "full" | "failed";

  constructor(reason: "full" | "failed", message: string) {
    super(message);
    this.reason = reason;
  }
}
