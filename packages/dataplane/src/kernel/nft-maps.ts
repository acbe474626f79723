import { markText } from "./mark.ts";
import type { MatchElement, MatchMap } from "./ruleset.ts";

/** How match maps are written and named in nft. */

export const FAMILY = {
  4: { nf: "ipv4", ip: "ip", type: "ipv4_addr" },
  6: { nf: "ipv6", ip: "ip6", type: "ipv6_addr" },
} as const;
export const FAMILIES = [4, 6] as const;

/** A named set or map, as data: two of one name, kind and type differ in their elements alone. */
export interface NftSet {
  readonly kind: "set" | "map";
  readonly name: string;
  /** What follows the brace, without the last semicolon. */
  readonly type: string;
  readonly elements: readonly NftElement[];
}

export interface NftElement {
  readonly key: string;
  /** In maps: what the key leads to. */
  readonly value?: string;
}

/** The map with its elements. */
export function matchMap(prefix: string, map: MatchMap): NftSet {
  const types = [
    ...(prefix.startsWith("exit") ? ["ifname"] : []),
    ...(map.sourceLength === undefined ? [] : [FAMILY[map.family].type]),
    ...(map.destinationLength === undefined ? [] : [FAMILY[map.family].type]),
  ];
  return {
    kind: "map",
    name: mapName(prefix, map),
    type: `type ${types.join(" . ")} : mark; flags interval`,
    elements: map.elements.map(element),
  };
}

function element({ link, source, destination, mark }: MatchElement): NftElement {
  const key = [link === undefined ? undefined : `"${link}"`, source, destination].filter((part) => part !== undefined);
  return { key: key.join(" . "), value: markText(mark) };
}

/** What a rule looks up in the map. */
export function keyExpression(map: MatchMap): string {
  const { ip } = FAMILY[map.family];
  return [
    ...(map.sourceLength === undefined ? [] : [`${ip} saddr`]),
    ...(map.destinationLength === undefined ? [] : [`${ip} daddr`]),
  ].join(" . ");
}

export function mapName(prefix: string, map: MatchMap): string {
  const source = map.sourceLength === undefined ? "" : `_s${map.sourceLength}`;
  const destination = map.destinationLength === undefined ? "" : `_d${map.destinationLength}`;
  return `${prefix}${map.family}${source}${destination}`;
}

/** An interface's network may have the same lengths as a route, so two exit maps could bear one name. */
export function exitMapsWithPrefix(maps: readonly MatchMap[]): { map: MatchMap; prefix: string }[] {
  const seen = new Set<string>();
  return maps.map((map) => {
    const name = mapName("exit", map);
    const prefix = seen.has(name) ? "exit_route" : "exit";
    seen.add(name);
    return { map, prefix };
  });
}

/** A set or map with its elements, if any. */
export function setText({ kind, name, type, elements }: NftSet): string {
  return `${kind} ${name} { ${type};${elements.length === 0 ? "" : ` elements = { ${elementsText(elements)} };`} }`;
}

export function elementsText(elements: readonly NftElement[]): string {
  return elements.map(({ key, value }) => (value === undefined ? key : `${key} : ${value}`)).join(", ");
}

export const familyOf = (cidr: string): 4 | 6 => (cidr.includes(":") ? 6 : 4);
