/** A token bucket: so many bytes a second, and a burst of what 50 ms bring. Time is an argument, in milliseconds. */

/** So that a slice is worth a write even at a low rate. */
const LEAST_BURST_BYTES = 4096;
/** A busy host may wake a process this much late; what it could not send meanwhile is made up for. */
const BURST_SECONDS = 1 / 20;
const SLICES_A_BURST = 10;

export class Bucket {
  #bytesPerMs: number;
  #burstBytes: number;
  #tokens: number;
  #filledAt: number;

  /** @param bitsPerSecond over 0. */
  constructor(bitsPerSecond: number, nowMs: number) {
    this.#bytesPerMs = bitsPerSecond / 8000;
    this.#burstBytes = burstOf(bitsPerSecond);
    this.#tokens = this.#burstBytes;
    this.#filledAt = nowMs;
  }

  /** What one turn takes at most, so that flows that share the bucket alternate within a burst. */
  get sliceBytes(): number {
    return Math.max(LEAST_BURST_BYTES / 4, Math.floor(this.#burstBytes / SLICES_A_BURST));
  }

  setRate(bitsPerSecond: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#bytesPerMs = bitsPerSecond / 8000;
    this.#burstBytes = burstOf(bitsPerSecond);
    this.#tokens = Math.min(this.#tokens, this.#burstBytes);
  }

  /** Takes all of `bytes` (at most a slice) or nothing. */
  take(bytes: number, nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#tokens < bytes) return false;
    this.#tokens -= bytes;
    return true;
  }

  /** Milliseconds until `bytes` can be taken. */
  waitMs(bytes: number, nowMs: number): number {
    this.#fill(nowMs);
    return Math.max(0, (bytes - this.#tokens) / this.#bytesPerMs);
  }

  #fill(nowMs: number): void {
    const passedMs = Math.max(0, nowMs - this.#filledAt);
    this.#filledAt = nowMs;
    this.#tokens = Math.min(this.#burstBytes, this.#tokens + passedMs * this.#bytesPerMs);
  }
}

function burstOf(bitsPerSecond: number): number {
  return Math.max(LEAST_BURST_BYTES, (bitsPerSecond / 8) * BURST_SECONDS);
}
