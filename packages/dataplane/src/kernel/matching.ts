import { formatCidr, networkOf } from "../cidr.ts";
import { type RankedRoute, type RoutedService, rankRoutes } from "../match.ts";
import type { PlanRoute } from "../plan.ts";
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
  for (const route of ranked) if (route.class === "source_and_destination") add(builders, route, writtenRoute(route));
  for (const service of services) {
    for (const text of service.interfaceNetworks ?? []) {
      const network = networkOf(text);
      if (network === undefined) continue;
      const candidate: Candidate = { service, family: network.family, class: "source", source: network };
      add(builders, candidate, written(candidate, textsOf(candidate), "interface"));
    }
  }
  for (const route of ranked) if (route.class !== "source_and_destination") add(builders, route, writtenRoute(route));
  return [...builders.values()].map(({ head, elementsByKey }) => ({ ...head, elements: [...elementsByKey.values()] }));
}

interface Builder {
  readonly head: Omit<MatchMap, "elements">;
  readonly elementsByKey: Map<string, MatchElement>;
}

type Candidate = Omit<RankedRoute<MarkedService>, "route">;

/** What an element says but for its link and mark, as text. */
interface Written {
  /** Of the map that it stands in. */
  readonly mapName: string;
  readonly networks: Pick<MatchElement, "source" | "destination">;
  /** The same networks as one text. */
  readonly key: string;
}

function add(builders: Map<string, Builder>, candidate: Candidate, { mapName, networks, key }: Written): void {
  const { service, source, destination } = candidate;
  const builder = builders.get(mapName) ?? {
    head: {
      family: candidate.family,
      class: candidate.class,
      sourceLength: source?.prefixLength,
      destinationLength: destination?.prefixLength,
    },
    elementsByKey: new Map(),
  };
  builders.set(mapName, builder);
  const { link, mark } = service;
  const place = link === undefined ? key : `${link} ${key}`;
  if (builder.elementsByKey.has(place)) return;
  builder.elementsByKey.set(place, link === undefined ? { ...networks, mark } : { link, ...networks, mark });
}

/** A route is data that nobody changes, and stays from plan to plan: it is written once. */
const writtenByRoute = new WeakMap<PlanRoute, Written>();

function writtenRoute(candidate: RankedRoute<MarkedService>): Written {
  const { route } = candidate;
  const held = writtenByRoute.get(route);
  if (held !== undefined) return held;
  // The canonical text of an IPv4 network is one; IPv6 has several.
  const texts =
    candidate.family === 4 ? { source: route.source_cidr, destination: route.dest_cidr } : textsOf(candidate);
  const made = written(candidate, texts, "route");
  writtenByRoute.set(route, made);
  return made;
}

interface Texts {
  readonly source: string | undefined;
  readonly destination: string | undefined;
}

function textsOf({ source, destination }: Candidate): Texts {
  return {
    source: source === undefined ? undefined : formatCidr(source),
    destination: destination === undefined ? undefined : formatCidr(destination),
  };
}

function written({ family, source, destination }: Candidate, texts: Texts, group: string): Written {
  const { source: from, destination: to } = texts;
  return {
    mapName: `${group} ${family} ${destination?.prefixLength} ${source?.prefixLength}`,
    networks: {
      ...(from === undefined ? {} : { source: from }),
      ...(to === undefined ? {} : { destination: to }),
    },
    key: `${from} ${to}`,
  };
}
