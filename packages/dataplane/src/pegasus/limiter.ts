import { Bucket } from "./bucket.ts";

/** The rate limit of one service and direction: its flows take turns for slices of one bucket. */

export interface LimiterClock {
  nowMs(): number;
  /** Returns what cancels the timer. */
  after(delayMs: number, task: () => void): () => void;
}

/** One direction of one flow: it holds bytes back until it is told to let some go. */
export interface Paced {
  /** Bytes that wait. */
  readonly waitingBytes: number;
  /** Lets exactly so many of them go. */
  release(bytes: number): void;
}

export interface LimitUse {
  /** Bytes that were let go. */
  readonly bytes: number;
  /** The most flows that waited at once because the limit was reached. */
  readonly waiting: number;
}

export class Limiter {
  readonly #clock: LimiterClock;
  #bucket: Bucket | undefined;
  readonly #waiting = new Set<Paced>();
  #cancelTimer: (() => void) | undefined;
  #releasedBytes = 0;
  #mostWaiting = 0;

  constructor(clock: LimiterClock) {
    this.#clock = clock;
  }

  /** Bits per second; 0 lets everything go. */
  setRate(bitsPerSecond: number): void {
    const now = this.#clock.nowMs();
    if (bitsPerSecond === 0) this.#bucket = undefined;
    else if (this.#bucket === undefined) this.#bucket = new Bucket(bitsPerSecond, now);
    else this.#bucket.setRate(bitsPerSecond, now);
    this.#restart();
  }

  get isUnlimited(): boolean {
    return this.#bucket === undefined;
  }

  /** Flows that wait for their turn. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** What was asked of the limit since this was last taken. */
  takeUse(): LimitUse {
    const use = { bytes: this.#releasedBytes, waiting: this.#mostWaiting };
    this.#releasedBytes = 0;
    this.#mostWaiting = this.#waiting.size;
    return use;
  }

  /** The flow has bytes that wait; they are released now or in turn. */
  request(paced: Paced): void {
    this.#waiting.add(paced);
    if (this.#cancelTimer === undefined) this.#serve();
  }

  /** The flow is gone. */
  cancel(paced: Paced): void {
    this.#waiting.delete(paced);
  }

  #restart(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#serve();
  }

  /** A set is walked in the order of joining, so who has had a slice and wants more joins again at the end. */
  #serve(): void {
    for (const paced of this.#waiting) {
      const bucket = this.#bucket;
      const bytes = Math.min(paced.waitingBytes, bucket?.sliceBytes ?? Number.POSITIVE_INFINITY);
      if (bucket !== undefined && !bucket.take(bytes, this.#clock.nowMs())) {
        this.#mostWaiting = Math.max(this.#mostWaiting, this.#waiting.size);
        this.#cancelTimer = this.#clock.after(bucket.waitMs(bytes, this.#clock.nowMs()), () => this.#restart());
        return;
      }
      this.#waiting.delete(paced);
      this.#releasedBytes += bytes;
      if (bytes > 0) paced.release(bytes);
      if (paced.waitingBytes > 0) this.#waiting.add(paced);
    }
  }
}
