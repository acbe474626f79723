import type { Limiter, Paced } from "./limiter.ts";

/** Bytes of one flow and direction that wait for the limiter, and the end behind them. */
export class Pacer implements Paced {
  readonly #limiter: Limiter;
  readonly #passOn: (bytes: Buffer) => void;
  readonly #passEnd: () => void;
  #pieces: Buffer[] = [];
  #waitingBytes = 0;
  #state: "open" | "ending" | "ended" = "open";

  /** `passOn` is given the bytes in order as they are released, `passEnd` comes after the last. */
  constructor(limiter: Limiter, passOn: (bytes: Buffer) => void, passEnd: () => void) {
    this.#limiter = limiter;
    this.#passOn = passOn;
    this.#passEnd = passEnd;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  push(bytes: Buffer): void {
    if (this.#waitingBytes === 0 && this.#limiter.isUnlimited) {
      this.#passOn(bytes);
      return;
    }
    this.#pieces.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#limiter.request(this);
  }

  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    this.#endIfEmpty();
  }

  /** Drops what waits. */
  cancel(): void {
    this.#state = "ended";
    this.#pieces = [];
    this.#waitingBytes = 0;
    this.#limiter.cancel(this);
  }

  release(bytes: number): void {
    let left = bytes;
    while (left > 0) {
      const piece = this.#pieces[0];
      if (piece === undefined) break;
      const part = piece.subarray(0, left);
      if (part.length === piece.length) this.#pieces.shift();
      else this.#pieces[0] = piece.subarray(part.length);
      left -= part.length;
      this.#waitingBytes -= part.length;
      this.#passOn(part);
    }
    this.#endIfEmpty();
  }

  #endIfEmpty(): void {
    if (this.#state !== "ending" || this.#waitingBytes > 0) return;
    this.#state = "ended";
    this.#passEnd();
  }
}
