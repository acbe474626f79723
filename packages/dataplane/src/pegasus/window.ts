import { ProtocolError } from "./frame.ts";

/**
 * Credit of one flow and direction. A sender may have as many bytes on the way as the receiver granted and has not
 * given back; the receiver gives back what it passed on, and more where the flow drains as fast as it fills.
 */

/** What every flow may send before the first CREDIT. Part of the protocol: both sides count from it. */
export const INITIAL_WINDOW_BYTES = 256 * 1024;
/** Neither side lets a window grow over it. */
export const MAX_WINDOW_BYTES = 4 * 1024 * 1024;

export class SendWindow {
  #available = INITIAL_WINDOW_BYTES;

  /** Bytes that may be sent now. */
  get available(): number {
    return this.#available;
  }

  /** @throws RangeError for more than is available: a bug of ours. */
  spend(bytes: number): void {
    if (bytes > this.#available) throw new RangeError(`${bytes} bytes sent on a credit of ${this.#available}`);
    this.#available -= bytes;
  }

  /** @throws ProtocolError when the grant passes what any window may be. */
  grant(bytes: number): void {
    if (this.#available + bytes > MAX_WINDOW_BYTES) throw new ProtocolError("a CREDIT passes the largest window");
    this.#available += bytes;
  }
}

export class ReceiveWindow {
  #size = INITIAL_WINDOW_BYTES;
  /** What the sender may still send, as far as we granted it. */
  #granted = INITIAL_WINDOW_BYTES;
  /** Received, not yet passed on. */
  #held = 0;

  /** Bytes received and not yet passed on. */
  get held(): number {
    return this.#held;
  }

  /** @throws ProtocolError when the sender had no credit for it. */
  receive(bytes: number): void {
    if (bytes > this.#granted) throw new ProtocolError("DATA goes beyond its credit");
    this.#granted -= bytes;
    this.#held += bytes;
  }

  /**
   * Notes that bytes were passed on; returns the credit to send now, often 0. Credit goes out in quarters of the window,
   * and the window doubles while what comes is passed on at once and `mayGrow` says that there is memory.
   */
  consume(bytes: number, mayGrow: boolean): number {
    this.#held -= bytes;
    const owed = this.#size - this.#granted - this.#held;
    if (owed < this.#size / 4) return 0;
    const growth = mayGrow && this.#held <= this.#size / 4 && this.#size < MAX_WINDOW_BYTES ? this.#size : 0;
    this.#size += growth;
    this.#granted += owed + growth;
    return owed + growth;
  }
}
