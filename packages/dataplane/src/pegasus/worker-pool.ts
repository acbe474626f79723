import { LimitSharing } from "./limit-sharing.ts";
import type {
  LimitedUse,
  PegasusCounters,
  PegasusLog,
  PegasusPlan,
  PegasusService,
  PegasusServiceCounters,
} from "./pegasus.ts";
import { NO_TALLY, type Tally, tallyAfterDeath, totalOf } from "./tally.ts";
import { rightsToTry, type WorkerRights, workerCommand } from "./worker-command.ts";
import { type StartMessage, WorkerProcess } from "./worker-process.ts";

/** The workers of one Pegasus: kept running, all on the same plan, counted together. */

export interface WorkerPoolOptions {
  readonly workers: number;
  readonly workerPath: string;
  readonly log: PegasusLog;
  /** What each is told at its start, but for the plan. */
  readonly settings: Omit<StartMessage, "type" | "plan">;
}

interface Place {
  worker: WorkerProcess | undefined;
  tally: Tally;
  /** Deaths since the last worker that lived for a while. */
  deaths: number;
  /** Set while a new worker is due here. */
  restart: NodeJS.Timeout | undefined;
}

const COUNT_EVERY_MS = 1000;
const FIRST_RESTART_MS = 100;
const LONGEST_RESTART_MS = 5000;
const STEADY_MS = 10_000;
const STOP_GRACE_MS = 2000;
const NO_PLAN: PegasusPlan = { peers: [], services: [], clusterPorts: [] };

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #places: readonly Place[];
  readonly #rights: WorkerRights;
  readonly #limits = new LimitSharing(() => this.#running());
  /** The same object for the same service, so that workers are told of what changed alone. */
  readonly #shareByService = new WeakMap<PegasusService, PegasusService>();
  #plan = NO_PLAN;
  #countTimer: NodeJS.Timeout | undefined;
  #state: "running" | "stopping" = "running";

  private constructor(options: WorkerPoolOptions, rights: WorkerRights) {
    this.#options = options;
    this.#rights = rights;
    this.#places = Array.from({ length: options.workers }, () => ({
      worker: undefined,
      tally: NO_TALLY,
      deaths: 0,
      restart: undefined,
    }));
  }

  /** Resolves when all workers listen. @throws Error that says why they cannot. */
  static async start(options: WorkerPoolOptions): Promise<WorkerPool> {
    const { rights, worker } = await firstWorker(options);
    const pool = new WorkerPool(options, rights);
    try {
      await Promise.all(
        pool.#places.map((place, at) => (at === 0 ? pool.#employ(place, worker) : pool.#startWorker(place))),
      );
    } catch (error) {
      await pool.stop(0);
      throw error;
    }
    pool.#countTimer = setInterval(() => void pool.#count(), COUNT_EVERY_MS).unref();
    return pool;
  }

  get engine(): string {
    return this.#places.find(({ worker }) => worker !== undefined)?.worker?.engine ?? "";
  }

  get rights(): WorkerRights {
    return this.#rights;
  }

  /** Resolves when every worker that runs has the plan; one that starts later starts with it. */
  async apply(plan: PegasusPlan): Promise<void> {
    this.#plan = plan;
    await Promise.all(this.#running().map((worker) => this.#applyTo(worker)));
    this.#limits.setPlan(plan.services);
  }

  takeUse(): LimitedUse[] {
    return this.#limits.takeUse();
  }

  setRate(service: Pick<PegasusService, "serviceId" | "role">, bitsPerSecond: number): void {
    this.#limits.setRate(service, bitsPerSecond);
  }

  async counters(): Promise<PegasusCounters> {
    await this.#count();
    const total = totalOf(this.#places.map(({ tally }) => tally));
    const countsByKey = new Map(total.services.map((counts) => [keyOf(counts), counts]));
    const services = this.#plan.services.map((service) => countsByKey.get(keyOf(service)) ?? noCountsOf(service));
    return { ...total, services };
  }

  /** Lets open flows end for at most `drainMs`; then all workers are gone. */
  async stop(drainMs: number): Promise<void> {
    this.#state = "stopping";
    clearInterval(this.#countTimer);
    this.#limits.stop();
    for (const { restart } of this.#places) clearTimeout(restart);
    await Promise.all(
      this.#places.map(async ({ worker }) => {
        if (worker === undefined) return;
        worker.stop(drainMs);
        const timer = setTimeout(() => worker.kill(), drainMs + STOP_GRACE_MS);
        await worker.exited;
        clearTimeout(timer);
      }),
    );
  }

  #running(): WorkerProcess[] {
    return this.#places.flatMap(({ worker }) => (worker === undefined ? [] : [worker]));
  }

  async #applyTo(worker: WorkerProcess): Promise<void> {
    try {
      await worker.apply(this.#share());
    } catch (error) {
      // A worker that cannot follow the plan is replaced by one that starts with it.
      this.#options.log.error({ pid: worker.pid, reason: messageOf(error) }, "pegasus_plan_not_applied");
      worker.kill();
      throw error;
    }
  }

  async #startWorker(place: Place): Promise<void> {
    const { workerPath } = this.#options;
    const worker = await WorkerProcess.start(workerCommand(this.#rights, process.execPath, workerPath));
    if (this.#state === "stopping") worker.kill();
    else await this.#employ(place, worker);
  }

  async #employ(place: Place, worker: WorkerProcess): Promise<void> {
    place.worker = worker;
    const startedAt = performance.now();
    void worker.exited.then(({ reason }) => this.#buried(place, reason, performance.now() - startedAt));
    const plan = this.#plan;
    await worker.listen({ type: "start", ...this.#options.settings, plan: this.#share() });
    if (plan !== this.#plan) await this.#applyTo(worker);
  }

  #buried(place: Place, reason: string, livedMs: number): void {
    place.worker = undefined;
    place.tally = tallyAfterDeath(place.tally);
    if (this.#state === "stopping") return;
    place.deaths = livedMs > STEADY_MS ? 1 : place.deaths + 1;
    this.#options.log.error({ reason, deaths: place.deaths }, "pegasus_worker_died");
    this.#restartLater(place);
  }

  #restartLater(place: Place): void {
    const delayMs = Math.min(LONGEST_RESTART_MS, FIRST_RESTART_MS * 2 ** (place.deaths - 1));
    clearTimeout(place.restart);
    place.restart = setTimeout(() => {
      place.restart = undefined;
      void this.#restart(place);
    }, delayMs);
  }

  async #restart(place: Place): Promise<void> {
    try {
      await this.#startWorker(place);
      this.#options.log.info({ pid: place.worker?.pid }, "pegasus_worker_restarted");
    } catch (error) {
      this.#options.log.error({ reason: messageOf(error) }, "pegasus_worker_not_started");
      // One that ran is buried by its exit; one that never ran has to be tried again here.
      if (place.worker === undefined && place.restart === undefined && this.#state === "running") {
        place.deaths += 1;
        this.#restartLater(place);
      }
    }
  }

  /** The plan as one worker gets it to begin with: limits are split evenly, until it is known who is asked for how much. */
  #share(): PegasusPlan {
    const { workers } = this.#options;
    if (workers === 1) return this.#plan;
    return { ...this.#plan, services: this.#plan.services.map((service) => this.#shareOf(service)) };
  }

  #shareOf(service: PegasusService): PegasusService {
    const held = this.#shareByService.get(service);
    if (held !== undefined) return held;
    const share = { ...service, limitBps: service.limitBps / this.#options.workers };
    this.#shareByService.set(service, share);
    return share;
  }

  async #count(): Promise<void> {
    await Promise.all(
      this.#places.map(async (place) => {
        const { worker } = place;
        const counts = await worker?.count();
        if (counts !== undefined && place.worker === worker) place.tally = { ...place.tally, latest: counts };
      }),
    );
  }
}

/** The first worker, with the fewest rights that it can work with. */
async function firstWorker(options: WorkerPoolOptions): Promise<{ rights: WorkerRights; worker: WorkerProcess }> {
  let lastReason = "";
  for (const rights of rightsToTry(process.getuid?.() ?? 0)) {
    try {
      const worker = await WorkerProcess.start(workerCommand(rights, process.execPath, options.workerPath));
      if (rights !== "own_user") options.log.warn({ rights, reason: lastReason }, "pegasus_worker_has_more_rights");
      return { rights, worker };
    } catch (error) {
      lastReason = messageOf(error);
    }
  }
  throw new Error(`Pegasus cannot start a worker: ${lastReason}. It needs CAP_NET_RAW; run it as root`);
}

type ServiceKey = Pick<PegasusServiceCounters, "serviceId" | "role">;

function keyOf({ serviceId, role }: ServiceKey): string {
  return `${role} ${serviceId}`;
}

/** The same object for the same service, as long as nothing is counted for it. */
const noCountsByService = new WeakMap<PegasusService, PegasusServiceCounters>();

function noCountsOf(service: PegasusService): PegasusServiceCounters {
  const held = noCountsByService.get(service);
  if (held !== undefined) return held;
  const { serviceId, role } = service;
  const none = { flowsOpen: 0, flowsTotal: 0, flowsRefused: 0, bytesIn: 0, bytesOut: 0 };
  const made = { serviceId, role, ...none, connects: {} };
  noCountsByService.set(service, made);
  return made;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
