import type { Limiter, Paced } from "./limiter.ts";
import { keep, type Lent } from "./slabs.ts";

/** Bytes of one flow and direction that wait for the limiter, and the end behind them. */
export class Pacer implements Paced {
  readonly #limiter: Limiter;
  readonly #passOn: (piece: Lent) => void;
  readonly #passEnd: () => void;
  #pieces: Lent[] = [];
  #waitingBytes = 0;
  #state: "open" | "ending" | "ended" = "open";

  /** `passOn` is given the bytes in order as they are released, `passEnd` comes after the last. */
  constructor(limiter: Limiter, passOn: (piece: Lent) => void, passEnd: () => void) {
    this.#limiter = limiter;
    this.#passOn = passOn;
    this.#passEnd = passEnd;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  push(piece: Lent): void {
    if (this.#waitingBytes === 0 && this.#limiter.isUnlimited) {
      this.#passOn(piece);
      return;
    }
    this.#pieces.push(piece);
    this.#waitingBytes += piece.bytes.length;
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
    for (const { giveBack } of this.#pieces) giveBack();
    this.#pieces = [];
    this.#waitingBytes = 0;
    this.#limiter.cancel(this);
  }

  release(bytes: number): void {
    let left = bytes;
    while (left > 0) {
      const piece = this.#pieces[0];
      if (piece === undefined) break;
      const bytes = piece.bytes.subarray(0, left);
      const isWhole = bytes.length === piece.bytes.length;
      if (isWhole) this.#pieces.shift();
      else this.#pieces[0] = { bytes: piece.bytes.subarray(bytes.length), giveBack: piece.giveBack };
      left -= bytes.length;
      this.#waitingBytes -= bytes.length;
      this.#passOn({ bytes, giveBack: isWhole ? piece.giveBack : keep });
    }
    this.#endIfEmpty();
  }

  #endIfEmpty(): void {
    if (this.#state !== "ending" || this.#waitingBytes > 0) return;
    this.#state = "ended";
    this.#passEnd();
  }
}
