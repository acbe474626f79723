import type {
  ClusterNode,
  Effect,
  Input,
  License,
  LinkId,
  Millis,
  NodeFlags,
  Notice,
  PeerBookEntry,
  SignedRecord,
  Step,
} from "@arctic/core";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
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
  /** `startedAt` is the present. Each call takes a boot id that was never used before. */
  readonly createNode: (stored: StoredState, startedAt: Millis) => ClusterNode;
  readonly store: Store;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  /** Told after all effects of a step are done. May feed again. */
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
 * Feeds core one input at a time and performs its effects in order: on disk before on the wire. Where the store takes
 * no change at all the peer falls silent: the links are closed, the node is made again from what is stored, so that it knows
 * nothing that a restart would forget, and writes are refused until the disk takes them again.
 */
export class Driver {
  readonly #options: DriverOptions;
  #node: ClusterNode;
  #storageError: StoreError | undefined;
  #cancelWake: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;
  readonly #notices: Notice[] = [];
  readonly #openLinks = new Set<LinkId>();
  #isFeeding = false;
  #isTelling = false;
  #isStopped = false;

  constructor(options: DriverOptions) {
    this.#options = options;
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
   * Feeds one input and performs what it led to. A step with a rejection changed nothing.
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
      this.#perform(step.effects);
    } catch (error) {
      if (error instanceof StoreError) this.#fallSilent(error);
      throw error;
    } finally {
      this.#isFeeding = false;
    }
    this.#scheduleWake();
    this.#tell();
    return step;
  }

  stop(): void {
    this.#isStopped = true;
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

  #perform(effects: readonly Effect[]): void {
    const { store, transport } = this.#options;
    for (const effect of effects) {
      switch (effect.type) {
        case "persist": {
          const { type: _, ...change } = effect;
          store.commit(change);
          break;
        }
        case "dial":
          transport.dial(effect);
          break;
        case "send":
          transport.send(effect.link, effect.text);
          break;
        case "close":
          transport.close(effect.link);
          break;
        case "notify":
          this.#notices.push(effect.notice);
          break;
      }
    }
  }

  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (let notice = this.#notices.shift(); notice !== undefined; notice = this.#notices.shift()) {
        this.#options.onNotice(notice);
      }
    } finally {
      this.#isTelling = false;
    }
  }

  #scheduleWake(): void {
    this.#cancelWake?.();
    if (this.#isStopped) return;
    const delayMs = Math.max(this.#node.wakeAt - this.#options.clock.now(), 1);
    this.#cancelWake = this.#options.clock.after(delayMs, () => this.#feedOrLog({ type: "wake" }));
  }

  #fallSilent(error: StoreError): void {
    this.#options.log.error("storage.failed", { reason: error.reason, detail: error.message });
    this.#storageError = error;
    this.#notices.length = 0;
    this.#cancelWake?.();
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
