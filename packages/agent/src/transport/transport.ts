import type { Address, DialId, Input, LinkId, PeerId, Voucher } from "@arctic/core";

/** What happens to connections, as core takes it in. */
export type TransportEvent = Extract<Input, { type: "opened" | "dial_failed" | "received" | "closed" }>;

export interface DialRequest {
  readonly dial: DialId;
  readonly address: Address;
  readonly peer?: PeerId;
  readonly voucher?: Voucher;
}

/**
 * Opens and carries links. Events come one by one, in the order of each link, and never from inside a call of these
 * methods. Every dial ends in one `opened` or one `dial_failed`; every opened link ends in one `closed`, also where
 * this side closed it; after `close` nothing more is received.
 */
export interface Transport {
  /** Takes the listener for all events; to be called once, before anything else. */
  start(listener: (event: TransportEvent) => void): void;
  dial(request: DialRequest): void;
  /** Drops the link where its send buffer is over the limit. */
  send(link: LinkId, text: string): void;
  close(link: LinkId): void;
  /** Closes all links; no event comes afterwards. */
  stop(): void;
}

/** Bytes that may wait for a slow receiver before its link is dropped; gossip heals what was lost. */
export const SEND_BUFFER_BYTES = 4 * 1024 * 1024;
