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

export interface RankedRoute<S extends RoutedService> extends RouteMatch<S>, RouteNetworks {}

interface RouteNetworks {
  readonly family: 4 | 6;
  readonly class: RouteClass;
  /** Class and lengths as one number: the smaller, the more specific. */
  readonly place: number;
  /** The networks, as text; which of the two are there is told by the class. */
  readonly key: string;
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
  // Sorted in parts, of which most are in order already.
  const routesByPlace = new Map<number, RankedRoute<S>[]>();
  for (const service of services) {
    for (const route of routesOf(service)) {
      const routes = routesByPlace.get(route.place);
      if (routes === undefined) routesByPlace.set(route.place, [route]);
      else routes.push(route);
    }
  }
  const parts = [...routesByPlace].sort(([a], [b]) => a - b);
  return parts.flatMap(([, routes]) => routes.sort(compareInPlace));
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

/** A service is data that nobody changes, and mostly stays from plan to plan: its routes are read once. */
const rankedByService = new WeakMap<RoutedService, readonly RankedRoute<RoutedService>[]>();

function routesOf<S extends RoutedService>(service: S): readonly RankedRoute<S>[] {
  // What is kept under a service was made of that very service.
  const held = rankedByService.get(service) as readonly RankedRoute<S>[] | undefined;
  if (held !== undefined) return held;
  const ranked = service.routes.flatMap((route) => {
    const networks = readNetworks(route);
    return networks === undefined ? [] : [{ service, route, ...networks }];
  });
  rankedByService.set(service, ranked);
  return ranked;
}

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
  if (source !== undefined && destination !== undefined && source.family !== destination.family) return undefined;
  const family = (source ?? destination)?.family;
  if (family === undefined) return undefined;
  const routeClass =
    source === undefined ? "destination" : destination === undefined ? "source" : "source_and_destination";
  return {
    family,
    class: routeClass,
    place: placeOf(routeClass, source, destination),
    key: keyText(destination?.network, source?.network),
    ...(source === undefined ? {} : { source }),
    ...(destination === undefined ? {} : { destination }),
  };
}

/** By class, then the longer destination, then the longer source. */
function placeOf(routeClass: RouteClass, source: Cidr | undefined, destination: Cidr | undefined): number {
  const shortness = (cidr: Cidr | undefined): number => 128 - (cidr?.prefixLength ?? -1);
  return (CLASS_ORDER[routeClass] * 256 + shortness(destination)) * 256 + shortness(source);
}

const keyText = (destination: bigint | undefined, source: bigint | undefined): string => `${destination} ${source}`;

/** For two of one place. */
function compareInPlace(a: RankedRoute<RoutedService>, b: RankedRoute<RoutedService>): number {
  return (
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
  const tablesByPlace = { 4: new Map<number, Table<S>>(), 6: new Map<number, Table<S>>() };
  const tables: Table<S>[] = [];
  for (const route of ranked) {
    const { family, place, key } = route;
    let table = tablesByPlace[family].get(place);
    if (table === undefined) {
      const [destinationLength, sourceLength] = [route.destination?.prefixLength, route.source?.prefixLength];
      table = { family, destinationLength, sourceLength, routesByKey: new Map() };
      tablesByPlace[family].set(place, table);
      tables.push(table);
    }
    if (!table.routesByKey.has(key)) table.routesByKey.set(key, route);
  }
  return tables;
}

function keyOf(packet: Packet, destinationLength: number | undefined, sourceLength: number | undefined): string {
  return keyText(
    destinationLength === undefined ? undefined : maskAddress(packet.destination, destinationLength),
    sourceLength === undefined ? undefined : maskAddress(packet.source, sourceLength),
  );
}
