import { FORBIDDEN_DESTINATIONS } from "./forbidden.ts";
import { markText } from "./mark.ts";
import { classId, NFT_TABLE } from "./names.ts";
import { type Chain, chains } from "./nft-chains.ts";
import { exitMapsWithPrefix, FAMILIES, FAMILY, matchMap, type NftElement, type NftSet, setText } from "./nft-maps.ts";
import type { Ruleset } from "./ruleset.ts";

/** The names of what the table holds now, as read back; an empty one for no table. */
export interface ObservedTable {
  readonly exists: boolean;
  readonly chains: readonly string[];
  readonly sets: readonly string[];
  readonly maps: readonly string[];
  readonly counters: readonly string[];
}

/**
 * One transaction for `nft -f -` that makes the table hold the ruleset and nothing else. Counters that stay are left
 * in place, so what they counted stays too.
 */
export function nftTransaction(ruleset: Ruleset, observed: ObservedTable): string {
  const wanted = new Set(counterNames(ruleset));
  return [
    `add table inet ${NFT_TABLE}`,
    `flush table inet ${NFT_TABLE}`,
    ...observed.maps.map((name) => `delete map inet ${NFT_TABLE} ${name}`),
    ...observed.sets.map((name) => `delete set inet ${NFT_TABLE} ${name}`),
    ...observed.chains.map((name) => `delete chain inet ${NFT_TABLE} ${name}`),
    ...observed.counters.filter((name) => !wanted.has(name)).map((name) => `delete counter inet ${NFT_TABLE} ${name}`),
    nftTable(ruleset, new Set(observed.counters)),
    "",
  ].join("\n");
}

/** Removes the table, in a text that also works when there is none. */
export const NFT_REMOVAL = `add table inet ${NFT_TABLE}\ndelete table inet ${NFT_TABLE}\n`;

export const counterName = (serviceId: string, direction: "in" | "out"): string => `${serviceId}_${direction}`;

/** What the table holds, each part by its name; the text and the difference of two tables are made from it. */
export interface TableParts {
  readonly counters: readonly string[];
  readonly sets: readonly NftSet[];
  readonly chains: readonly Chain[];
}

export function tableParts(ruleset: Ruleset): TableParts {
  return { counters: counterNames(ruleset), sets: sets(ruleset), chains: chains(ruleset) };
}

/** The table as text; counters in `existing` are named but not defined anew. */
export function nftTable(ruleset: Ruleset, existing: ReadonlySet<string> = new Set()): string {
  const parts = tableParts(ruleset);
  return [
    `table inet ${NFT_TABLE} {`,
    ...parts.counters.filter((name) => !existing.has(name)).map((name) => `  counter ${name} { }`),
    ...parts.sets.map((one) => `  ${setText(one)}`),
    ...parts.chains.flatMap(({ name, rules }) => [`  chain ${name} {`, ...rules.map((rule) => `    ${rule}`), "  }"]),
    "}",
  ].join("\n");
}

function counterNames(ruleset: Ruleset): string[] {
  return ruleset.counters.flatMap(({ serviceId }) => [counterName(serviceId, "in"), counterName(serviceId, "out")]);
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
  const counted = (direction: "in" | "out") =>
    ruleset.counters.map(({ serviceId, mark }) => ({
      key: markText(mark),
      value: `"${counterName(serviceId, direction)}"`,
    }));
  return [
    map("counted_in", "mark : counter", counted("in")),
    map("counted_out", "mark : counter", counted("out")),
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
