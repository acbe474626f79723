import { createHash } from "node:crypto";
import * as z from "zod";
import { type HostLink, linksFromIp } from "./host.ts";
import { NFT_TABLE, ROUTE_PROTOCOL } from "./names.ts";
import { COUNTED, type Counts, countKey, type ObservedTable } from "./nft.ts";
import { type ObservedLimit, observeLimits } from "./observed-limits.ts";
import { type Runner, runOrThrow } from "./runner.ts";

/** The kernel but for its nftables table: every link of the host, and of the rest what bears our tag. */
export interface ObservedKernel {
  readonly links: readonly HostLink[];
  readonly neighbours: readonly ObservedNeighbour[];
  readonly routes: readonly ObservedRoute[];
  readonly rules: readonly ObservedRule[];
  readonly limits: readonly ObservedLimit[];
}

/** The nftables table as it is. */
export interface TableReading {
  readonly table: ObservedTable;
  /** SHA-256 over the table without its counters' values; undefined without a table. */
  readonly tableDigest: string | undefined;
  readonly counts: Counts;
}

export interface ObservedNeighbour {
  readonly link: string;
  readonly address: string;
  readonly mac: string;
}

export interface ObservedRoute {
  readonly family: 4 | 6;
  readonly table: string;
  readonly type: string;
  readonly destination: string;
  readonly link: string | undefined;
  readonly gateway: string | undefined;
  readonly metric: number;
}

export interface ObservedRule {
  readonly family: 4 | 6;
  readonly priority: number;
  readonly table: string;
  readonly source: string;
  readonly mark: number | undefined;
  readonly mask: number | undefined;
}

/** Reads it all back. Throws when a tool fails: a kernel that cannot be read cannot be reported. */
export async function observeKernel(runner: Runner): Promise<ObservedKernel> {
  const protocol = String(ROUTE_PROTOCOL);
  const ways = ["rule show", `route show table all proto ${protocol}`];
  const [[links, neighbours], [rules4, routes4], [rules6, routes6]] = await Promise.all([
    listsFrom(runner, ["-d"], ["addr", "neigh show nud permanent"]).then(
      ([addr, neigh]) => [linksFromIp(addr), neighboursFromIp(neigh)] as const,
    ),
    listsFrom(runner, ["-4"], ways).then(([rule, route]) => [rulesFromIp(4, rule), routesFromIp(4, route)] as const),
    listsFrom(runner, ["-6"], ways).then(([rule, route]) => [rulesFromIp(6, rule), routesFromIp(6, route)] as const),
  ]);
  const shaped = links.filter((link) => link.isOurs && link.qdisc === "htb");
  const limits = await Promise.all(shaped.map((link) => observeLimits(runner, link.name)));
  return {
    limits: limits.flat(),
    links,
    neighbours,
    routes: [...routes4, ...routes6],
    rules: [...rules4, ...rules6],
  };
}

/**
 * What two commands of `ip` list, from one process: starting one costs more than what it reads. Each list is a line; the
 * first is never empty, the second may print nothing at all.
 */
async function listsFrom(
  runner: Runner,
  options: readonly string[],
  commands: readonly string[],
): Promise<readonly [string, string]> {
  const text = await runOrThrow(runner, ["ip", ...options, "-j", "-batch", "-"], `${commands.join("\n")}\n`);
  const [first = "", second = ""] = text.split("\n").filter((line) => line.trim() !== "");
  return [first, second];
}

export async function observeTable(runner: Runner): Promise<TableReading> {
  const { code, stdout, stderr } = await runner.run(["nft", "-j", "list", "table", "inet", NFT_TABLE]);
  if (code === 0) return tableFromNft(stdout);
  if (/No such file or directory/.test(stderr)) {
    return NO_READING;
  }
  throw new Error(`nft cannot list table inet ${NFT_TABLE}: ${stderr.trim()}`);
}

/** Undefined without a default route of IPv4. */
export async function readDefaultLink(runner: Runner): Promise<string | undefined> {
  const { stdout } = await runner.run(["ip", "-4", "route", "show", "default"]);
  return / dev (\S+)/.exec(stdout)?.[1];
}

/** What was counted alone; empty without a table. */
export async function observeCounts(runner: Runner): Promise<Counts> {
  const { code, stdout } = await runner.run(["nft", "-j", "list", "set", "inet", NFT_TABLE, COUNTED]);
  return code === 0 ? countsFrom(nftSchema.parse(JSON.parse(stdout)).nftables) : new Map();
}

/** Of a host without our table. */
export const NO_READING: TableReading = {
  table: { exists: false, chains: [], sets: [], maps: [], counters: [] },
  tableDigest: undefined,
  counts: new Map(),
};

const nftSchema = z.object({ nftables: z.array(z.record(z.string(), z.unknown())) });
const namedSchema = z.looseObject({ name: z.string() });
/** Of {@link COUNTED}: an element bears its counter, and its key is a direction and a mark. */
const countedSchema = z.object({
  name: z.literal(COUNTED),
  elem: z
    .array(
      z.object({
        elem: z.object({
          val: z.object({ concat: z.tuple([z.enum(["original", "reply"]), z.int()]) }),
          counter: z.object({ packets: z.number(), bytes: z.number() }),
        }),
      }),
    )
    .default([]),
});

/** Reads `nft -j list table`. */
export function tableFromNft(json: string): TableReading {
  const { nftables } = nftSchema.parse(JSON.parse(json));
  const named = (kind: string): string[] =>
    nftables.flatMap((entry) => (kind in entry ? [namedSchema.parse(entry[kind]).name] : []));
  return {
    table: { exists: true, chains: named("chain"), sets: named("set"), maps: named("map"), counters: named("counter") },
    tableDigest: createHash("sha256")
      .update(JSON.stringify(nftables.map(withoutWaiting), withoutVolatile))
      .digest("hex"),
    counts: countsFrom(nftables),
  };
}

function countsFrom(nftables: readonly Readonly<Record<string, unknown>>[]): Counts {
  const counted = nftables.flatMap(({ set }) => countedSchema.safeParse(set).data?.elem ?? []);
  return new Map(
    counted.map(({ elem }) => {
      const [direction, mark] = elem.val.concat;
      return [countKey(direction, mark), elem.counter] as const;
    }),
  );
}

/** Maps with a time limit are filled by packets. */
function withoutWaiting(entry: Readonly<Record<string, unknown>>): unknown {
  const { map } = entry;
  return typeof map === "object" && map !== null && "timeout" in map ? { map: { ...map, elem: undefined } } : entry;
}

function withoutVolatile(this: unknown, key: string, value: unknown): unknown {
  return key === "handle" || key === "packets" || key === "bytes" || key === "metainfo" ? undefined : value;
}

const neighbourSchema = z.object({ dst: z.string(), dev: z.string(), lladdr: z.string().optional() });

function neighboursFromIp(json: string): ObservedNeighbour[] {
  return listFrom(neighbourSchema, json).map(({ dst, dev, lladdr }) => ({
    address: dst,
    link: dev,
    mac: lladdr ?? "",
  }));
}

const routeSchema = z.object({
  type: z.string().optional(),
  dst: z.string(),
  dev: z.string().optional(),
  gateway: z.string().optional(),
  table: z.string().optional(),
  metric: z.int().optional(),
});

function routesFromIp(family: 4 | 6, json: string): ObservedRoute[] {
  return listFrom(routeSchema, json).map((route) => ({
    family,
    table: route.table ?? "main",
    type: route.type ?? "unicast",
    destination: withLength(family, route.dst),
    link: route.dev,
    gateway: route.gateway,
    metric: route.metric ?? 0,
  }));
}

/** `ip` prints a host route without its length. */
function withLength(family: 4 | 6, destination: string): string {
  return destination === "default" || destination.includes("/")
    ? destination
    : `${destination}/${family === 4 ? 32 : 128}`;
}

const ruleSchema = z.object({
  priority: z.int(),
  src: z.string().optional(),
  table: z.string().optional(),
  fwmark: z.string().optional(),
  fwmask: z.string().optional(),
  protocol: z.string().optional(),
});

function rulesFromIp(family: 4 | 6, json: string): ObservedRule[] {
  return listFrom(ruleSchema, json)
    .filter((rule) => rule.protocol === String(ROUTE_PROTOCOL))
    .map((rule) => ({
      family,
      priority: rule.priority,
      table: rule.table ?? "",
      source: rule.src ?? "all",
      mark: rule.fwmark === undefined ? undefined : Number(rule.fwmark),
      mask: rule.fwmark === undefined ? undefined : Number(rule.fwmask ?? 0xffffffff),
    }));
}

/** `ip -j` prints nothing at all, or an empty object, for nothing. */
function listFrom<T extends z.ZodType>(schema: T, json: string): z.infer<T>[] {
  if (json.trim() === "") return [];
  const entries = z.array(z.looseObject({})).parse(JSON.parse(json));
  return entries.filter((entry) => Object.keys(entry).length > 0).map((entry) => schema.parse(entry));
}
