import type { ConnectOutcome } from "../connect-outcomes.ts";
import { outcomeOf } from "./connects.ts";
import type { PegasusService } from "./pegasus.ts";
import type { RelayWatcher } from "./relay-engine.ts";
import type { LastWords, WorkerCounts } from "./worker-message.ts";

/** What one worker counted for its services since it started. Counts only rise, but for the open flows. */

export type ServiceCounts = WorkerCounts["services"][number];

export type Trying = Pick<RelayWatcher, "connected" | "finished">;

export class Ledger {
  readonly #countsByKey = new Map<string, ServiceCounts>();
  #unmatchedFlows = 0;
  #lastUnmatched: LastWords | undefined;
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  of(service: Pick<PegasusService, "serviceId" | "role">): ServiceCounts {
    const key = `${service.role} ${service.serviceId}`;
    const found = this.#countsByKey.get(key);
    if (found !== undefined) return found;
    const { serviceId, role } = service;
    const fresh = {
      ...{ serviceId, role, flowsOpen: 0, flowsTotal: 0, flowsRefused: 0, bytesIn: 0, bytesOut: 0 },
      connects: {},
    };
    this.#countsByKey.set(key, fresh);
    return fresh;
  }

  refuse(service: Pick<PegasusService, "serviceId" | "role">, reason: string): void {
    const counts = this.of(service);
    counts.flowsRefused += 1;
    counts.lastRefusal = this.#lastWords(reason);
  }

  /** A connection that will never stand, and there is nothing more to wait for. */
  countConnect(service: Pick<PegasusService, "serviceId" | "role">, outcome: ConnectOutcome): void {
    const { connects } = this.of(service);
    connects[outcome] = (connects[outcome] ?? 0) + 1;
  }

  /** A connection that is tried: counted once, by whichever is told first. */
  trying(service: Pick<PegasusService, "serviceId" | "role">): Trying {
    let isCounted = false;
    const count = (outcome: ConnectOutcome): void => {
      if (!isCounted) this.countConnect(service, outcome);
      isCounted = true;
    };
    return { connected: () => count("connected"), finished: (reason) => count(outcomeOf(reason)) };
  }

  /** A connection or flow that belongs to no service of ours. */
  refuseUnmatched(reason: string): void {
    this.#unmatchedFlows += 1;
    this.#lastUnmatched = this.#lastWords(reason);
  }

  get services(): ServiceCounts[] {
    return [...this.#countsByKey.values()];
  }

  get unmatched(): { flows: number; last?: LastWords } {
    const last = this.#lastUnmatched;
    return { flows: this.#unmatchedFlows, ...(last === undefined ? {} : { last }) };
  }

  #lastWords(text: string): LastWords {
    return { at: this.#nowMs(), text: text.slice(0, 1000) };
  }
}
