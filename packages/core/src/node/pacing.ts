import { pagesOf } from "../gossip/pages.ts";
import * as LIMITS from "../limits.ts";
import type { RecordKey } from "../registry/record.ts";
import type { Held } from "../registry/registry.ts";
import { SECOND_MS } from "../time.ts";
import type { LinkId } from "./input.ts";
import type { Pace } from "./pace.ts";
import type { NodeState } from "./state.ts";

/**
 * Sends records no faster than the receiver hears them: a window of pages, then a ping, and the next window once it is
 * answered. Links are ordered, so the answer says that everything before was heard. A registry that is larger than a
 * host's send buffer would otherwise end every link on which it is told.
 */
export class Pacing {
  readonly #state: NodeState;

  constructor(state: NodeState) {
    this.#state = state;
  }

  push(link: LinkId, held: readonly Held[]): void {
    const pace = this.#state.live(link)?.pace;
    if (pace === undefined) return;
    // News of a few records does not stand in line, but behind the admissions by which they are known.
    const isSmall = held.length <= LIMITS.unpacedRecords && !hasAdmission(pace.waiting);
    for (const page of pagesOf(held)) {
      if (isSmall || (pace.waiting.size === 0 && pace.fullAt === undefined)) this.#send(link, pace, page);
      else for (const { key } of page) pace.waiting.add(key);
    }
  }

  /** Counts records that were sent in a heartbeat. */
  sent(pace: Pace, held: readonly { readonly text: string }[]): void {
    for (const { text } of held) pace.chars += text.length;
    if (pace.chars >= LIMITS.windowChars) pace.fullAt ??= this.#state.now;
  }

  /** A ping was answered: the next window goes out, and after the last one what was not compared meanwhile is compared. */
  heard(link: LinkId, pace: Pace, nonce: string): void {
    if (pace.nonce !== nonce) return;
    pace.nonce = undefined;
    pace.chars = 0;
    pace.fullAt = undefined;
    const next = this.#nextWindow(pace);
    for (const page of pagesOf(next)) this.#send(link, pace, page);
    // That the last window was heard is asked for, too, however full it is.
    if (next.length > 0) pace.fullAt ??= this.#state.now;
    const live = this.#state.live(link);
    if (next.length === 0 && live !== undefined)
      live.heartbeatAt = Math.min(live.heartbeatAt, this.#state.now + SECOND_MS);
  }

  /** Takes as much out of what waits as goes before the next ping, each record as it is held by now. */
  #nextWindow({ waiting }: Pace): Held[] {
    const next: Held[] = [];
    let chars = 0;
    for (const key of waiting) {
      if (chars >= LIMITS.windowChars) break;
      waiting.delete(key);
      const held = this.#state.registry.held(key);
      if (held === undefined) continue;
      next.push(held);
      chars += held.text.length;
    }
    return next;
  }

  #send(link: LinkId, pace: Pace, page: readonly Held[]): void {
    for (const { key } of page) pace.waiting.delete(key);
    this.sent(pace, page);
    this.#state.outbox.push(link, page);
  }
}

function hasAdmission(keys: Iterable<RecordKey>): boolean {
  for (const key of keys) if (key.startsWith("admission|")) return true;
  return false;
}
