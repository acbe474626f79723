import { formatCidr, networkOf } from "../cidr.ts";
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
  return [...builders.values()].map(({ head, elementsByPlace }) => ({
    ...head,
    elements: [...elementsByPlace.values()],
  }));
}

interface Builder {
  readonly head: Omit<MatchMap, "elements">;
  readonly elementsByPlace: Map<string, MatchElement>;
}

type Candidate = Pick<RankedRoute<MarkedService>, "service" | "family" | "class" | "source" | "destination">;

/** An element and where it stands. */
interface Written {
  readonly mapName: string;
  /** In its map; of several elements for one place the first stays. */
  readonly place: string;
  readonly element: MatchElement;
}

function add(builders: Map<string, Builder>, candidate: Candidate, { mapName, place, element }: Written): void {
  let builder = builders.get(mapName);
  if (builder === undefined) {
    const { source, destination } = candidate;
    const lengths = { sourceLength: source?.prefixLength, destinationLength: destination?.prefixLength };
    builder = {
      head: { family: candidate.family, class: candidate.class, ...lengths },
      elementsByPlace: new Map(),
    };
    builders.set(mapName, builder);
  }
  if (!builder.elementsByPlace.has(place)) builder.elementsByPlace.set(place, element);
}

/** A service's routes are ranked once as long as it stays, and each is written once. */
const writtenByRoute = new WeakMap<RankedRoute<MarkedService>, Written>();

function writtenRoute(route: RankedRoute<MarkedService>): Written {
  const held = writtenByRoute.get(route);
  if (held !== undefined) return held;
  // The canonical text of an IPv4 network is one; IPv6 has several.
  const { source_cidr: source, dest_cidr: destination } = route.route;
  const made = written(route, route.family === 4 ? { source, destination } : textsOf(route), "route");
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

function written({ service, family, source, destination }: Candidate, texts: Texts, group: string): Written {
  const { source: from, destination: to } = texts;
  const { link, mark } = service;
  return {
    mapName: `${group} ${family} ${destination?.prefixLength} ${source?.prefixLength}`,
    place: `${link} ${from} ${to}`,
    element: {
      ...(link === undefined ? {} : { link }),
      ...(from === undefined ? {} : { source: from }),
      ...(to === undefined ? {} : { destination: to }),
      mark,
    },
  };
}
