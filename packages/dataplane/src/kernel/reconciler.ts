import { asksDhcp } from "../macvlan/interface.ts";
import type { NetworkPlan } from "../plan.ts";
import type { StateDir } from "../state-dir.ts";
import { TunnelKeeper } from "../tempest/tunnel-keeper.ts";
import type { TunnelKey } from "../tempest/tunnel-key.ts";
import type { Wireguard, WireguardPeerStatus } from "../tempest/wireguard.ts";
import { type Allocations, allocate, allocationsSchema, NO_ALLOCATIONS } from "./allocation.ts";
import type { Change } from "./change.ts";
import type { ChangeWatch } from "./change-watch.ts";
import { type Changes, changesBetween } from "./changes.ts";
import type { ClassUse } from "./class-use.ts";
import type { DesiredKernel, DesiredLimit } from "./desired.ts";
import { desiredFromPlan } from "./desired-from-plan.ts";
import type { HostLink } from "./host.ts";
import type { HostConfig, HostFacts } from "./host-facts.ts";
import { classChange } from "./limits.ts";
import type { Merging } from "./merging.ts";
import { type Counts, tableParts } from "./nft.ts";
import type { NftGeneration } from "./nft-generation.ts";
import { type ObservedKernel, observeKernel, readDefaultLink } from "./observed.ts";
import type { Runner } from "./runner.ts";
import { applySysctls, type SysctlFailure, type SysctlJournal, type Sysctls, sysctlJournalSchema } from "./sysctl.ts";
import { readBaseSysctls } from "./sysctl-base.ts";
import { TableKeeper } from "./table-keeper.ts";

export interface ReconcilerOptions {
  readonly runner: Runner;
  readonly generation: NftGeneration;
  readonly changeWatch: ChangeWatch;
  readonly classUse: ClassUse;
  readonly sysctls: Sysctls;
  readonly merging: Merging;
  readonly state: StateDir;
  readonly config: HostConfig;
  /** Undefined when the host has no WireGuard. */
  readonly wireguard: Wireguard | undefined;
  /** The key that the tunnel is to have now. */
  readonly tunnelKey: () => TunnelKey;
  /** What DHCP gave the services' interfaces, by service id. */
  readonly leasedCidrs: () => ReadonlyMap<string, string>;
  /** Each line or transaction that was run, for the log. */
  readonly onCommand: (kind: string, text: string, error: string | undefined) => void;
}

/** What the kernel was seen to hold, against what it must hold. */
export interface KernelReport {
  readonly desired: DesiredKernel;
  readonly observed: ObservedKernel;
  /** The table is the one that was written, unchanged since. */
  readonly isTableCurrent: boolean;
  readonly counts: Counts;
  /** Packets that a service's limit kept out of the tunnel here, by service id. */
  readonly limitDrops: ReadonlyMap<string, number>;
  /** What is still missing, with the tool's own words where it said any. */
  readonly pending: readonly (Change & { readonly error?: string })[];
  readonly sysctlFailures: readonly SysctlFailure[];
  readonly tunnelError: string | undefined;
  /** By the public key that the plan names. */
  readonly tunnelPeers: ReadonlyMap<string, WireguardPeerStatus>;
}

/** Makes the kernel match a plan and says what it sees. Not reentrant: its caller runs one at a time. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  #allocations: Allocations | undefined;
  /** The plan that the numbers are for. */
  #numberedPlan: NetworkPlan | undefined;
  #journal: SysctlJournal | undefined;
  readonly #table: TableKeeper;
  #desired: DesiredKernel | undefined;
  /** As it was read last. */
  #observed: ObservedKernel | undefined;
  #sysctlFailures: readonly SysctlFailure[] = [];
  readonly #tunnel: TunnelKeeper;
  readonly #errorsByLine = new Map<string, string>();
  /** By link and class: the plan's rate, and what it was given of it. */
  readonly #classRates = new Map<string, { readonly whole: number; readonly now: number }>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#table = new TableKeeper(options);
    this.#tunnel = new TunnelKeeper(options);
  }

  /** The numbers that the plan's ids have here, stored before they are used. */
  async numbersFor(plan: NetworkPlan): Promise<Allocations> {
    const { state } = this.#options;
    this.#allocations ??= (await state.read("numbers.json", allocationsSchema)) ?? NO_ALLOCATIONS;
    if (plan === this.#numberedPlan) return this.#allocations;
    const next = allocate(this.#allocations, plan);
    if (next !== this.#allocations) await state.write("numbers.json", next);
    this.#allocations = next;
    this.#numberedPlan = plan;
    return next;
  }

  /**
   * `prepare` goes on while the kernel is read, and is done before it is written; where it fails, nothing is. The
   * report's counts are those that were read last.
   */
  async apply(
    plan: NetworkPlan,
    prepare: (numbers: Promise<Allocations>) => Promise<void> = async () => {},
  ): Promise<KernelReport> {
    const { runner, wireguard, config } = this.#options;
    this.#errorsByLine.clear();
    const numbered = this.numbersFor(plan);
    const prepared = prepare(numbered);
    // Its failure is told below, where it is waited for.
    prepared.catch(() => {});
    const allocations = await numbered;
    this.#journal ??= (await this.#options.state.read("sysctls.json", sysctlJournalSchema)) ?? {};
    const found = await this.#observe();
    const facts: HostFacts = {
      links: found.links,
      allocations,
      tunnelBackend: wireguard?.backend ?? "none",
      leasedCidrs: this.#options.leasedCidrs(),
      defaultLink: plan.services.some(asksDhcp) ? await readDefaultLink(runner) : undefined,
      baseSysctl: await readBaseSysctls(this.#options.sysctls, this.#journal, found.links),
    };
    const wanted = desiredFromPlan(plan, facts, config);
    const parts = tableParts(wanted.ruleset);
    await prepared;
    this.#desired = wanted;
    const desired = this.#withClassRates(wanted);
    // A tunnel takes its time to start, and nothing of what refuses needs it.
    const raised = this.#tunnel.raise(desired.tunnel);
    const first = changesBetween(desired, found);
    await this.#runBatch([...first.linkRemovals, ...first.foundations]);
    // What is switched on no longer goes off while the table still guards it, and on only once the table does.
    const held = new Set(Object.keys(this.#journal));
    await this.#setSysctls(desired.sysctls.filter(({ path }) => held.has(path)));
    if (plan.services.length === 0) await this.#table.remove();
    else await this.#table.write(desired.ruleset, parts);
    await raised;
    const isTunnelNew =
      desired.tunnel !== undefined &&
      this.#tunnel.error === undefined &&
      !found.links.some(({ name }) => name === config.tunnelInterface);
    const changes = isTunnelNew
      ? changesBetween(desired, { ...found, links: [...found.links, bareTunnel(config.tunnelInterface)] })
      : first;
    await this.#runBatch(changes.additions);
    for (const { kind, name } of desired.links)
      if (kind === "vxlan") this.#options.merging.enable(name, config.tunnelInterface);
    await this.#runTc(changes.limits);
    await this.#setSysctls(desired.sysctls);
    await this.#runBatch(changes.removals);
    const isTunnelGone = await this.#tunnel.lower(desired.tunnel);
    const isUnchanged = !isTunnelGone && [first, changes].every(isNothing);
    // The kernel does not tell of all that we write: an alias, a neighbour.
    if (!isUnchanged) this.distrust();
    return this.#reportOf(desired, isUnchanged ? found : await this.#observe(), false);
  }

  /** Reads the kernel back; changes nothing. */
  async report(): Promise<KernelReport> {
    if (this.#desired === undefined) throw new Error("no plan was applied yet");
    return this.#reportOf(this.#withClassRates(this.#desired), await this.#observe(), true);
  }

  /** Whatever was read before is read anew, also what the kernel says nothing about when it changes. */
  distrust(): void {
    this.#observed = undefined;
  }

  /** The kernel is asked first: what changes while it is read is read the next time. */
  async #observe(): Promise<ObservedKernel> {
    if (!this.#options.changeWatch.hasChanged() && this.#observed !== undefined) return this.#observed;
    this.#observed = undefined;
    const observed = await observeKernel(this.#options.runner);
    this.#observed = observed;
    return observed;
  }

  async #reportOf(desired: DesiredKernel, observed: ObservedKernel, isCountFresh: boolean): Promise<KernelReport> {
    const { foundations, additions, limits } = changesBetween(desired, observed);
    return {
      desired,
      observed,
      isTableCurrent: await this.#table.isCurrent(),
      counts: await this.#table.counts(isCountFresh),
      limitDrops: this.#limitDrops(desired.limits),
      pending: [...foundations, ...additions, ...limits].map((change) => {
        const error = this.#errorsByLine.get(change.line);
        return error === undefined ? change : { ...change, error };
      }),
      sysctlFailures: this.#sysctlFailures,
      tunnelError: this.#tunnel.error,
      tunnelPeers: await this.#tunnel.status(),
    };
  }

  #limitDrops(limits: readonly DesiredLimit[]): ReadonlyMap<string, number> {
    const links = new Set(limits.map(({ link }) => link));
    const classesByLink = new Map([...links].map((link) => [link, this.#options.classUse.read(link)]));
    return new Map(
      limits.map(({ link, serviceIndex, owner }) => [owner, classesByLink.get(link)?.get(serviceIndex)?.drops ?? 0]),
    );
  }

  /** Gives one limit's class another rate than the plan's whole, until the plan changes it. */
  async setClassRate(limit: DesiredLimit, bitsPerSecond: number): Promise<void> {
    if (this.#desired === undefined || !this.#desired.limits.some((held) => keyOf(held) === keyOf(limit))) return;
    this.#classRates.set(keyOf(limit), { whole: limit.bitsPerSecond, now: bitsPerSecond });
    await this.#runTc([classChange({ ...limit, bitsPerSecond })]);
  }

  /** A class keeps the rate that it was given as long as the plan's own stays the same. */
  #withClassRates(desired: DesiredKernel): DesiredKernel {
    const limits = desired.limits.map((limit) => {
      const rate = this.#classRates.get(keyOf(limit));
      return rate?.whole === limit.bitsPerSecond ? { ...limit, bitsPerSecond: rate.now } : limit;
    });
    return { ...desired, limits };
  }

  /** Takes the tunnel's process away and leaves everything that refuses in place. */
  async stopTunnel(): Promise<void> {
    await this.#tunnel.stop();
  }

  /** Some peer of the tunnel is about to change its key: `followTunnel` is to be called several times a second. */
  get isTunnelFollowing(): boolean {
    return this.#tunnel.isFollowing;
  }

  followTunnel(): Promise<void> {
    return this.#tunnel.follow();
  }

  async #runBatch(changes: readonly Change[]): Promise<void> {
    const batches = batchesFrom(changes.map((change) => change.line));
    const run = async (of: typeof batches) => {
      await Promise.all(of.map(({ options, lines }) => this.#runLines(["ip", ...options], lines)));
    };
    // Routes need the links; those of one family do not need the other's.
    await run(batches.filter(({ options }) => options.length === 0));
    await run(batches.filter(({ options }) => options.length > 0));
  }

  async #runTc(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    await this.#runLines(
      ["tc"],
      changes.map((change) => change.line),
    );
  }

  async #runLines(command: readonly string[], lines: readonly string[]): Promise<void> {
    const texts = lines.map((line) => line.replace(FAMILY_FLAG, ""));
    const { stderr } = await this.#options.runner.run([...command, "-force", "-batch", "-"], `${texts.join("\n")}\n`);
    const errors = batchErrors(stderr, lines);
    for (const [line, error] of errors) this.#errorsByLine.set(line, error);
    for (const line of lines) this.#options.onCommand(command[0] ?? "", line, errors.get(line));
  }

  async #setSysctls(wanted: DesiredKernel["sysctls"]): Promise<void> {
    const { sysctls, state } = this.#options;
    let stored = JSON.stringify(this.#journal ?? {});
    const { journal, failures } = await applySysctls(sysctls, wanted, this.#journal ?? {}, async (next) => {
      if (JSON.stringify(next) === stored) return;
      await state.write("sysctls.json", next);
      stored = JSON.stringify(next);
    });
    this.#journal = journal;
    this.#sysctlFailures = failures;
  }
}

/** The tunnel's interface when it has just been made: down, and nothing set. */
const bareTunnel = (name: string): HostLink => ({
  ...{ name, kind: "tun", isUp: false, isLoopback: false, mtu: 0, mac: "", qdisc: "", isOurs: true, alias: "" },
  addresses: [],
});

const isNothing = (changes: Changes): boolean => Object.values(changes).every((lines) => lines.length === 0);

const keyOf = ({ link, serviceIndex }: DesiredLimit): string => `${link} ${serviceIndex}`;

const FAMILY_FLAG = /^-[46] /;

/** A batch is of one family; links and addresses, which name none, come first. */
function batchesFrom(lines: readonly string[]): { options: string[]; lines: string[] }[] {
  const familyOf = (line: string): string => FAMILY_FLAG.exec(line)?.[0].trim() ?? "";
  return ["", "-4", "-6"].flatMap((family) => {
    const own = lines.filter((line) => familyOf(line) === family);
    return own.length === 0 ? [] : [{ options: family === "" ? [] : [family], lines: own }];
  });
}

/** `ip -force -batch` says what went wrong, then `Command failed -:LINE`. */
export function batchErrors(stderr: string, lines: readonly string[]): Map<string, string> {
  const errors = new Map<string, string>();
  let said: string[] = [];
  for (const text of stderr.split("\n")) {
    const failed = /^Command failed -:(\d+)/.exec(text);
    if (failed === null) {
      if (text.trim() !== "") said.push(text.trim());
      continue;
    }
    const line = lines[Number(failed[1]) - 1];
    if (line !== undefined) errors.set(line, said.join("; ") || "failed");
    said = [];
  }
  return errors;
}
