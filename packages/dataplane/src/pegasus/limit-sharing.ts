import type { LimitedUse, PegasusService } from "./pegasus.ts";
import { sharesOf, type WorkerUse } from "./share.ts";
import type { WorkerProcess } from "./worker-process.ts";

const EVERY_MS = 100;
/** A share that differs by less is not worth a message. */
const SLACK = 0.01;
const NO_USE: WorkerUse = { bitsPerSecond: 0, waiting: 0 };

/** Splits each limited service's rate over the workers, ten times a second, by what each is asked for. */
export class LimitSharing {
  readonly #workers: () => readonly WorkerProcess[];
  #limitByKey = new Map<string, number>();
  readonly #bytesByKey = new Map<string, number>();
  readonly #sharesByWorker = new WeakMap<WorkerProcess, Map<string, number>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(workers: () => readonly WorkerProcess[]) {
    this.#workers = workers;
  }

  /** The plan's own limits hold, and every worker starts from its even share of them. */
  setPlan(services: readonly PegasusService[]): void {
    const limited = services.filter(({ limitBps }) => limitBps > 0);
    this.#limitByKey = new Map(limited.map((service) => [keyOf(service), service.limitBps]));
    for (const worker of this.#workers()) this.#sharesByWorker.delete(worker);
    for (const key of this.#bytesByKey.keys()) if (!this.#limitByKey.has(key)) this.#bytesByKey.delete(key);
    if (limited.length === 0) this.stop();
    else this.#timer ??= setInterval(() => this.#tick(), EVERY_MS).unref();
  }

  /** What all workers together may let through from now on, in bits per second, until the next plan. */
  setRate(service: Pick<PegasusService, "serviceId" | "role">, bitsPerSecond: number): void {
    if (this.#limitByKey.has(keyOf(service))) this.#limitByKey.set(keyOf(service), bitsPerSecond);
  }

  /** Since it was last taken. */
  takeUse(): LimitedUse[] {
    return [...this.#limitByKey.keys()].map((key) => {
      const bytes = this.#bytesByKey.get(key) ?? 0;
      this.#bytesByKey.delete(key);
      return { ...serviceOf(key), bytes };
    });
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const workers = this.#workers();
    for (const [key, bytes] of workers.flatMap((worker) => worker.takeBytes())) {
      this.#bytesByKey.set(key, (this.#bytesByKey.get(key) ?? 0) + bytes);
    }
    const sharesByKey = new Map(
      [...this.#limitByKey].map(([key, limit]) => {
        const uses = workers.map((worker) => worker.useByKey.get(key) ?? NO_USE);
        return [key, sharesOf(limit, uses)];
      }),
    );
    for (const [at, worker] of workers.entries()) this.#tell(worker, at, sharesByKey);
  }

  #tell(worker: WorkerProcess, at: number, sharesByKey: ReadonlyMap<string, readonly number[]>): void {
    const told = this.#sharesByWorker.get(worker) ?? new Map<string, number>();
    this.#sharesByWorker.set(worker, told);
    const rates = [...sharesByKey].flatMap(([key, shares]) => {
      const bitsPerSecond = shares[at] ?? 0;
      const before = told.get(key) ?? 0;
      if (Math.abs(bitsPerSecond - before) <= before * SLACK) return [];
      told.set(key, bitsPerSecond);
      return [{ ...serviceOf(key), bitsPerSecond }];
    });
    if (rates.length > 0) worker.setRates(rates);
  }
}

const keyOf = ({ role, serviceId }: Pick<PegasusService, "serviceId" | "role">): string => `${role} ${serviceId}`;

function serviceOf(key: string): Pick<PegasusService, "serviceId" | "role"> {
  const [role, serviceId = ""] = key.split(" ");
  return { serviceId, role: role === "exit" ? "exit" : "entry" };
}
