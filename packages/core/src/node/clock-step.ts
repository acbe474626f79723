import { MINUTE_MS, type Millis } from "../time.ts";

/**
 * By how much a clock was set between two inputs, in milliseconds: back, or forward past the time at which the node asked
 * to be woken. 0 for a clock that just went on, or that a minute explains.
 */
export function clockStep(before: Millis, wakeAt: Millis, now: Millis): number {
  if (now < before - MINUTE_MS) return now - before;
  // A node that asked to be woken at once, or is woken late, has a time behind it.
  const expected = Math.max(before, wakeAt);
  return now > expected + MINUTE_MS ? now - expected : 0;
}
