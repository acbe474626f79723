import type { Effect, Notice, PeerBookEntry, PeerId } from "@arctic/core";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import { type Change, type Store, StoreError } from "./store/store.ts";
import type { Transport } from "./transport/transport.ts";

export interface PerformerOptions {
  /** Whose records are this peer's own word. */
  readonly self: PeerId;
  readonly store: Store;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  /** Told in order, each when what it speaks of is on disk. May lead to more effects. */
  readonly onNotice: (notice: Notice) => void;
  /** The disk did not take what was written. */
  readonly onFailure: (error: StoreError) => void;
}

type Outgoing = Exclude<Effect, { type: "persist" | "notify" }>;

/** What waits until so many of the writes are on disk. */
interface Waiting<T> {
  readonly what: T;
  readonly behindWrite: number;
}

/** So much waits for the disk at most. Then the event loop does, so that links are read no faster than it takes them. */
const MOST_WAITING = 10_000;
/** What the book of peers says is only a hint where to find them: where nothing else is written, it is this late. */
const BOOK_WAITS_MS = 1_000;

/**
 * Performs a node's effects in order. The peer's own word is on disk before it is on the wire, and with it all that it
 * says afterwards. What it merely received goes on while the disk takes it: a peer that forgets it in a power cut gets it
 * again by gossip. Notices are told of what is on disk.
 */
export class Performer {
  readonly #options: PerformerOptions;
  readonly #outgoing: Waiting<Outgoing>[] = [];
  readonly #notices: Waiting<Notice>[] = [];
  /** Entries that go with the next write. */
  readonly #entryByPeer = new Map<PeerId, PeerBookEntry>();
  #cancelBook: (() => void) | undefined;
  /** How often was written, the last time with an own record in it, and how many of the writes are on disk. */
  #writes = 0;
  #lastOwnWrite = 0;
  #writesOnDisk = 0;
  #isFlushing = false;
  #isTelling = false;
  #isStopped = false;

  constructor(options: PerformerOptions) {
    this.#options = options;
  }

  /** Has what changed, and all before it, on disk and on the wire when it returns. Throws StoreError, and then nothing of it has happened. */
  performNow(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type === "persist") this.#commit(changeOf(effect));
      else this.#perform(effect);
    }
  }

  /** Goes on while the disk works. Throws StoreError where the store takes no change, and then nothing has happened. */
  performInTurn(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type === "persist") this.#write(changeOf(effect));
      else this.#perform(effect);
    }
    if (this.#outgoing.length + this.#notices.length > MOST_WAITING) this.#commit({});
    else if (this.#writesOnDisk < this.#writes) void this.#flush();
  }

  /** Tells the notices that are due. */
  tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (
        let [next] = this.#notices;
        next !== undefined && next.behindWrite <= this.#writesOnDisk;
        [next] = this.#notices
      ) {
        this.#notices.shift();
        this.#options.onNotice(next.what);
      }
    } finally {
      this.#isTelling = false;
    }
  }

  /** Forgets all that waits. */
  clear(): void {
    this.#takeBook([]);
    this.#outgoing.length = 0;
    this.#notices.length = 0;
    this.#writesOnDisk = this.#writes;
  }

  stop(): void {
    this.#isStopped = true;
    this.#writeBook();
  }

  #commit(change: Change): void {
    this.#options.store.commit(this.#withBook(change));
    this.#writes += 1;
    this.#onDisk(this.#writes);
  }

  #write(change: Change): void {
    if (isBookAlone(change) && !this.#isStopped) {
      for (const entry of change.book ?? []) this.#entryByPeer.set(entry.peer, entry);
      this.#cancelBook ??= this.#options.clock.after(BOOK_WAITS_MS, () => this.#writeBook());
      return;
    }
    this.#options.store.write(this.#withBook(change));
    this.#writes += 1;
    if (change.records?.some(({ owner }) => owner === this.#options.self)) this.#lastOwnWrite = this.#writes;
  }

  #withBook(change: Change): Change {
    return this.#entryByPeer.size === 0 ? change : { ...change, book: this.#takeBook(change.book ?? []) };
  }

  /** What waited, and these. Nothing waits afterwards. */
  #takeBook(entries: readonly PeerBookEntry[]): PeerBookEntry[] {
    const taken = new Map([...this.#entryByPeer, ...entries.map((entry) => [entry.peer, entry] as const)]);
    this.#entryByPeer.clear();
    this.#cancelBook?.();
    this.#cancelBook = undefined;
    return [...taken.values()];
  }

  #writeBook(): void {
    const book = this.#takeBook([]);
    if (book.length === 0) return;
    try {
      this.#options.store.write({ book });
    } catch (error) {
      if (!(error instanceof StoreError)) this.#options.log.error("driver.effect_failed", { reason: String(error) });
      else if (!this.#isStopped) this.#options.onFailure(error);
      return;
    }
    this.#writes += 1;
    if (!this.#isStopped) void this.#flush();
  }

  /** One at a time: what is written meanwhile is on disk by the next one. */
  async #flush(): Promise<void> {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    const writes = this.#writes;
    try {
      await this.#options.store.flush();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (!this.#isStopped && this.#writesOnDisk < writes) this.#options.onFailure(error);
      return;
    } finally {
      this.#isFlushing = false;
    }
    if (this.#isStopped) return;
    try {
      this.#onDisk(writes);
      this.tell();
    } catch (error) {
      this.#options.log.error("driver.effect_failed", { reason: String(error) });
    }
    if (this.#writesOnDisk < this.#writes) void this.#flush();
  }

  #onDisk(writes: number): void {
    this.#writesOnDisk = Math.max(this.#writesOnDisk, writes);
    let count = 0;
    for (const { what, behindWrite } of this.#outgoing) {
      if (behindWrite > this.#writesOnDisk) break;
      this.#send(what);
      count += 1;
    }
    this.#outgoing.splice(0, count);
  }

  #perform(effect: Exclude<Effect, { type: "persist" }>): void {
    if (effect.type === "notify") this.#notices.push({ what: effect.notice, behindWrite: this.#writes });
    else if (this.#lastOwnWrite <= this.#writesOnDisk) this.#send(effect);
    else this.#outgoing.push({ what: effect, behindWrite: this.#lastOwnWrite });
  }

  #send(effect: Outgoing): void {
    const { transport } = this.#options;
    switch (effect.type) {
      case "dial":
        transport.dial(effect);
        return;
      case "send":
        transport.send(effect.link, effect.text);
        return;
      case "close":
        transport.close(effect.link);
        return;
    }
  }
}

function isBookAlone({ records = [], drop = [], license, flags }: Change): boolean {
  return records.length + drop.length === 0 && license === undefined && flags === undefined;
}

function changeOf({ type: _, ...change }: Extract<Effect, { type: "persist" }>): Change {
  return change;
}
