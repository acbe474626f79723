import { type Cidr, formatCidr, networkOf } from "../cidr.ts";
import { type RankedRoute, type RoutedService, rankRoutes } from "../match.ts";
import type { MatchElement, MatchMap } from "./ruleset.ts";

/** A service with what its kernel elements carry. */
export interface MarkedService extends RoutedService {
  readonly mark: number;
  /** The VXLAN device that its packets come by, at an exit. */
  readonly link?: string;
  /** Networks of its own interface on the entry's side: whatever comes from there may go anywhere. */
  readonly interfaceNetworks?: readonly string[];
}

/**
 * One map a (family, class, lengths), in the order in which they are tried. Elements of one map have equal lengths,
 * so they are equal or disjoint, and equal ones are decided here: the first in rank stays. What an exit admits by an
 * interface's network comes behind the routes that name both sides: the packet does not say which way it came in, and
 * those say more.
 */
export function matchMaps(services: readonly MarkedService[]): MatchMap[] {
  const builders = new Map<string, Builder>();
  const ranked = rankRoutes(services);
  for (const route of ranked) if (route.class === "source_and_destination") add(builders, route, "route");
  for (const service of services) {
    for (const text of service.interfaceNetworks ?? []) {
      const network = networkOf(text);
      if (network === undefined) continue;
      add(builders, { service, family: network.family, class: "source", source: network }, "interface");
    }
  }
  for (const route of ranked) if (route.class !== "source_and_destination") add(builders, route, "route");
  return [...builders.values()].map(({ head, elementsByKey }) => ({ ...head, elements: [...elementsByKey.values()] }));
}

interface Builder {
  readonly head: Omit<MatchMap, "elements">;
  readonly elementsByKey: Map<string, MatchElement>;
}

type Candidate = Omit<RankedRoute<MarkedService>, "route">;

function add(builders: Map<string, Builder>, candidate: Candidate, group: string): void {
  const { family, source, destination, service } = candidate;
  const name = `${group} ${family} ${destination?.prefixLength} ${source?.prefixLength}`;
  const builder = builders.get(name) ?? {
    head: {
      family,
      class: candidate.class,
      sourceLength: source?.prefixLength,
      destinationLength: destination?.prefixLength,
    },
    elementsByKey: new Map(),
  };
  builders.set(name, builder);
  const from = source === undefined ? undefined : textOf(source);
  const to = destination === undefined ? undefined : textOf(destination);
  const key = `${service.link} ${from} ${to}`;
  if (builder.elementsByKey.has(key)) return;
  builder.elementsByKey.set(key, {
    ...(service.link === undefined ? {} : { link: service.link }),
    ...(from === undefined ? {} : { source: from }),
    ...(to === undefined ? {} : { destination: to }),
    mark: service.mark,
  });
}

/** Routes that stay from plan to plan keep their networks, so each is written once. */
const textByCidr = new WeakMap<Cidr, string>();

function textOf(cidr: Cidr): string {
  const text = textByCidr.get(cidr) ?? formatCidr(cidr);
  textByCidr.set(cidr, text);
  return text;
}
