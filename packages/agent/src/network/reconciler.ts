import type { DataplaneIdentity, NetworkPlan, Observation, ServiceObservation } from "@arctic/dataplane";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";

/** The data plane as the agent uses it; `connectDataplane` answers with one. */
export interface DataplaneLink {
  identity(): Promise<DataplaneIdentity>;
  apply(plan: NetworkPlan): Promise<Observation>;
  observe(): Promise<Observation>;
  watch(listener: () => void): Promise<void>;
  onClose(listener: () => void): void;
  close(): void;
}

export interface ReconcilerOptions {
  readonly connect: () => Promise<DataplaneLink>;
  readonly plan: () => NetworkPlan;
  readonly clock: Clock;
  readonly log: Log;
  /** Told when a connection brought the data plane's public halves, and when they are others than before. */
  readonly onIdentity: (identity: DataplaneIdentity) => void;
  /** Told when what is known of the services may have changed. */
  readonly onObserved: () => void;
}

export type DataplaneStatus =
  | { readonly type: "connected"; readonly identity: DataplaneIdentity; readonly refusal: string | undefined }
  | { readonly type: "absent"; readonly reason: string };

const BACKOFF_MS = { first: 500, last: 15_000 } as const;
const DEBOUNCE_MS = 50;
const OBSERVE_EVERY_MS = 2_000;
/** An unchanged plan is handed over again after this long, so that a data plane that lost something gets it back. */
const REAPPLY_EVERY_MS = 60_000;

/** Keeps the data plane at the plan: on every change, on every new connection, and once a minute. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  #link: DataplaneLink | undefined;
  #status: DataplaneStatus = { type: "absent", reason: "the agent has not reached arctic-dataplane yet" };
  #observationById = new Map<string, ServiceObservation>();
  #flowsAtMost: number | undefined;
  #appliedText: string | undefined;
  #appliedAtMs = 0;
  #isWorking = false;
  #failures = 0;
  #isStopped = false;
  #cancelConnect: (() => void) | undefined;
  #cancelApply: (() => void) | undefined;
  #cancelObserve: (() => void) | undefined;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  get status(): DataplaneStatus {
    return this.#status;
  }

  /** TCP flows that this host's descriptors suffice for; undefined while the data plane has not said. */
  get flowsAtMost(): number | undefined {
    return this.#flowsAtMost;
  }

  /** What the data plane last said of a service. */
  observationOf(serviceId: string): ServiceObservation | undefined {
    return this.#observationById.get(serviceId);
  }

  start(): void {
    this.#cancelObserve = this.#options.clock.every(OBSERVE_EVERY_MS, () => void this.#work());
    void this.#connect();
  }

  /** The registry changed: the plan follows within a moment, once for many changes. */
  changed(): void {
    if (this.#isStopped) return;
    this.#cancelApply ??= this.#options.clock.after(DEBOUNCE_MS, () => {
      this.#cancelApply = undefined;
      void this.#work();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelConnect?.();
    this.#cancelApply?.();
    this.#cancelObserve?.();
    this.#link?.close();
  }

  async #connect(): Promise<void> {
    try {
      const link = await this.#options.connect();
      if (this.#isStopped) {
        link.close();
        return;
      }
      link.onClose(() => this.#lost(link, "the control socket was closed"));
      // A data plane from before there were events refuses; then it is asked now and then, as any other.
      await link.watch(() => void this.#work()).catch(() => undefined);
      const identity = await link.identity();
      this.#link = link;
      this.#failures = 0;
      this.#appliedText = undefined;
      this.#status = { type: "connected", identity, refusal: undefined };
      this.#options.log.info("dataplane.connected", {
        version: identity.version,
        tunnel_backend: identity.tunnel_backend,
        relay_engine: identity.relay_engine,
      });
      this.#options.onIdentity(identity);
      await this.#work();
    } catch (error) {
      this.#retry(messageOf(error));
    }
  }

  #lost(link: DataplaneLink, reason: string): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#observationById.clear();
    this.#flowsAtMost = undefined;
    this.#options.log.warn("dataplane.lost", { reason });
    this.#retry(reason);
  }

  #retry(reason: string): void {
    if (this.#isStopped) return;
    if (this.#failures === 0) this.#options.log.warn("dataplane.absent", { reason });
    this.#failures += 1;
    this.#status = { type: "absent", reason };
    this.#options.onObserved();
    const delayMs = Math.min(BACKOFF_MS.first * 2 ** (this.#failures - 1), BACKOFF_MS.last);
    this.#cancelConnect?.();
    this.#cancelConnect = this.#options.clock.after(delayMs, () => void this.#connect());
  }

  /** Applies where the plan is another than the one that was applied, else observes. One at a time. */
  async #work(): Promise<void> {
    const link = this.#link;
    if (link === undefined || this.#isWorking) return;
    this.#isWorking = true;
    try {
      for (let rounds = 0; rounds < 2; rounds += 1) {
        const plan = this.#options.plan();
        const text = JSON.stringify(plan);
        const nowMs = this.#options.clock.elapsedMs();
        const isCurrent = text === this.#appliedText && nowMs - this.#appliedAtMs < REAPPLY_EVERY_MS;
        if (isCurrent && rounds > 0) break;
        this.#take(isCurrent ? await link.observe() : await this.#apply(link, plan, text, nowMs));
        if (!isCurrent) continue;
        this.#takeIdentity(link, await link.identity());
        break;
      }
    } catch (error) {
      this.#refused(link, messageOf(error));
    } finally {
      this.#isWorking = false;
    }
  }

  async #apply(link: DataplaneLink, plan: NetworkPlan, text: string, nowMs: number): Promise<Observation> {
    const isNew = text !== this.#appliedText;
    const observation = await link.apply(plan);
    this.#appliedText = text;
    this.#appliedAtMs = nowMs;
    if (isNew)
      this.#options.log.info("dataplane.plan_applied", { services: plan.services.length, peers: plan.peers.length });
    return observation;
  }

  #take(observation: Observation): void {
    this.#observationById = new Map(observation.services.map((service) => [service.service_id, service]));
    this.#flowsAtMost = observation.flows_at_most;
    if (this.#status.type === "connected") this.#status = { ...this.#status, refusal: undefined };
    this.#options.onObserved();
  }

  /** The data plane changes its keys in its own time; what it announces goes into this peer's record. */
  #takeIdentity(link: DataplaneLink, identity: DataplaneIdentity): void {
    const status = this.#status;
    if (this.#link !== link || status.type !== "connected") return;
    if (JSON.stringify(status.identity) === JSON.stringify(identity)) return;
    this.#status = { ...status, identity };
    this.#options.onIdentity(identity);
  }

  /** The connection may still stand: the data plane did not take this plan, and says why. */
  #refused(link: DataplaneLink, reason: string): void {
    if (this.#link !== link || this.#status.type !== "connected") return;
    if (this.#status.refusal !== reason) this.#options.log.error("dataplane.refused", { reason });
    this.#status = { ...this.#status, refusal: reason };
    this.#options.onObserved();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
