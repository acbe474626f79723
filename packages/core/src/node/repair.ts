import { base64urlFromBytes, bytesFromBase64url } from "../encoding/base64url.ts";
import { bucketMarks, heldInDifferingBuckets } from "../gossip/differences.ts";
import type { MessageOf } from "../gossip/message.ts";
import * as LIMITS from "../limits.ts";
import { DIGEST_GROUPS, type DigestGroup } from "../registry/kind.ts";
import type { Held } from "../registry/registry.ts";
import { elementOf } from "../registry/sketch.ts";
import { type Millis, SECOND_MS } from "../time.ts";
import type { LinkId } from "./input.ts";
import type { LiveLink } from "./link.ts";
import type { Pacing } from "./pacing.ts";
import { lastingOf } from "./reception.ts";
import type { NodeState } from "./state.ts";

/**
 * What makes two registries equal again after a heartbeat's hashes differed: a sketch, from which the other side reads
 * a few differences, or, where there are too many, the marks of all buckets.
 */
export class Repair {
  readonly #state: NodeState;
  readonly #pacing: Pacing;
  /** When sketches were last shown to anybody. */
  #shownAt: Millis = 0;

  constructor(state: NodeState, pacing: Pacing) {
    this.#state = state;
    this.#pacing = pacing;
  }

  /** After a heartbeat's records are taken: where the hashes still differ, shows a sketch of the group. */
  afterHeartbeat(link: LinkId, live: LiveLink, message: MessageOf<"heartbeat">, now: Millis): void {
    // A heartbeat with records is the first page of more: what it has not shown yet is no difference.
    if (lastingOf(message.records).length > 0 || isBeingTold(live)) return;
    const own = this.#state.registry.hashes;
    const isSoon = Math.abs(now - this.#shownAt) < LIMITS.sketchEveryMs;
    for (const group of DIGEST_GROUPS) {
      if (own[group] === message.hashes[group] || now < (live.repairedAt.get(group) ?? 0) + 2 * SECOND_MS) continue;
      // Others would tell the same at the same time: what is missing after one has told is asked of the next.
      if (isSoon) {
        live.heartbeatAt = now + SECOND_MS * (1 + this.#state.random());
        return;
      }
      this.#shownAt = now;
      live.repairedAt.set(group, now);
      const cells = base64urlFromBytes(this.#state.registry.digest(group).sketch.bytes());
      this.#state.outbox.send(link, { type: "sketch", group, cells });
    }
  }

  /** Pushes what only this side holds and asks for what only the other holds; too much to be read: bucket marks. */
  takeSketch(link: LinkId, live: LiveLink, message: MessageOf<"sketch">, now: Millis): void {
    if (isBeingTold(live)) return;
    const theirs = bytesFromBase64url(message.cells);
    const difference = theirs && this.#state.registry.digest(message.group).sketch.differenceFrom(theirs);
    if (difference === undefined) {
      this.#sendMarks(link, live, message.group, false, now);
      return;
    }
    this.#pacing.push(link, this.#heldByElements(message.group, new Set(difference.onlyHere)));
    if (difference.onlyThere.length > 0)
      this.#state.outbox.send(link, { type: "want", group: message.group, elements: [...difference.onlyThere] });
  }

  takeWantedElements(link: LinkId, group: DigestGroup, elements: readonly string[]): void {
    this.#pacing.push(link, this.#heldByElements(group, new Set(elements)));
  }

  takeBuckets(link: LinkId, live: LiveLink, message: MessageOf<"buckets">, now: Millis): void {
    if (isBeingTold(live)) return;
    // Marks cost little to send and may be answered by everything that is held: a link has them answered now and then.
    const heard = `${message.group} marks`;
    if (now < (live.repairedAt.get(heard) ?? 0) + SECOND_MS) return;
    live.repairedAt.set(heard, now);
    this.#pacing.push(link, heldInDifferingBuckets(this.#state.registry, message.group, message.marks));
    if (!message.is_answer) this.#sendMarks(link, live, message.group, true, now);
  }

  #heldByElements(group: DigestGroup, elements: ReadonlySet<string>): Held[] {
    if (elements.size === 0) return [];
    return [...this.#state.registry.ofGroup(group)].filter(({ hash }) => elements.has(elementOf(hash)));
  }

  #sendMarks(link: LinkId, live: LiveLink, group: DigestGroup, isAnswer: boolean, now: Millis): void {
    live.repairedAt.set(group, now);
    const marks = bucketMarks(this.#state.registry, group);
    this.#state.outbox.send(link, { type: "buckets", group, marks, is_answer: isAnswer });
  }
}

/** While much is on its way to a link, what the link says of itself is behind it. It is compared when all was heard. */
function isBeingTold({ pace }: LiveLink): boolean {
  return pace.waiting.size > 0 || pace.fullAt !== undefined;
}
