import type { Clock } from "../../src/clock.ts";

/** A clock that stands still until a test moves it. */
export interface MovedClock extends Clock {
  /** So much time passes; what is due on the way is called back at its time. */
  pass(ms: number): void;
  /** Somebody sets the wall clock. No time passes. */
  set(byMs: number): void;
  /** How many timers wait. */
  readonly waiting: number;
  /** How many timers were set so far. */
  readonly timersSet: number;
}

export function createMovedClock(startsAt = Date.now()): MovedClock {
  let elapsedMs = 0;
  let offsetMs = startsAt;
  let timersSet = 0;
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>();
  return {
    now: () => offsetMs + elapsedMs,
    elapsedMs: () => elapsedMs,
    after(delayMs, callback) {
      const timer = { at: elapsedMs + delayMs, callback };
      timers.add(timer);
      timersSet += 1;
      return () => timers.delete(timer);
    },
    every: () => () => undefined,
    pass(ms) {
      const end = elapsedMs + ms;
      const nextDue = () => [...timers].sort((a, b) => a.at - b.at).find(({ at }) => at <= end);
      for (let timer = nextDue(); timer !== undefined; timer = nextDue()) {
        timers.delete(timer);
        elapsedMs = Math.max(elapsedMs, timer.at);
        timer.callback();
      }
      elapsedMs = end;
    },
    set: (byMs) => {
      offsetMs += byMs;
    },
    get waiting() {
      return timers.size;
    },
    get timersSet() {
      return timersSet;
    },
  };
}
