import { performance } from "node:perf_hooks";
import type { Millis } from "@arctic/core";

/** The one door to time. Tests hand in another. */
export interface Clock {
  /** Milliseconds since the Unix epoch; may jump when the host's clock is set. */
  now(): Millis;
  /** Milliseconds since some instant; never goes back. For durations and limits. */
  elapsedMs(): number;
  /** Calls back once after the delay; the answer cancels it. Does not keep the process alive. */
  after(delayMs: number, callback: () => void): () => void;
  /** Calls back again and again; the answer cancels it. Does not keep the process alive. */
  every(intervalMs: number, callback: () => void): () => void;
}

/** The longest delay that Node's timers keep; a longer one would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsedMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), MAX_DELAY_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
  every(intervalMs, callback) {
    const timer = setInterval(callback, Math.min(intervalMs, MAX_DELAY_MS));
    timer.unref();
    return () => clearInterval(timer);
  },
};
