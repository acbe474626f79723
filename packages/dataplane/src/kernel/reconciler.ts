import type { NetworkPlan } from "../plan.ts";
import type { StateDir } from "../state-dir.ts";
import type { TunnelKey } from "../tempest/tunnel-key.ts";
import type { Wireguard, WireguardPeerStatus } from "../tempest/wireguard.ts";
import { type Allocations, allocate, allocationsSchema, NO_ALLOCATIONS } from "./allocation.ts";
import type { Change } from "./change.ts";
import { changesBetween } from "./changes.ts";
import type { DesiredKernel } from "./desired.ts";
import { desiredFromPlan } from "./desired-from-plan.ts";
import type { HostConfig, HostFacts } from "./host-facts.ts";
import { NFT_REMOVAL, nftTable, nftTransaction } from "./nft.ts";
import { type ObservedKernel, observeKernel, observeTable } from "./observed.ts";
import type { Runner } from "./runner.ts";
import { applySysctls, type SysctlFailure, type SysctlJournal, type Sysctls, sysctlJournalSchema } from "./sysctl.ts";

export interface ReconcilerOptions {
  readonly runner: Runner;
  readonly sysctls: Sysctls;
  readonly state: StateDir;
  readonly config: HostConfig;
  /** Undefined when the host has no WireGuard. */
  readonly wireguard: Wireguard | undefined;
  readonly tunnelKey: TunnelKey;
  /** Each line or transaction that was run, for the log. */
  readonly onCommand: (kind: string, text: string, error: string | undefined) => void;
}

/** What the kernel was seen to hold, against what it must hold. */
export interface KernelReport {
  readonly desired: DesiredKernel;
  readonly observed: ObservedKernel;
  /** The table is the one that was written, unchanged since. */
  readonly isTableCurrent: boolean;
  /** What is still missing, with the tool's own words where it said any. */
  readonly pending: readonly (Change & { readonly error?: string })[];
  readonly sysctlFailures: readonly SysctlFailure[];
  readonly tunnelError: string | undefined;
  readonly tunnelPeers: ReadonlyMap<string, WireguardPeerStatus>;
}

/** Makes the kernel match a plan and says what it sees. Not reentrant: its caller runs one at a time. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  #allocations: Allocations | undefined;
  #journal: SysctlJournal | undefined;
  /** The table as it was written, and what the kernel said it was right after. */
  #written: { readonly text: string; readonly digest: string | undefined } | undefined;
  #desired: DesiredKernel | undefined;
  #sysctlFailures: readonly SysctlFailure[] = [];
  #tunnelError: string | undefined;
  /** Unknown until the first look: a killed predecessor may have left one. */
  #tunnelState: "unknown" | "up" | "down" = "unknown";
  readonly #errorsByLine = new Map<string, string>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** The numbers that the plan's ids have here, stored before they are used. */
  async numbersFor(plan: NetworkPlan): Promise<Allocations> {
    const { state } = this.#options;
    this.#allocations ??= (await state.read("numbers.json", allocationsSchema)) ?? NO_ALLOCATIONS;
    const next = allocate(this.#allocations, plan);
    if (JSON.stringify(next) !== JSON.stringify(this.#allocations)) await state.write("numbers.json", next);
    this.#allocations = next;
    return next;
  }

  async apply(plan: NetworkPlan): Promise<KernelReport> {
    const { runner, wireguard, config } = this.#options;
    this.#errorsByLine.clear();
    const allocations = await this.numbersFor(plan);
    this.#journal ??= (await this.#options.state.read("sysctls.json", sysctlJournalSchema)) ?? {};
    const found = await observeKernel(runner);
    const facts: HostFacts = {
      links: found.links,
      allocations,
      tunnelBackend: wireguard?.backend ?? "none",
      baseSysctl: await this.#baseSysctls(found),
    };
    const desired = desiredFromPlan(plan, facts, config);
    this.#desired = desired;
    await this.#raiseTunnel(desired);
    const changes = changesBetween(desired, await observeKernel(runner));
    await this.#runBatch([...changes.linkRemovals, ...changes.foundations]);
    await this.#writeTable(desired, plan.services.length === 0);
    await this.#runBatch(changes.additions);
    await this.#runTc(changes.limits);
    await this.#setSysctls(desired);
    await this.#runBatch(changes.removals);
    await this.#lowerTunnel(desired);
    return this.report(desired);
  }

  /** Reads the kernel back; changes nothing. */
  async report(desired = this.#desired): Promise<KernelReport> {
    if (desired === undefined) throw new Error("no plan was applied yet");
    const { runner, wireguard } = this.#options;
    const observed = await observeKernel(runner);
    const { foundations, additions, limits } = changesBetween(desired, observed);
    return {
      desired,
      observed,
      isTableCurrent: observed.tableDigest !== undefined && observed.tableDigest === this.#written?.digest,
      pending: [...foundations, ...additions, ...limits].map((change) => {
        const error = this.#errorsByLine.get(change.line);
        return error === undefined ? change : { ...change, error };
      }),
      sysctlFailures: this.#sysctlFailures,
      tunnelError: this.#tunnelError,
      tunnelPeers: (await wireguard?.status().catch(() => undefined)) ?? new Map(),
    };
  }

  /** Takes the tunnel's process away and leaves everything that refuses in place. */
  async stopTunnel(): Promise<void> {
    await this.#options.wireguard?.down();
    this.#tunnelState = "down";
  }

  async #raiseTunnel({ tunnel }: DesiredKernel): Promise<void> {
    const { wireguard, tunnelKey } = this.#options;
    if (tunnel === undefined || wireguard === undefined) return;
    try {
      await wireguard.up();
      this.#tunnelState = "up";
      await wireguard.configure({
        privateKey: tunnelKey.privateKey,
        listenPort: tunnel.listenPort,
        peers: tunnel.peers,
      });
      this.#tunnelError = undefined;
    } catch (error) {
      this.#tunnelError = messageOf(error);
    }
  }

  async #lowerTunnel({ tunnel }: DesiredKernel): Promise<void> {
    if (tunnel !== undefined || this.#tunnelState === "down") return;
    await this.stopTunnel();
    this.#tunnelError = undefined;
  }

  async #runBatch(changes: readonly Change[]): Promise<void> {
    for (const { options, lines } of batchesFrom(changes.map((change) => change.line))) {
      await this.#runLines(["ip", ...options], lines);
    }
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

  async #writeTable(desired: DesiredKernel, isEmpty: boolean): Promise<void> {
    const { runner, onCommand } = this.#options;
    const { table, tableDigest } = await observeTable(runner);
    const run = async (text: string): Promise<void> => {
      const { code, stderr } = await runner.run(["nft", "-f", "-"], text);
      onCommand("nft", text, code === 0 ? undefined : stderr.trim());
      if (code !== 0) throw new Error(`nft refused the ruleset, and the kernel keeps the one before: ${stderr.trim()}`);
    };
    if (isEmpty) {
      if (table.exists) await run(NFT_REMOVAL);
      this.#written = undefined;
      return;
    }
    const text = nftTable(desired.ruleset);
    if (this.#written?.text === text && tableDigest !== undefined && this.#written.digest === tableDigest) return;
    await run(nftTransaction(desired.ruleset, table));
    this.#written = { text, digest: (await observeTable(runner)).tableDigest };
  }

  async #setSysctls({ sysctls: wanted }: DesiredKernel): Promise<void> {
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

  /** What each setting would be without us: the journal's word where the kernel still holds ours. */
  async #baseSysctls(found: ObservedKernel): Promise<HostFacts["baseSysctl"]> {
    const names = ["all", "default", ...found.links.map((link) => link.name)];
    const paths = names.flatMap((name) => [
      `net/ipv4/conf/${name}/forwarding`,
      `net/ipv4/conf/${name}/rp_filter`,
      `net/ipv6/conf/${name}/forwarding`,
      `net/ipv6/conf/${name}/force_forwarding`,
    ]);
    const values = new Map<string, string | undefined>();
    for (const path of paths) {
      const current = await this.#options.sysctls.read(path);
      const entry = this.#journal?.[path];
      values.set(path, entry !== undefined && entry.ours === current ? entry.before : current);
    }
    return (path) => values.get(path);
  }
}

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

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
