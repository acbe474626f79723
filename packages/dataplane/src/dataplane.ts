import { join } from "node:path";
import type { Finding } from "./conflicts/findings.ts";
import { lookForConflicts } from "./conflicts/look.ts";
import { jsonWithServices } from "./json-text.ts";
import type { Allocations } from "./kernel/allocation.ts";
import type { ChangeWatch } from "./kernel/change-watch.ts";
import type { ClassUse } from "./kernel/class-use.ts";
import type { DesiredLimit } from "./kernel/desired.ts";
import type { HostConfig } from "./kernel/host-facts.ts";
import type { Merging } from "./kernel/merging.ts";
import type { NftGeneration } from "./kernel/nft-generation.ts";
import { type KernelReport, Reconciler } from "./kernel/reconciler.ts";
import type { Runner } from "./kernel/runner.ts";
import type { Sysctls } from "./kernel/sysctl.ts";
import { commandLogger, type Log } from "./log.ts";
import { asksDhcp } from "./macvlan/interface.ts";
import { Leases } from "./macvlan/leases.ts";
import { observationFrom } from "./observation.ts";
import type { Pegasus, StartPegasus } from "./pegasus/pegasus.ts";
import { pegasusPlanFrom } from "./pegasus-plan.ts";
import { type DataplaneIdentity, type NetworkPlan, networkPlanSchema, type Observation } from "./plan.ts";
import { type SharedLimit, SharedLimits } from "./qos/shared-limits.ts";
import { emptyPlan, PLACEHOLDER_PEER, PLAN_FILE } from "./removal.ts";
import type { PegasusReport } from "./service-state.ts";
import type { StateDir } from "./state-dir.ts";
import { hasKernelWireguard, kernelWireguard } from "./tempest/kernel-wireguard.ts";
import { KeyRotation } from "./tempest/key-rotation.ts";
import { userspaceWireguard } from "./tempest/userspace-wireguard.ts";
import type { Wireguard } from "./tempest/wireguard.ts";

export interface DataplaneOptions {
  readonly version: string;
  readonly state: StateDir;
  readonly runner: Runner;
  readonly generation: NftGeneration;
  readonly changeWatch: ChangeWatch;
  readonly classUse: ClassUse;
  readonly sysctls: Sysctls;
  readonly merging: Merging;
  readonly startPegasus: StartPegasus;
  readonly log: Log;
  readonly host: HostConfig;
  readonly pegasusPort: number;
  readonly workers: number;
  /** How often the kernel is compared with the plan unasked. */
  readonly reconcileEveryMs: number;
  /** After this time without a word from the agent the plan refuses instead of carrying. */
  readonly agentSilenceLimitMs: number;
  /** A tunnel key that is older is followed by a next one; undefined: only when asked. */
  readonly tunnelKeyLifetimeMs: number | undefined;
  /** For so long a next tunnel key is announced before the tunnel takes it. */
  readonly tunnelKeyOverlapMs: number;
}

/** The whole data plane of a host behind four verbs. Applies and observations run one after the other. */
export interface Dataplane {
  readonly identity: DataplaneIdentity;
  /** The plan is already checked. */
  apply(plan: NetworkPlan): Promise<Observation>;
  observe(): Promise<Observation>;
  /** Announces the tunnel's next key, which it takes when the overlap is over. Gives the identity with it. */
  rotateTunnelKey(): Promise<DataplaneIdentity>;
  /** A sign of life of the agent. */
  heard(): void;
  /** With `remove` nothing of ours is left in the kernel; without, what refuses stays. */
  stop(remove: boolean): Promise<void>;
}

const DRAIN_MS = 3_000;
const LOOK_EVERY_MS = 15_000;
const FOLLOW_EVERY_MS = 200;
const NOT_STARTED = "the data plane has not started yet";

/** Puts the stored plan's refusing part in place, then starts Pegasus, then carries. */
export async function startDataplane(options: DataplaneOptions): Promise<Dataplane> {
  const dataplane = new RunningDataplane(options);
  await dataplane.start();
  return dataplane;
}

/** Limits that TCP and the tunnel share, each with the plan's whole rate. */
function sharedLimits(plan: NetworkPlan, limits: readonly DesiredLimit[]): SharedLimit[] {
  const servicesById = new Map(plan.services.map((service) => [service.service_id, service]));
  return limits.flatMap((limit): SharedLimit[] => {
    const service = servicesById.get(limit.owner);
    if (service === undefined) return [];
    return [{ ...limit, bitsPerSecond: service.bandwidth_limit_mbps * 1_000_000, role: service.role }];
  });
}

class RunningDataplane implements Dataplane {
  readonly #options: DataplaneOptions;
  #identity: DataplaneIdentity | undefined;
  #rotation: KeyRotation | undefined;
  #followTimer: NodeJS.Timeout | undefined;
  #reconciler: Reconciler | undefined;
  #pegasus: Pegasus | undefined;
  #pegasusError: string | undefined;
  readonly #limits: SharedLimits;
  readonly #leases: Leases;
  #conflicts: readonly Finding[] = [];
  #looked: { readonly at: number; readonly nft: number | undefined } | undefined;
  #plan: NetworkPlan = emptyPlan(PLACEHOLDER_PEER);
  /** The plan that is on disk. */
  #storedPlan: NetworkPlan | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #heardAt = performance.now();
  #isSilenced = false;
  #isStopping = false;

  constructor(options: DataplaneOptions) {
    this.#options = options;
    this.#leases = new Leases({
      state: options.state,
      log: options.log,
      onChange: () => void this.#enqueue(() => this.#makeCurrent(this.#plan)).catch(() => {}),
    });
    this.#limits = new SharedLimits({
      classUse: options.classUse,
      takeTcpUse: () => this.#pegasus?.takeUse() ?? [],
      setTcpRate: (service, bitsPerSecond) => this.#pegasus?.setRate(service, bitsPerSecond),
      setTunnelRate: (limit, bitsPerSecond) =>
        this.#enqueue(() => this.#running().setClassRate(limit, bitsPerSecond)).catch(() => {}),
      nowMs: () => performance.now(),
    });
  }

  get identity(): DataplaneIdentity {
    if (this.#identity === undefined || this.#rotation === undefined) throw new Error(NOT_STARTED);
    return { ...this.#identity, tunnel: { ...this.#identity.tunnel, public_key: this.#rotation.announced } };
  }

  async start(): Promise<void> {
    const { state, runner, host, log, startPegasus, pegasusPort, workers, version } = this.#options;
    const rotation = await this.#openRotation();
    this.#rotation = rotation;
    const wireguard = await this.#chooseWireguard();
    this.#reconciler = new Reconciler({
      runner,
      generation: this.#options.generation,
      changeWatch: this.#options.changeWatch,
      classUse: this.#options.classUse,
      sysctls: this.#options.sysctls,
      merging: this.#options.merging,
      state,
      config: host,
      wireguard,
      tunnelKey: () => rotation.current,
      leasedCidrs: () => this.#leases.cidrs,
      onCommand: commandLogger(log),
    });
    const stored = await state.read(PLAN_FILE, networkPlanSchema);
    if (stored !== undefined) this.#plan = stored;
    await this.#leases.load();
    this.#setLeases(await this.#reconciler.apply(this.#plan));
    log.info({ services: this.#plan.services.length, tunnel_backend: wireguard?.backend ?? "none" }, "kernel_ready");
    this.#pegasus = await startPegasus({
      stateDir: join(state.path, "pegasus"),
      linkPort: pegasusPort,
      capturePort: host.capturePort,
      workers,
      log,
    });
    await this.#applyPegasus(this.#plan, await this.#reconciler.numbersFor(this.#plan));
    this.#identity = {
      version,
      pegasus: { port: pegasusPort, tls_fingerprint: this.#pegasus.tlsFingerprint },
      tunnel: { public_key: rotation.announced, port: host.tunnelPort },
      tunnel_backend: wireguard?.backend ?? "none",
      relay_engine: this.#pegasus.relayEngine,
    };
    this.#timer = setInterval(() => void this.#tick(), this.#options.reconcileEveryMs);
    this.#followTunnel();
  }

  apply(plan: NetworkPlan): Promise<Observation> {
    this.heard();
    return this.#enqueue(async () => {
      this.#isSilenced = false;
      return this.#makeCurrent(plan, () => this.#store(plan));
    });
  }

  observe(): Promise<Observation> {
    return this.#enqueue(() => this.#observe());
  }

  async rotateTunnelKey(): Promise<DataplaneIdentity> {
    await this.#rotation?.begin();
    return this.identity;
  }

  heard(): void {
    this.#heardAt = performance.now();
  }

  async stop(remove: boolean): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#timer);
    clearTimeout(this.#followTimer);
    this.#rotation?.stop();
    this.#limits.stop();
    this.#leases.stop();
    await this.#queue.catch(() => {});
    await this.#pegasus?.stop(DRAIN_MS);
    if (remove) await this.#reconciler?.apply(emptyPlan(this.#plan.peer_id));
    else await this.#reconciler?.stopTunnel();
  }

  /** `store` is done before the kernel is told of the plan, and where it fails, the plan before stays. */
  async #makeCurrent(plan: NetworkPlan, store: () => Promise<void> = async () => {}): Promise<Observation> {
    const report = await this.#running().apply(plan, async (numbered) => {
      // Pegasus listens before flows are led to it; until then the kernel refuses them.
      const listening = numbered.then((numbers) => this.#applyPegasus(plan, numbers));
      const failed = (await Promise.allSettled([store(), listening])).find(({ status }) => status === "rejected");
      if (failed?.status === "rejected") await this.#takeBack(failed.reason);
      this.#plan = plan;
    });
    this.#limits.setLimits(sharedLimits(plan, report.desired.limits));
    this.#setLeases(report);
    this.#followTunnel();
    const observation = await this.#observationOf(report);
    this.#options.log.info(
      {
        services: plan.services.length,
        peers: plan.peers.length,
        active: observation.services.filter((service) => service.state === "active").length,
      },
      "plan_applied",
    );
    return observation;
  }

  /** Pegasus has a plan, or part of one, that could not be stored. */
  async #takeBack(error: unknown): Promise<never> {
    await this.#applyPegasus(this.#plan, await this.#running().numbersFor(this.#plan));
    throw error;
  }

  async #observe(): Promise<Observation> {
    const report = await this.#running().report();
    await this.#look(report);
    return this.#observationOf(report);
  }

  /** Others' rules and settings change seldom, and reading them takes several programs. */
  async #look({ desired, observed }: KernelReport): Promise<void> {
    const { runner, sysctls, host, pegasusPort, generation, log } = this.#options;
    const [now, nft] = [performance.now(), generation.read()];
    if (this.#looked !== undefined && this.#looked.nft === nft && now - this.#looked.at < LOOK_EVERY_MS) return;
    this.#looked = { at: now, nft };
    const options = { runner, sysctls, config: host, pegasusPort };
    const conflicts = await lookForConflicts(options, { plan: this.#plan, desired, links: observed.links });
    const known = new Set(this.#conflicts.map(({ text }) => text));
    for (const { part, text } of conflicts)
      if (!known.has(text)) log.warn({ stops: part, reason: text }, "conflict_found");
    this.#conflicts = conflicts;
  }

  async #observationOf(kernel: KernelReport): Promise<Observation> {
    return observationFrom(this.#plan, kernel, await this.#pegasusReport(), Date.now(), this.#conflicts);
  }

  /** A plan whose text has not changed comes as the same object. */
  async #store(plan: NetworkPlan): Promise<void> {
    if (plan === this.#storedPlan) return;
    await this.#options.state.write(PLAN_FILE, plan, jsonWithServices(plan));
    this.#storedPlan = plan;
  }

  /** Interfaces that are there and up ask DHCP, where no address is wished for them. */
  #setLeases({ desired, observed }: KernelReport): void {
    const asking = new Set(this.#plan.services.filter(asksDhcp).map((service) => service.service_id));
    const up = new Set(observed.links.filter((link) => link.isUp).map((link) => link.name));
    this.#leases.setLinks(
      desired.links.flatMap((link) =>
        link.kind === "macvlan" && asking.has(link.owner) && up.has(link.name)
          ? [{ serviceId: link.owner, link: link.name, mac: link.mac }]
          : [],
      ),
    );
  }

  async #applyPegasus(plan: NetworkPlan, numbers: Allocations): Promise<void> {
    try {
      await this.#pegasus?.apply(pegasusPlanFrom(plan, numbers, this.#options));
      this.#pegasusError = undefined;
    } catch (error) {
      this.#pegasusError = `Pegasus did not take the plan: ${messageOf(error)}`;
      this.#options.log.error({ reason: messageOf(error) }, "pegasus_apply_failed");
    }
  }

  async #pegasusReport(): Promise<PegasusReport> {
    if (this.#pegasusError !== undefined) return { type: "failed", reason: this.#pegasusError };
    if (this.#pegasus === undefined) return { type: "failed", reason: "Pegasus is not running" };
    try {
      return { type: "running", counters: await this.#pegasus.counters() };
    } catch (error) {
      return { type: "failed", reason: `Pegasus does not answer: ${messageOf(error)}` };
    }
  }

  /** Repairs what was changed behind our back, and stops carrying for an agent that has fallen silent. */
  async #tick(): Promise<void> {
    const silentMs = performance.now() - this.#heardAt;
    const { log, agentSilenceLimitMs } = this.#options;
    const isSilent = silentMs > agentSilenceLimitMs;
    try {
      if (isSilent && !this.#isSilenced) log.warn({ silent_hours: Math.round(silentMs / 3_600_000) }, "agent_silent");
      if (isSilent !== this.#isSilenced) await this.#enqueue(() => this.#silence(isSilent));
      else await this.#enqueue(() => this.#repair());
      await this.#rotation?.beginIfOld(Date.now());
      this.#followTunnel();
    } catch (error) {
      log.error({ reason: messageOf(error) }, "reconcile_failed");
    }
  }

  #repair(): Promise<KernelReport> {
    const reconciler = this.#running();
    reconciler.distrust();
    return reconciler.apply(this.#plan);
  }

  async #silence(isSilent: boolean): Promise<void> {
    const stored = await this.#options.state.read(PLAN_FILE, networkPlanSchema);
    if (stored === undefined) return;
    const refuse = "the agent of this host has not been heard of for too long: start arctic-agent";
    const services = stored.services.map((service) => ({ ...service, refuse: service.refuse ?? refuse }));
    await this.#makeCurrent(isSilent ? { ...stored, services } : stored);
    this.#isSilenced = isSilent;
  }

  #openRotation(): Promise<KeyRotation> {
    const { state, log, tunnelKeyOverlapMs, tunnelKeyLifetimeMs } = this.#options;
    return KeyRotation.open({
      folder: state.path,
      overlapMs: tunnelKeyOverlapMs,
      lifetimeMs: tunnelKeyLifetimeMs,
      onTaken: () => {
        log.info({ public_key: this.#rotation?.announced }, "tunnel_key_taken");
        void this.#tick();
      },
      onFailed: (error) => log.error({ reason: messageOf(error) }, "tunnel_key_failed"),
    });
  }

  /** While a peer has two keys, looks several times a second which of them it speaks with. */
  #followTunnel(): void {
    clearTimeout(this.#followTimer);
    if (this.#isStopping || this.#reconciler?.isTunnelFollowing !== true) return;
    this.#followTimer = setTimeout(() => {
      this.#enqueue(() => this.#running().followTunnel())
        .catch((error: unknown) => this.#options.log.error({ reason: messageOf(error) }, "tunnel_key_failed"))
        .finally(() => this.#followTunnel());
    }, FOLLOW_EVERY_MS);
  }

  async #chooseWireguard(): Promise<Wireguard | undefined> {
    const { runner, host, state, log } = this.#options;
    const name = host.tunnelInterface;
    if (await hasKernelWireguard(runner)) {
      return kernelWireguard({ name, runner, configPath: join(state.path, "wireguard.conf") });
    }
    if ((await runner.run(["wireguard-go", "--version"])).code !== 0) return undefined;
    const onLost = (reason: string): void => {
      log.error({ reason }, "tunnel_process_lost");
      if (!this.#isStopping) void this.#tick();
    };
    return userspaceWireguard({ name, runner, onLost });
  }

  #running(): Reconciler {
    if (this.#reconciler === undefined) throw new Error(NOT_STARTED);
    return this.#reconciler;
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work, work);
    this.#queue = result.catch(() => {});
    return result;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
