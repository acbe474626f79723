import { type Cidr, type IpAddress, maskAddress, parseCidr } from "./cidr.ts";
import type { PlanRoute } from "./plan.ts";

/**
 * Which service a packet belongs to, by source and destination network. The kernel's maps and Pegasus's own table
 * are both made from {@link rankRoutes}, so the two agree.
 */

export interface RoutedService {
  readonly serviceId: string;
  readonly routes: readonly PlanRoute[];
}

/** The addresses of one packet or flow; both of one family, or nothing matches. */
export interface Packet {
  readonly source: IpAddress;
  readonly destination: IpAddress;
}

export interface RouteMatch<S extends RoutedService> {
  readonly service: S;
  readonly route: PlanRoute;
}

export interface RankedRoute<S extends RoutedService> extends RouteMatch<S> {
  readonly family: 4 | 6;
  readonly class: RouteClass;
  readonly source?: Cidr;
  readonly destination?: Cidr;
}

/** From the most to the least specific. */
export type RouteClass = "source_and_destination" | "source" | "destination";

const CLASS_ORDER: Readonly<Record<RouteClass, number>> = { source_and_destination: 0, source: 1, destination: 2 };

/** The route that a packet takes, decided anew from all routes. For many packets make a matcher once. */
export function matchRoute<S extends RoutedService>(services: readonly S[], packet: Packet): RouteMatch<S> | undefined {
  return createMatcher(services)(packet);
}

/**
 * Every route that can match, most specific first: source and destination, then source only, then destination only;
 * inside a class the longer destination, the longer source, the higher priority, the older service id, the lower
 * route id. Left out are routes without a network, of two families, or not canonical: they match nothing.
 */
export function rankRoutes<S extends RoutedService>(services: readonly S[]): RankedRoute<S>[] {
  const ranked = services.flatMap((service) =>
    service.routes.flatMap((route) => {
      const rankedRoute = rankedFrom(service, route);
      return rankedRoute === undefined ? [] : [rankedRoute];
    }),
  );
  return ranked.sort(compareRanked);
}

/** Whether {@link rankRoutes} takes the route: it names a network, canonically, and no two families. */
export const isRankable = (route: PlanRoute): boolean => readNetworks(route) !== undefined;

/** A table of hash look-ups: one a (class, family, destination length, source length), most specific first. */
export function createMatcher<S extends RoutedService>(
  services: readonly S[],
): (packet: Packet) => RouteMatch<S> | undefined {
  const tables = tablesFrom(rankRoutes(services));
  return (packet) => {
    if (packet.source.family !== packet.destination.family) return undefined;
    for (const table of tables) {
      if (table.family !== packet.source.family) continue;
      const found = table.routesByKey.get(keyOf(packet, table.destinationLength, table.sourceLength));
      if (found !== undefined) return { service: found.service, route: found.route };
    }
    return undefined;
  };
}

function rankedFrom<S extends RoutedService>(service: S, route: PlanRoute): RankedRoute<S> | undefined {
  const networks = readNetworks(route);
  return networks === undefined ? undefined : { service, route, ...networks };
}

type RouteNetworks = Pick<RankedRoute<RoutedService>, "family" | "class" | "source" | "destination">;

/** A route is data that nobody changes, and plans mostly bring the one that was there before: it is read once. */
const networksByRoute = new WeakMap<PlanRoute, { readonly read: RouteNetworks | undefined }>();

function readNetworks(route: PlanRoute): RouteNetworks | undefined {
  const held = networksByRoute.get(route) ?? { read: networksFrom(route) };
  networksByRoute.set(route, held);
  return held.read;
}

function networksFrom(route: PlanRoute): RouteNetworks | undefined {
  const source = route.source_cidr === undefined ? undefined : parseCidr(route.source_cidr);
  const destination = route.dest_cidr === undefined ? undefined : parseCidr(route.dest_cidr);
  if (source === undefined && route.source_cidr !== undefined) return undefined;
  if (destination === undefined && route.dest_cidr !== undefined) return undefined;
  if (source !== undefined && destination !== undefined) {
    if (source.family !== destination.family) return undefined;
    return { family: source.family, class: "source_and_destination", source, destination };
  }
  if (source !== undefined) return { family: source.family, class: "source", source };
  if (destination !== undefined) return { family: destination.family, class: "destination", destination };
  return undefined;
}

function compareRanked(a: RankedRoute<RoutedService>, b: RankedRoute<RoutedService>): number {
  return (
    CLASS_ORDER[a.class] - CLASS_ORDER[b.class] ||
    lengthOf(b.destination) - lengthOf(a.destination) ||
    lengthOf(b.source) - lengthOf(a.source) ||
    b.route.priority - a.route.priority ||
    compareText(a.service.serviceId, b.service.serviceId) ||
    a.route.route_id - b.route.route_id
  );
}

/** The time stands first in an id, so the smaller text is the older service. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

interface Table<S extends RoutedService> {
  readonly family: 4 | 6;
  /** Undefined: the routes of this table say nothing about that side. */
  readonly destinationLength: number | undefined;
  readonly sourceLength: number | undefined;
  readonly routesByKey: Map<string, RankedRoute<S>>;
}

function tablesFrom<S extends RoutedService>(ranked: readonly RankedRoute<S>[]): Table<S>[] {
  const tablesByName = new Map<string, Table<S>>();
  for (const route of ranked) {
    const destinationLength = route.destination?.prefixLength;
    const sourceLength = route.source?.prefixLength;
    const name = `${route.family} ${destinationLength} ${sourceLength}`;
    const table = tablesByName.get(name) ?? {
      family: route.family,
      destinationLength,
      sourceLength,
      routesByKey: new Map(),
    };
    tablesByName.set(name, table);
    const key = `${route.destination?.network} ${route.source?.network}`;
    if (!table.routesByKey.has(key)) table.routesByKey.set(key, route);
  }
  return [...tablesByName.values()];
}

function keyOf(packet: Packet, destinationLength: number | undefined, sourceLength: number | undefined): string {
  const destination = destinationLength === undefined ? undefined : maskAddress(packet.destination, destinationLength);
  const source = sourceLength === undefined ? undefined : maskAddress(packet.source, sourceLength);
  return `${destination} ${source}`;
}

function lengthOf(cidr: Cidr | undefined): number {
  return cidr?.prefixLength ?? -1;
}
