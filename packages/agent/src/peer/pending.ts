import type { Clock } from "../clock.ts";

/** Promises that wait for a notice, by key; each ends by an outcome or its time limit. */
export class Pending<T> {
  readonly #clock: Clock;
  readonly #settleByKey = new Map<string, Set<(outcome: T) => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with the outcome for the key, or with `late` once the time is over. */
  wait(key: string, limitMs: number, late: T): Promise<T> {
    return new Promise((resolve) => {
      const settles = this.#settleByKey.get(key) ?? new Set();
      this.#settleByKey.set(key, settles);
      const settle = (outcome: T) => {
        cancel();
        settles.delete(settle);
        if (settles.size === 0) this.#settleByKey.delete(key);
        resolve(outcome);
      };
      const cancel = this.#clock.after(limitMs, () => settle(late));
      settles.add(settle);
    });
  }

  settle(key: string, outcome: T): void {
    for (const settle of [...(this.#settleByKey.get(key) ?? [])]) settle(outcome);
  }
}
