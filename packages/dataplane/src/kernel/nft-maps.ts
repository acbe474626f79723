import { formatAddress, maskAddress } from "../cidr.ts";
import { markText } from "./mark.ts";
import type { MatchElement, MatchMap } from "./ruleset.ts";

/**
 * How match maps are written and named in nft. All elements of one map have equal lengths, so a packet's address is cut to
 * that length and looked up as it is: a map of intervals takes the kernel the longer to change the more it holds.
 */

export const FAMILY = {
  4: { nf: "ipv4", ip: "ip", type: "ipv4_addr", bits: 32, icmp: "icmp" },
  6: { nf: "ipv6", ip: "ip6", type: "ipv6_addr", bits: 128, icmp: "icmpv6" },
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
    type: `type ${types.join(" . ")} : mark`,
    elements: map.elements.map(element),
  };
}

function element({ link, source, destination, mark }: MatchElement): NftElement {
  const key = [
    ...(link === undefined ? [] : [`"${link}"`]),
    ...(source === undefined ? [] : [networkAddress(source)]),
    ...(destination === undefined ? [] : [networkAddress(destination)]),
  ];
  return { key: key.join(" . "), value: markText(mark) };
}

const networkAddress = (cidr: string): string => cidr.slice(0, cidr.indexOf("/"));

/** What a rule looks up in the map. */
export function keyExpression(map: MatchMap): string {
  return [
    ...(map.sourceLength === undefined ? [] : [cutAddress(map.family, "saddr", map.sourceLength)]),
    ...(map.destinationLength === undefined ? [] : [cutAddress(map.family, "daddr", map.destinationLength)]),
  ].join(" . ");
}

function cutAddress(family: 4 | 6, side: "saddr" | "daddr", length: number): string {
  const { ip, bits } = FAMILY[family];
  if (length === bits) return `${ip} ${side}`;
  const mask = maskAddress({ family, value: (1n << BigInt(bits)) - 1n }, length);
  return `(${ip} ${side} & ${formatAddress({ family, value: mask })})`;
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
