import type { Clock } from "../clock.ts";

/** Counts events of each key in windows of a minute. Memory is bounded: the oldest key gives way. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #perMinute: number;
  readonly #windowByKey = new Map<string, { readonly sinceMs: number; count: number }>();

  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock;
    this.#perMinute = perMinute;
  }

  isOver(key: string): boolean {
    return this.#window(key).count >= this.#perMinute;
  }

  count(key: string): void {
    this.#window(key).count += 1;
  }

  #window(key: string) {
    const nowMs = this.#clock.elapsedMs();
    const held = this.#windowByKey.get(key);
    if (held !== undefined && nowMs - held.sinceMs < WINDOW_MS) return held;
    const fresh = { sinceMs: nowMs, count: 0 };
    this.#windowByKey.delete(key);
    this.#windowByKey.set(key, fresh);
    if (this.#windowByKey.size > MAX_KEYS) {
      for (const oldest of this.#windowByKey.keys()) {
        this.#windowByKey.delete(oldest);
        break;
      }
    }
    return fresh;
  }
}

const WINDOW_MS = 60_000;
const MAX_KEYS = 10_000;
