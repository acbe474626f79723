import {
  type ClusterNode,
  type Crypto,
  checkRecordProof,
  type RecordKey,
  recordKey,
  type SignedRecord,
} from "@arctic/core";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";

export interface RecheckOptions {
  readonly node: ClusterNode;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly log: Log;
}

const SLICE_MS = 3;
/** A twelfth of the event loop's time at most: 10,000 records take about half a minute. */
const EVERY_MS = 40;

/**
 * Stored records are trusted at a start, so that it is quick; behind it each one's proof is checked, a slice at a time.
 * One that does not prove itself was not written by an agent: somebody, or the disk, has changed the database.
 */
export class Recheck {
  readonly #options: RecheckOptions;
  readonly #records: Iterator<SignedRecord>;
  readonly #invalid: RecordKey[] = [];
  #checked = 0;
  #cancel: (() => void) | undefined;

  constructor(options: RecheckOptions) {
    this.#options = options;
    // What comes in meanwhile is checked as it comes.
    this.#records = [...options.node.registry.all()].values();
    this.#cancel = options.clock.every(EVERY_MS, () => this.#slice());
  }

  /** Records that do not prove themselves. */
  get invalid(): readonly RecordKey[] {
    return this.#invalid;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #slice(): void {
    const { crypto, clock, log } = this.#options;
    const endAtMs = clock.elapsedMs() + SLICE_MS;
    do {
      const { value: record, done } = this.#records.next();
      if (done === true) {
        this.stop();
        log.info("storage.rechecked", { records: this.#checked, invalid: this.#invalid.length });
        return;
      }
      this.#checked += 1;
      const checked = checkRecordProof(crypto, record);
      if (checked.ok) continue;
      const key = recordKey(record);
      this.#invalid.push(key);
      log.error("storage.record_invalid", { key, version: record.version, reason: checked.rejection.message });
    } while (clock.elapsedMs() < endAtMs);
  }
}
