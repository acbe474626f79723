import type {
  ClusterNode,
  Input,
  License,
  LinkId,
  Millis,
  NodeFlags,
  Notice,
  PeerBookEntry,
  PeerId,
  SignedRecord,
  Step,
} from "@arctic/core";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import { Performer } from "./performer.ts";
import { type Store, StoreError } from "./store/store.ts";
import type { Transport, TransportEvent } from "./transport/transport.ts";

/** What a node is made of anew at every start, and after the disk refused a write. */
interface StoredState {
  readonly license: License | undefined;
  readonly records: readonly SignedRecord[];
  readonly book: readonly PeerBookEntry[];
  readonly flags: NodeFlags;
}

export interface DriverOptions {
  /** The peer that the node is. */
  readonly self: PeerId;
  /** `startedAt` is the present. Each call takes a boot id that was never used before. */
  readonly createNode: (stored: StoredState, startedAt: Millis) => ClusterNode;
  readonly store: Store;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  /** Told after all effects of a step are done, and of what is on disk. May feed again. */
  readonly onNotice: (notice: Notice) => void;
}

const RETRY_STORAGE_MS = 5_000;

/** What an operator asks for and relies on afterwards. It does not reach the node while the store refuses writes. */
const IS_OPERATORS_INPUT: Readonly<Record<Input["type"], boolean>> = {
  write: true,
  delete: true,
  join: true,
  license: true,
  leave: true,
  found: true,
  reopen: false,
  call: false,
  answer: false,
  sync: false,
  wake: false,
  opened: false,
  dial_failed: false,
  received: false,
  closed: false,
};

/**
 * Feeds core one input at a time and has its effects performed in order. What an operator asks for is on disk, and said,
 * when `feed` returns. What follows from all other inputs goes on while the disk works. Where the store takes no change at
 * all the peer falls silent: the links are closed, the node is made again from what is stored, so that it knows nothing
 * that a restart would forget, and writes are refused until the disk takes them again.
 */
export class Driver {
  readonly #options: DriverOptions;
  #node: ClusterNode;
  #storageError: StoreError | undefined;
  /** When the timer comes; it is never later than the node asks for. */
  #timerAt = Number.POSITIVE_INFINITY;
  #cancelWake: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;
  readonly #performer: Performer;
  readonly #openLinks = new Set<LinkId>();
  #isFeeding = false;
  #isStopped = false;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#performer = new Performer({ ...options, onFailure: (error) => this.#fallSilent(error) });
    this.#node = this.#createNode();
  }

  get node(): ClusterNode {
    return this.#node;
  }

  /** Why operators' writes are refused for now; absent while the disk takes them. */
  get storageError(): StoreError | undefined {
    return this.#storageError ?? this.#options.store.refusal;
  }

  start(): void {
    this.#options.transport.start((event) => this.#onTransport(event));
    this.feed({ type: "wake" });
  }

  /**
   * Feeds one input and performs what it led to, an operator's before it returns. A step with a rejection changed nothing.
   * Throws StoreError where the change could not be stored, or where an operator's would not be; then nothing has
   * changed either.
   */
  feed(input: Input): Step {
    if (this.#isFeeding) throw new Error("an input was fed while another was being performed");
    const refusal = this.#storageError ?? (IS_OPERATORS_INPUT[input.type] ? this.#options.store.refusal : undefined);
    if (refusal !== undefined) throw refusal;
    this.#isFeeding = true;
    let step: Step;
    try {
      step = this.#node.handle(input, this.#options.clock.now());
      if (IS_OPERATORS_INPUT[input.type]) this.#performer.performNow(step.effects);
      else this.#performer.performInTurn(step.effects);
    } catch (error) {
      if (error instanceof StoreError) this.#fallSilent(error);
      throw error;
    } finally {
      this.#isFeeding = false;
    }
    this.#scheduleWake();
    this.#performer.tell();
    return step;
  }

  stop(): void {
    this.#isStopped = true;
    this.#performer.stop();
    this.#cancelWake?.();
    this.#cancelRetry?.();
    this.#options.transport.stop();
  }

  #createNode(): ClusterNode {
    const { facts: _, ...stored } = this.#options.store.load();
    return this.#options.createNode(stored, this.#options.clock.now());
  }

  #onTransport(event: TransportEvent): void {
    if (this.#isStopped) return;
    if (event.type === "opened") this.#openLinks.add(event.link);
    if (event.type === "closed") this.#openLinks.delete(event.link);
    if (this.#storageError !== undefined) {
      if (event.type === "opened") this.#options.transport.close(event.link);
      return;
    }
    this.#feedOrLog(event);
  }

  #feedOrLog(input: Input): void {
    try {
      this.feed(input);
    } catch (error) {
      // A StoreError was logged when the peer fell silent; anything else is a bug that one frame must not make fatal.
      if (error instanceof StoreError) return;
      this.#options.log.error("driver.input_failed", { input: input.type, reason: String(error) });
      if ("link" in input) this.#options.transport.close(input.link);
    }
  }

  /** A timer that comes too early is kept: most inputs put the next waking off, and one that is asked for sooner is rare. */
  #scheduleWake(): void {
    const { wakeAt } = this.#node;
    if (this.#isStopped || wakeAt >= this.#timerAt) return;
    this.#cancelWake?.();
    this.#setTimer(wakeAt, wakeAt - this.#options.clock.now());
  }

  #setTimer(at: Millis, delayMs: number): void {
    this.#timerAt = at;
    this.#cancelWake = this.#options.clock.after(Math.max(delayMs, 1), () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      const { wakeAt } = this.#node;
      // It is `at` by now, whatever a clock says that was set back meanwhile.
      const leftMs = Math.min(wakeAt - this.#options.clock.now(), wakeAt - at);
      if (leftMs > 0) this.#setTimer(wakeAt, leftMs);
      else this.#feedOrLog({ type: "wake" });
    });
  }

  #fallSilent(error: StoreError): void {
    this.#options.log.error("storage.failed", { reason: error.reason, detail: error.message });
    this.#storageError = error;
    this.#performer.clear();
    this.#cancelWake?.();
    this.#timerAt = Number.POSITIVE_INFINITY;
    for (const link of this.#openLinks) this.#options.transport.close(link);
    this.#node = this.#createNode();
    this.#cancelRetry = this.#options.clock.after(RETRY_STORAGE_MS, () => this.#retryStorage());
  }

  #retryStorage(): void {
    if (this.#isStopped) return;
    try {
      this.#options.store.probe();
    } catch {
      this.#cancelRetry = this.#options.clock.after(RETRY_STORAGE_MS, () => this.#retryStorage());
      return;
    }
    this.#storageError = undefined;
    this.#node = this.#createNode();
    this.#options.log.info("storage.recovered");
    this.#feedOrLog({ type: "wake" });
  }
}
