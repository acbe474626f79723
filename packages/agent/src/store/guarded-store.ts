import { type PeerBookEntry, type RecordKey, recordKey, type SignedRecord } from "@arctic/core";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Reserve } from "./reserve.ts";
import { type Change, type Snapshot, type Store, StoreError } from "./store.ts";

export interface GuardedStoreOptions {
  readonly store: Store;
  readonly reserve: Reserve;
  readonly clock: Clock;
  readonly log: Log;
  /** What the store holds, as it was read a moment ago: the first `load` answers with it. */
  readonly stored: Snapshot;
}

/**
 * A store that outlives a full disk. The change that finds no space is stored in the space of the reserve. From then
 * on operators' writes are refused (`refusal`), while the peer goes on: what it signs itself is stored in the rest of
 * the reserve, on disk before on the wire as ever; what it merely received waits in memory, since a peer that forgets
 * such records gets them again by gossip. Every five seconds it tries whether the disk takes what waits and the reserve
 * once more; then writes are open again.
 */
export function createGuardedStore(options: GuardedStoreOptions): Store {
  return new GuardedStore(options);
}

const RETRY_EVERY_MS = 5_000;

class GuardedStore implements Store {
  readonly #options: GuardedStoreOptions;
  readonly #waiting = new Waiting();
  #first: Snapshot | undefined;
  /** The peer whose own records are never forgotten; absent until a bootstrap makes one. */
  #self: string | undefined;
  #refusal: StoreError | undefined;
  #cancelRetry: (() => void) | undefined;

  constructor(options: GuardedStoreOptions) {
    this.#options = options;
    this.#first = options.stored;
    this.#self = options.stored.facts?.peer_id;
    try {
      options.reserve.fill();
    } catch (error) {
      this.#refuse(new StoreError("full", `there is no room for a reserve of space (${messageOf(error)})`));
    }
  }

  get refusal(): StoreError | undefined {
    return this.#refusal;
  }

  load() {
    // A node that is made anew begins with what is on disk; what waited comes again by gossip.
    this.#waiting.clear();
    const first = this.#first;
    this.#first = undefined;
    return first ?? this.#options.store.load();
  }

  commit(change: Change): void {
    this.#keep(change, () => this.#options.store.commit(change));
  }

  write(change: Change): void {
    this.#keep(change, () => this.#options.store.write(change));
  }

  async flush(): Promise<void> {
    try {
      await this.#options.store.flush();
    } catch (error) {
      if (error instanceof StoreError && this.#refusal === undefined) this.#refuse(error);
      throw error;
    }
  }

  probe(): void {
    this.#options.store.probe();
  }

  close(): void {
    this.#cancelRetry?.();
    try {
      if (!this.#waiting.isEmpty) this.#options.store.commit(this.#waiting.toChange());
    } catch (error) {
      this.#options.log.warn("storage.not_flushed", { reason: messageOf(error) });
    }
    this.#options.store.close();
  }

  #keep(change: Change, keep: () => void): void {
    this.#first = undefined;
    this.#self = change.facts?.peer_id ?? this.#self;
    if (this.#refusal !== undefined) this.#commitWhileFull(change);
    else {
      try {
        keep();
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        this.#refuse(error);
        this.#commitWhileFull(change);
      }
    }
  }

  #commitWhileFull(change: Change): void {
    if (this.#isReceived(change)) this.#waiting.add(change);
    else {
      this.#options.store.commit(change);
      this.#waiting.forget(change);
    }
  }

  /** Nothing in it is this peer's own word, so that forgetting it would harm nobody. */
  #isReceived({ records = [], license, flags, facts, outcomes }: Change): boolean {
    const isOwn = [license, flags, facts, outcomes].some((part) => part !== undefined);
    return !isOwn && records.every((record) => record.owner !== this.#self);
  }

  #refuse(error: StoreError): void {
    this.#refusal = error;
    this.#options.reserve.release();
    const event = error.reason === "full" ? "storage.full" : "storage.failing";
    this.#options.log.error(event, { detail: `${error.message}; writes are refused until the disk takes them again` });
    this.#scheduleRetry();
  }

  #scheduleRetry(): void {
    this.#cancelRetry = this.#options.clock.after(RETRY_EVERY_MS, () => this.#retry());
  }

  #retry(): void {
    const { store, reserve, log } = this.#options;
    try {
      if (this.#waiting.isEmpty) store.probe();
      else store.commit(this.#waiting.toChange());
      this.#waiting.clear();
      reserve.fill();
    } catch {
      this.#scheduleRetry();
      return;
    }
    this.#refusal = undefined;
    log.info("storage.recovered");
  }
}

/** Changes that wait for the disk, the latest of each key. Bounded as the registry in memory is, whose objects it names. */
class Waiting {
  readonly #recordByKey = new Map<RecordKey, SignedRecord>();
  readonly #dropped = new Set<RecordKey>();
  readonly #entryByPeer = new Map<string, PeerBookEntry>();

  get isEmpty(): boolean {
    return this.#recordByKey.size + this.#dropped.size + this.#entryByPeer.size === 0;
  }

  add(change: Change): void {
    for (const key of change.drop ?? []) {
      this.#recordByKey.delete(key);
      this.#dropped.add(key);
    }
    for (const record of change.records ?? []) this.#recordByKey.set(recordKey(record), record);
    for (const entry of change.book ?? []) this.#entryByPeer.set(entry.peer, entry);
  }

  /** What is stored meanwhile is newer than what waits under the same key. */
  forget(change: Change): void {
    for (const key of [...(change.drop ?? []), ...(change.records ?? []).map(recordKey)]) {
      this.#recordByKey.delete(key);
      this.#dropped.delete(key);
    }
    for (const entry of change.book ?? []) this.#entryByPeer.delete(entry.peer);
  }

  toChange(): Change {
    return {
      drop: [...this.#dropped],
      records: [...this.#recordByKey.values()],
      book: [...this.#entryByPeer.values()],
    };
  }

  clear(): void {
    this.#recordByKey.clear();
    this.#dropped.clear();
    this.#entryByPeer.clear();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
