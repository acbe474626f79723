import { FORBIDDEN_DESTINATIONS } from "./forbidden.ts";
import { markText } from "./mark.ts";
import { classId, NFT_TABLE } from "./names.ts";
import { chains } from "./nft-chains.ts";
import { exitMapsWithPrefix, FAMILIES, FAMILY, matchMap, set } from "./nft-maps.ts";
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

/** The table as text; counters in `existing` are named but not defined anew. */
export function nftTable(ruleset: Ruleset, existing: ReadonlySet<string> = new Set()): string {
  return [
    `table inet ${NFT_TABLE} {`,
    ...counterNames(ruleset)
      .filter((name) => !existing.has(name))
      .map((name) => `  counter ${name} { }`),
    ...data(ruleset).map((line) => `  ${line}`),
    ...chains(ruleset).flatMap(({ name, rules }) => [
      `  chain ${name} {`,
      ...rules.map((rule) => `    ${rule}`),
      "  }",
    ]),
    "}",
  ].join("\n");
}

function counterNames(ruleset: Ruleset): string[] {
  return ruleset.counters.flatMap(({ serviceId }) => [counterName(serviceId, "in"), counterName(serviceId, "out")]);
}

function data(ruleset: Ruleset): string[] {
  const counterMap = (direction: "in" | "out") =>
    ruleset.counters.map(({ serviceId, mark }) => `${markText(mark)} : "${counterName(serviceId, direction)}"`);
  return [
    set("map", "counted_in", "type mark : counter", counterMap("in")),
    set("map", "counted_out", "type mark : counter", counterMap("out")),
    set(
      "set",
      "entry_flows",
      "type ifname . mark",
      ruleset.entryFlows.map((flow) => `"${flow.link}" . ${markText(flow.mark)}`),
    ),
    set("set", "stranded_flows", "type mark", ruleset.strandedFlows.map(markText)),
    set("set", "exit_flows", "type mark", ruleset.exitFlows.map(markText)),
    set("set", "masqueraded", "type mark", ruleset.masqueraded.map(markText)),
    set(
      "map",
      "limited",
      "type mark : classid",
      ruleset.limited.map(({ mark, serviceIndex }) => `${markText(mark)} : ${classId(serviceIndex)}`),
    ),
    ...FAMILIES.flatMap((family) => [
      set(
        "set",
        `cluster${family}`,
        `type ${FAMILY[family].type} . inet_service`,
        ruleset.clusterEndpoints
          .filter((endpoint) => endpoint.family === family)
          .map((at) => `${at.address} . ${at.port}`),
      ),
      set("set", `forbidden${family}`, `type ${FAMILY[family].type}; flags interval`, FORBIDDEN_DESTINATIONS[family]),
      set(
        "set",
        `opened${family}`,
        "type ifname",
        ruleset.openedLinks[family].map((link) => `"${link}"`),
      ),
    ]),
    ...ruleset.entryMaps.map((map) => matchMap("entry", map)),
    ...exitMapsWithPrefix(ruleset.exitMaps).map(({ map, prefix }) => matchMap(prefix, map)),
  ];
}
