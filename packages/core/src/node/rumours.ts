import type { PeerId } from "../identity/id.ts";
import * as LIMITS from "../limits.ts";
import type { Millis } from "../time.ts";
import type { LinkId } from "./input.ts";
import { keepLatest } from "./keep-latest.ts";
import type { NodeState } from "./state.ts";

/** A record's text, as it travels, and the link that it came by; this peer's own came by none. */
interface Rumour {
  readonly text: string;
  readonly from: LinkId | undefined;
}

/**
 * Words of connectivity that go on through this peer, the newest of each owner. However many owners say however much,
 * so many go on at once and so many a second: where all doubt each other because a wire or a processor is full, their
 * words must not keep it full. Few wait: the others are told by their owners' heartbeats.
 */
export class Rumours {
  readonly #state: NodeState;
  readonly #waiting = new Map<PeerId, Rumour>();
  #passed = 0;
  /** By when all that went on would have gone at an even pace. */
  #pacedUntil: Millis = Number.NEGATIVE_INFINITY;

  constructor(state: NodeState) {
    this.#state = state;
  }

  /** When the next one goes on. */
  get at(): Millis {
    return this.#waiting.size === 0 ? Number.POSITIVE_INFINITY : this.#pacedUntil - AT_ONCE_MS;
  }

  /** The clock was set: what waits, waits as long as before. */
  shift(byMs: number): void {
    this.#pacedUntil += byMs;
  }

  add(owner: PeerId, rumour: Rumour): void {
    this.#waiting.delete(owner);
    this.#waiting.set(owner, rumour);
    keepLatest(this.#waiting, LIMITS.rumoursWaiting);
  }

  /** Passes on what is due: the latest, since it tells most, and the one that waited longest, so that no owner keeps others back. */
  pass(now: Millis): void {
    while (now >= this.at) {
      const next = [...this.#waiting].at(-(this.#passed % 2));
      if (next === undefined) return;
      this.#waiting.delete(next[0]);
      this.#passed += 1;
      this.#send(next[1], now);
    }
  }

  /** To twelve links at random, in a storm of words to four; nothing back to where it came from. */
  #send({ text, from }: Rumour, now: Millis): void {
    const isCalm = this.#pacedUntil < now + AT_ONCE_MS / 2;
    this.#pacedUntil = Math.max(this.#pacedUntil, now) + LIMITS.rumourEveryMs;
    const links = this.#state.liveLinks().filter(({ id, live }) => id !== from && this.#state.isMember(live.peer));
    const count = isCalm ? LIMITS.connectivityLinks : LIMITS.connectivityLinks / 3;
    for (const { id } of this.#state.someOf(links, count)) this.#state.outbox.push(id, [{ text }]);
  }
}

const AT_ONCE_MS = (LIMITS.rumoursAtOnce - 1) * LIMITS.rumourEveryMs;
