import * as LIMITS from "../limits.ts";
import type { RecordKey } from "../registry/record.ts";
import type { Held } from "../registry/registry.ts";
import type { Millis } from "../time.ts";
import type { LinkId } from "./input.ts";
import type { NodeState } from "./state.ts";

/**
 * What links will be offered, by key and version. An offer is for whom the pushes miss, so it waits a moment: most of
 * it has come to the other side by then, and what happens in one moment is offered in one message.
 */
export class Offers {
  readonly #state: NodeState;
  readonly #keysByLink = new Map<LinkId, Set<RecordKey>>();
  /** When all that waits is offered. */
  at: Millis = Number.POSITIVE_INFINITY;

  constructor(state: NodeState) {
    this.#state = state;
  }

  /** Two ends of a link seldom offer each other the same at once, since each waits a time of its own. */
  add(link: LinkId, held: readonly Held[], now: Millis): void {
    if (held.length === 0) return;
    const keys = this.#keysByLink.get(link) ?? new Set();
    this.#keysByLink.set(link, keys);
    for (const { key } of held) keys.add(key);
    if (this.at === Number.POSITIVE_INFINITY) this.at = now + LIMITS.offerAfterMs * (0.5 + this.#state.random() / 2);
  }

  /** The other end of the link has said that it holds what is held here under these keys. */
  heard(link: LinkId, keys: Iterable<RecordKey>): void {
    const waiting = this.#keysByLink.get(link);
    if (waiting !== undefined) for (const key of keys) waiting.delete(key);
  }

  /** What is due, each as it is held by now; nothing waits afterwards. */
  take(): { readonly link: LinkId; readonly held: readonly Held[] }[] {
    const due = [...this.#keysByLink].map(([link, keys]) => ({
      link,
      held: [...keys].flatMap((key) => this.#state.registry.held(key) ?? []),
    }));
    this.#keysByLink.clear();
    this.at = Number.POSITIVE_INFINITY;
    return due.filter(({ link }) => this.#state.live(link) !== undefined);
  }
}
