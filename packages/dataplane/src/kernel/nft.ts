import { FORBIDDEN_DESTINATIONS } from "./forbidden.ts";
import { markText } from "./mark.ts";
import { classId, NFT_TABLE } from "./names.ts";
import { type Chain, chains } from "./nft-chains.ts";
import { exitMapsWithPrefix, FAMILIES, FAMILY, matchMap, type NftElement, type NftSet, setText } from "./nft-maps.ts";
import type { Ruleset } from "./ruleset.ts";

/** Of the maps that the kernel fills by itself: what their elements are is nobody's but the packets'. */
const WAITING = "size 4096; flags dynamic,timeout; timeout 100ms";

/** The set whose elements count, each for itself: a thousand counters with names take nft twice as long. */
export const COUNTED = "counted";

/** The names of what the table holds now, as read back; an empty one for no table. */
export interface ObservedTable {
  readonly exists: boolean;
  readonly chains: readonly string[];
  readonly sets: readonly string[];
  readonly maps: readonly string[];
  readonly counters: readonly string[];
}

/** What the services' packets were counted to be, by {@link countKey}. */
export type Counts = ReadonlyMap<string, CounterValue>;

export interface CounterValue {
  readonly packets: number;
  readonly bytes: number;
}

/** What goes from a service's client is counted under its mark as `original`, what goes back to it as `reply`. */
export type CountedDirection = "original" | "reply";

export const countKey = (direction: CountedDirection, mark: number): string => `${direction} ${mark}`;

/**
 * One transaction for `nft -f -` that makes the table hold the ruleset and nothing else. What was counted is written
 * with it, for the marks that stay.
 */
export function nftTransaction(ruleset: Ruleset, observed: ObservedTable, counts: Counts = new Map()): string {
  return [
    `add table inet ${NFT_TABLE}`,
    `flush table inet ${NFT_TABLE}`,
    ...observed.maps.map((name) => `delete map inet ${NFT_TABLE} ${name}`),
    ...observed.sets.map((name) => `delete set inet ${NFT_TABLE} ${name}`),
    ...observed.chains.map((name) => `delete chain inet ${NFT_TABLE} ${name}`),
    ...observed.counters.map((name) => `delete counter inet ${NFT_TABLE} ${name}`),
    nftTable(ruleset, counts),
    "",
  ].join("\n");
}

/** Removes the table, in a text that also works when there is none. */
export const NFT_REMOVAL = `add table inet ${NFT_TABLE}\ndelete table inet ${NFT_TABLE}\n`;

/** What the table holds, each part by its name; the text and the difference of two tables are made from it. */
export interface TableParts {
  readonly sets: readonly NftSet[];
  readonly chains: readonly Chain[];
}

export function tableParts(ruleset: Ruleset): TableParts {
  return { sets: sets(ruleset), chains: chains(ruleset) };
}

/** The table as text; its counters begin with `counts`. */
export function nftTable(ruleset: Ruleset, counts: Counts = new Map()): string {
  const parts = tableParts(ruleset);
  return [
    `table inet ${NFT_TABLE} {`,
    ...parts.sets.map((one) => `  ${setText(one.name === COUNTED ? continued(one, ruleset, counts) : one)}`),
    ...parts.chains.flatMap(({ name, rules }) => [`  chain ${name} {`, ...rules.map((rule) => `    ${rule}`), "  }"]),
    "}",
  ].join("\n");
}

/** The set of {@link COUNTED}, each of its elements with what it counted before. */
function continued(counted: NftSet, ruleset: Ruleset, counts: Counts): NftSet {
  const valueByElement = new Map(
    countedElements(ruleset).map(({ direction, mark, key }) => [key, counts.get(countKey(direction, mark))]),
  );
  const elements = counted.elements.map(({ key }) => {
    const value = valueByElement.get(key);
    return { key: value === undefined ? key : `${key} counter packets ${value.packets} bytes ${value.bytes}` };
  });
  return { ...counted, elements };
}

function countedElements(ruleset: Ruleset) {
  return ruleset.countedMarks.flatMap((mark) =>
    (["original", "reply"] as const).map((direction) => ({
      direction,
      mark,
      key: `${direction} . ${markText(mark)}`,
    })),
  );
}

function sets(ruleset: Ruleset): NftSet[] {
  const set = (name: string, type: string, keys: readonly string[]): NftSet => ({
    kind: "set",
    name,
    type: `type ${type}`,
    elements: keys.map((key) => ({ key })),
  });
  const map = (name: string, type: string, elements: readonly NftElement[]): NftSet => ({
    kind: "map",
    name,
    type: `type ${type}`,
    elements,
  });
  return [
    set(
      COUNTED,
      "ct_dir . mark; counter",
      countedElements(ruleset).map(({ key }) => key),
    ),
    set(
      "entry_flows",
      "ifname . mark",
      ruleset.entryFlows.map((flow) => `"${flow.link}" . ${markText(flow.mark)}`),
    ),
    set("stranded_flows", "mark", ruleset.strandedFlows.map(markText)),
    set("exit_flows", "mark", ruleset.exitFlows.map(markText)),
    set("masqueraded", "mark", ruleset.masqueraded.map(markText)),
    map(
      "limited",
      "mark : classid",
      ruleset.limited.map(({ mark, serviceIndex }) => ({ key: markText(mark), value: classId(serviceIndex) })),
    ),
    ...FAMILIES.flatMap((family) => [
      set(
        `cluster${family}`,
        `${FAMILY[family].type} . inet_service`,
        ruleset.clusterEndpoints
          .filter((endpoint) => endpoint.family === family)
          .map((at) => `${at.address} . ${at.port}`),
      ),
      set(`forbidden${family}`, `${FAMILY[family].type}; flags interval`, FORBIDDEN_DESTINATIONS[family]),
      map(`refused${family}`, `${FAMILY[family].type} : mark; ${WAITING}`, []),
      set(
        `opened${family}`,
        "ifname",
        ruleset.openedLinks[family].map((link) => `"${link}"`),
      ),
    ]),
    ...ruleset.entryMaps.map((entry) => matchMap("entry", entry)),
    ...exitMapsWithPrefix(ruleset.exitMaps).map(({ map: exit, prefix }) => matchMap(prefix, exit)),
  ];
}
