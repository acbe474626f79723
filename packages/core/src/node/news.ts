import * as LIMITS from "../limits.ts";
import type { RecordKey } from "../registry/record.ts";
import type { Millis } from "../time.ts";
import type { LinkId } from "./input.ts";
import type { Applied } from "./state.ts";

/**
 * What became current here and is not passed on yet. News after a quiet moment go on at once. Those that follow them wait
 * a moment for each other, so that a burst costs a few frames instead of one a record; by then some neighbours have
 * shown that they hold them.
 */
export class News {
  /** Who is known to hold what is current under a key. */
  readonly #holdersByKey = new Map<RecordKey, Set<LinkId>>();
  /** How many were taken of late: the last time in full, the times before ever less. */
  #recent = 0;
  /** From when on news go on at once. */
  #quietAt: Millis = Number.NEGATIVE_INFINITY;
  /** When all that waits is passed on. */
  at: Millis = Number.POSITIVE_INFINITY;

  /** The clock was set: what waits, waits as long as before. */
  shift(byMs: number): void {
    this.#quietAt += byMs;
    this.at += byMs;
  }

  add(batch: readonly Applied[], now: Millis): void {
    for (const { key, from } of batch) this.#holdersByKey.set(key, new Set(from === undefined ? [] : [from]));
    this.at = Math.min(this.at, Math.max(now, this.#quietAt));
  }

  /** The other end of the link has shown that it holds what is held here under these keys. */
  heard(link: LinkId, keys: Iterable<RecordKey>): void {
    if (this.#holdersByKey.size > 0) for (const key of keys) this.#holdersByKey.get(key)?.add(link);
  }

  /** All that waits, with its holders; nothing waits afterwards. */
  take(now: Millis): (readonly [RecordKey, ReadonlySet<LinkId>])[] {
    const taken = [...this.#holdersByKey];
    this.#holdersByKey.clear();
    this.#recent = this.#recent / 2 + taken.length;
    const usualMs = this.#recent < LIMITS.newsMany ? LIMITS.newsEveryMs : LIMITS.newsOfManyEveryMs;
    // Who is late is busy: then fewer frames with more in them.
    this.#quietAt = now + Math.max(usualMs, 2 * (now - this.at));
    this.at = Number.POSITIVE_INFINITY;
    return taken;
  }
}
