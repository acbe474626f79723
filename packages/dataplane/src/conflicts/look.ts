import { readdir, readFile } from "node:fs/promises";
import type { DesiredKernel } from "../kernel/desired.ts";
import type { HostLink } from "../kernel/host.ts";
import type { HostConfig } from "../kernel/host-facts.ts";
import { NFT_TABLE } from "../kernel/names.ts";
import type { Runner } from "../kernel/runner.ts";
import type { Sysctls } from "../kernel/sysctl.ts";
import type { NetworkPlan } from "../plan.ts";
import { type Finding, findingsFrom } from "./findings.ts";
import { chainsFrom, type ForeignChain, tablesFrom } from "./foreign-ruleset.ts";
import { chainsFromSave } from "./legacy-ruleset.ts";

/** What is looked at to find what stands in the way. */
export interface LookOptions {
  readonly runner: Runner;
  readonly sysctls: Sysctls;
  readonly config: HostConfig;
  readonly pegasusPort: number;
}

/** The host as it was read, and the plan that its services come from. */
export interface Looked {
  readonly plan: NetworkPlan;
  readonly desired: DesiredKernel;
  readonly links: readonly HostLink[];
}

/** Reads what others have set on this host. Throws nothing: what cannot be read is not found. */
export async function lookForConflicts(options: LookOptions, { plan, desired, links }: Looked): Promise<Finding[]> {
  const { runner, sysctls, config, pegasusPort } = options;
  const live = plan.services.filter((service) => service.refuse === undefined);
  if (live.length === 0) return [];
  const foreign = links.filter((link) => link.isUp && !link.isOurs && !link.isLoopback);
  const settings = await settingsFiles();
  return findingsFrom({
    chains: [...(await foreignChains(runner)), ...(await legacyChains(runner))],
    links: foreign.filter(({ kind }) => kind !== "tun" && kind !== "wireguard").map(({ name }) => name),
    pegasusPort,
    tunnelPort: config.tunnelPort,
    tunnelInterface: config.tunnelInterface,
    tunnels: desired.links.filter(({ kind }) => kind === "vxlan").map(({ name }) => name),
    hasExit: live.some(({ role }) => role === "exit"),
    hasEntry: live.some(({ role }) => role === "entry"),
    reversePathFilter: await sysctls.read("net/ipv4/conf/all/rp_filter"),
    hasDefaultRoute: (await runner.run(["ip", "-4", "route", "show", "default"])).stdout.trim() !== "",
    settingIn: (name) => placeOf(name, settings),
    tunnelledWays: await tunnelledWays(runner, plan, foreign),
  });
}

async function foreignChains(runner: Runner): Promise<ForeignChain[]> {
  const { code, stdout } = await runner.run(["nft", "-j", "list", "tables"]);
  if (code !== 0) return [];
  const tables = tablesFrom(stdout).filter(({ family, name }) => family !== "inet" || name !== NFT_TABLE);
  const listings = await Promise.all(
    tables.map(({ family, name }) => runner.run(["nft", "-j", "-t", "list", "table", family, name])),
  );
  return listings.flatMap((listing) => (listing.code === 0 ? chainsFrom(listing.stdout) : []));
}

/** A table that no rule was ever put in is not there, and listing it would make it. */
async function legacyChains(runner: Runner): Promise<ForeignChain[]> {
  const families = [
    ["ip", "/proc/net/ip_tables_names", "iptables-legacy-save"],
    ["ip6", "/proc/net/ip6_tables_names", "ip6tables-legacy-save"],
  ] as const;
  const found = families.map(async ([family, names, program]) => {
    const tables = await readFile(names, "utf8").catch(() => "");
    if (!tables.split("\n").includes("filter")) return [];
    const { code, stdout } = await runner.run([program, "-t", "filter"]);
    return code === 0 ? chainsFromSave(stdout, family) : [];
  });
  return (await Promise.all(found)).flat();
}

const TUNNEL_KINDS: ReadonlySet<string> = new Set(["tun", "wireguard", "ppp", "ipip", "gre", "sit", "ip6tnl", "vti"]);

async function tunnelledWays(
  runner: Runner,
  plan: NetworkPlan,
  links: readonly HostLink[],
): Promise<{ peer: string; address: string; link: string }[]> {
  const tunnels = new Map(links.filter(({ kind }) => TUNNEL_KINDS.has(kind)).map((link) => [link.name, link]));
  if (tunnels.size === 0) return [];
  const ways = plan.peers.map(async ({ name, addresses: [address] }) => {
    if (address === undefined) return [];
    const { stdout } = await runner.run(["ip", "route", "get", address]);
    const link = / dev (\S+)/.exec(stdout)?.[1] ?? "";
    return tunnels.has(link) ? [{ peer: name, address, link }] : [];
  });
  return (await Promise.all(ways)).flat();
}

interface SettingsFile {
  readonly path: string;
  readonly lines: readonly string[];
}

const FOLDERS = ["/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d"] as const;

/** In the order in which the last word counts. */
async function settingsFiles(): Promise<SettingsFile[]> {
  const files: SettingsFile[] = [];
  for (const path of ["/etc/sysctl.conf", ...(await Promise.all(FOLDERS.map(filesIn))).flat()]) {
    const text = await readFile(path, "utf8").catch(() => "");
    files.push({ path, lines: text.split("\n") });
  }
  return files;
}

async function filesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.endsWith(".conf")).map((name) => `${folder}/${name}`);
}

function placeOf(name: string, files: readonly SettingsFile[]): string | undefined {
  const spelled = new Set([name, name.replaceAll(".", "/")]);
  for (const { path, lines } of files) {
    const at = lines.findIndex((line) => spelled.has((line.split("=")[0] ?? "").trim().replace(/^-/, "")));
    if (at >= 0) return `${path}, line ${at + 1}`;
  }
  return undefined;
}
