import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Clock } from "../clock.ts";

/** How late the event loop was, in seconds. */
export interface LoopDelays {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const WINDOW_MS = 60_000;
const RESOLUTION_MS = 10;

/** Watches the event loop; what it tells covers the last one to two minutes, so that a stall is seen and then forgotten. */
export class LoopWatch {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #before: LoopDelays = { p50: 0, p99: 0, max: 0 };
  readonly #cancel: () => void;

  constructor(clock: Clock) {
    this.#histogram.enable();
    this.#cancel = clock.every(WINDOW_MS, () => {
      this.#before = this.#present();
      this.#histogram.reset();
    });
  }

  delays(): LoopDelays {
    const present = this.#present();
    return {
      p50: present.p50,
      p99: Math.max(present.p99, this.#before.p99),
      max: Math.max(present.max, this.#before.max),
    };
  }

  stop(): void {
    this.#cancel();
    this.#histogram.disable();
  }

  /** The histogram measures whole intervals between two turns: what is above its resolution is the delay. */
  #present(): LoopDelays {
    const seconds = (nanoseconds: number) =>
      Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000) : 0;
    if (this.#histogram.count === 0) return { p50: 0, p99: 0, max: 0 };
    return {
      p50: seconds(this.#histogram.percentile(50)),
      p99: seconds(this.#histogram.percentile(99)),
      max: seconds(this.#histogram.max),
    };
  }
}
