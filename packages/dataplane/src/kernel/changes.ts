import type { Change } from "./change.ts";
import type { DesiredKernel, DesiredLink, DesiredRoute, DesiredRule } from "./desired.ts";
import type { HostLink } from "./host.ts";
import { limitChanges } from "./limits.ts";
import { ROUTE_PROTOCOL, VXLAN_PORT } from "./names.ts";
import type { ObservedKernel, ObservedRoute, ObservedRule } from "./observed.ts";

export interface Changes {
  /** Links that go or are made anew; first, so that nothing comes in by a link whose rules are gone. */
  readonly linkRemovals: readonly Change[];
  /** Rules, and the routes that refuse or deliver to the host itself; before nft, which sends marked packets there. */
  readonly foundations: readonly Change[];
  /** Links and what leads into them; after nft, so that nothing comes in by a link before its rules. */
  readonly additions: readonly Change[];
  /** For `tc`, after the links are there. */
  readonly limits: readonly Change[];
  /** Routes and rules that go; after nft, so that nothing marked is without its route. */
  readonly removals: readonly Change[];
}

/** The difference between what the kernel must hold and what it holds. Empty lists when they agree. */
export function changesBetween(desired: DesiredKernel, observed: ObservedKernel): Changes {
  const linksByName = new Map(observed.links.map((link) => [link.name, link]));
  const remade = new Set(desired.links.filter((link) => mustRemake(link, linksByName.get(link.name))).map(nameOf));
  const wantedNames = new Set(desired.links.map(nameOf));
  const gone = observed.links.filter(
    (link) => link.isOurs && link.kind !== "tun" && link.kind !== "wireguard" && !wantedNames.has(link.name),
  );
  const lost = new Set([...remade, ...gone.map((link) => link.name)]);
  // With a link's last address the kernel takes all routes by it.
  const readdressed = desired.links.filter(
    (link) => surplusAddresses(link, linksByName.get(link.name), desired.addresses).length > 0,
  );
  const unrouted = new Set([...lost, ...readdressed.map(nameOf)]);
  const held = {
    routes: observed.routes.filter((route) => route.link === undefined || !unrouted.has(route.link)),
    neighbours: observed.neighbours.filter((neighbour) => !lost.has(neighbour.link)),
  };
  return {
    linkRemovals: [
      ...gone.map((link) => ({ line: `link delete dev ${link.name}`, owner: "host" })),
      ...desired.links
        .filter((link) => remade.has(link.name) && linksByName.has(link.name))
        .map((link) => ({ line: `link delete dev ${link.name}`, owner: link.owner })),
    ],
    foundations: [
      ...missing(desired.routes.filter(isFoundation), held.routes, routeKey, observedRouteKey, addRoute),
      ...missing(desired.rules, observed.rules, ruleKey, observedRuleKey, addRule),
    ],
    additions: [
      ...desired.links.flatMap((link) => linkChanges(link, remade.has(link.name), linksByName.get(link.name), desired)),
      ...missingNeighbours(desired, held.neighbours),
      ...missing(
        desired.routes.filter((route) => !isFoundation(route)),
        held.routes,
        routeKey,
        observedRouteKey,
        addRoute,
      ),
    ],
    limits: limitChanges(desired, observed, lost),
    removals: [
      ...surplus(desired.rules, observed.rules, ruleKey, observedRuleKey, deleteRule),
      ...surplus(desired.routes, held.routes, routeKey, observedRouteKey, deleteRoute),
    ],
  };
}

const isFoundation = (route: DesiredRoute): boolean => route.link === undefined || route.link === "lo";

const nameOf = (link: { readonly name: string }): string => link.name;

function mustRemake(desired: DesiredLink, found: HostLink | undefined): boolean {
  if (desired.kind === "wireguard") return false;
  if (found === undefined || found.kind !== desired.kind || found.mac !== desired.mac || found.lower !== desired.lower)
    return true;
  if (desired.kind === "macvlan") return false;
  const { vxlan } = found;
  return (
    vxlan?.vni !== desired.vni ||
    vxlan.local !== desired.local ||
    vxlan.remote !== desired.remote ||
    vxlan.port !== VXLAN_PORT
  );
}

function linkChanges(
  link: DesiredLink,
  isNew: boolean,
  found: HostLink | undefined,
  { addresses }: DesiredKernel,
): Change[] {
  const { name, owner } = link;
  if (link.kind === "wireguard" && found === undefined) return [];
  const kept = isNew ? undefined : found;
  const lines = [
    ...(isNew ? creation(link) : []),
    ...(!isNew && link.kind !== "macvlan" && kept?.mtu !== link.mtu ? [`link set dev ${name} mtu ${link.mtu}`] : []),
    ...(kept?.alias === link.alias ? [] : [`link set dev ${name} alias ${link.alias}`]),
    // No address of its own but the ones named: a tunnel answers nobody.
    ...(kept?.alias === link.alias || link.kind === "macvlan" ? [] : [`link set dev ${name} addrgenmode none`]),
    ...surplusAddresses(link, kept, addresses),
    ...missingAddresses(link, kept, addresses),
    ...(kept?.isUp === true ? [] : [`link set dev ${name} up`]),
  ];
  return lines.map((line) => ({ line, owner }));
}

function creation(link: DesiredLink): string[] {
  switch (link.kind) {
    case "wireguard":
      return [];
    case "macvlan":
      return [`link add name ${link.name} link ${link.lower} address ${link.mac} type macvlan mode bridge`];
    case "vxlan":
      return [
        `link add name ${link.name} mtu ${link.mtu} address ${link.mac} type vxlan id ${link.vni} local ${link.local} remote ${link.remote} dstport ${VXLAN_PORT} nolearning dev ${link.lower}`,
      ];
  }
}

function missingAddresses(
  link: DesiredLink,
  kept: HostLink | undefined,
  addresses: DesiredKernel["addresses"],
): string[] {
  return addresses
    .filter((address) => address.link === link.name && !kept?.addresses.some((own) => own.cidr === address.cidr))
    .map(({ cidr, metric }) => {
      // The overlay address is nobody else's, so there is nobody to ask whether it is taken.
      const options = [
        ...(metric === undefined ? [] : [`metric ${metric}`]),
        ...(link.kind === "wireguard" ? ["nodad"] : []),
      ];
      return [`address add ${cidr} dev ${link.name}`, ...options].join(" ");
    });
}

function surplusAddresses(
  link: DesiredLink,
  kept: HostLink | undefined,
  addresses: DesiredKernel["addresses"],
): string[] {
  const wanted = new Set(addresses.filter((address) => address.link === link.name).map((address) => address.cidr));
  return (kept?.addresses ?? [])
    .filter((own) => !wanted.has(own.cidr) && !own.isAutomatic && !own.cidr.startsWith("fe80:"))
    .map((own) => `address delete ${own.cidr} dev ${link.name}`);
}

function missingNeighbours(desired: DesiredKernel, held: ObservedKernel["neighbours"]): Change[] {
  const known = new Set(held.map(({ link, address, mac }) => `${link} ${address} ${mac}`));
  return desired.neighbours
    .filter(({ link, address, mac }) => !known.has(`${link} ${address} ${mac}`))
    .map(({ link, address, mac, owner }) => ({
      line: `neighbour replace ${address} lladdr ${mac} dev ${link} nud permanent`,
      owner,
    }));
}

function missing<D extends { readonly owner: string }, O>(
  desired: readonly D[],
  observed: readonly O[],
  keyOf: (item: D) => string,
  observedKeyOf: (item: O) => string,
  line: (item: D) => string,
): Change[] {
  const known = new Set(observed.map(observedKeyOf));
  return desired.filter((item) => !known.has(keyOf(item))).map((item) => ({ line: line(item), owner: item.owner }));
}

function surplus<D, O>(
  desired: readonly D[],
  observed: readonly O[],
  keyOf: (item: D) => string,
  observedKeyOf: (item: O) => string,
  line: (item: O) => string,
): Change[] {
  const wanted = new Set(desired.map(keyOf));
  return observed
    .filter((item) => !wanted.has(observedKeyOf(item)))
    .map((item) => ({ line: line(item), owner: "host" }));
}

/** What IPv6 routes get when none is named. */
const DEFAULT_METRIC = { 4: 0, 6: 1024 } as const;

function routeKey(route: DesiredRoute): string {
  return keyOfRoute({
    family: route.family,
    table: route.table === undefined ? "main" : String(route.table),
    type: route.type,
    destination: route.destination,
    link: route.link,
    gateway: route.gateway,
    metric: route.metric ?? DEFAULT_METRIC[route.family],
  });
}

const observedRouteKey = (route: ObservedRoute): string => keyOfRoute(route);

function keyOfRoute(route: ObservedRoute): string {
  // IPv6 names `lo` in routes that lead nowhere.
  const link = route.type === "unreachable" || route.type === "throw" ? undefined : route.link;
  return [route.family, route.table, route.type, route.destination, link, route.gateway, route.metric].join(" ");
}

function addRoute(route: DesiredRoute): string {
  const { type, destination, gateway, link, metric, table } = route;
  return [
    `-${route.family} route replace`,
    ...(type === "unicast" ? [] : [type]),
    destination,
    ...(gateway === undefined ? [] : [`via ${gateway}`]),
    ...(link === undefined ? [] : [`dev ${link}`]),
    ...(gateway === undefined ? [] : ["onlink"]),
    ...(metric === undefined ? [] : [`metric ${metric}`]),
    ...(table === undefined ? [] : [`table ${table}`]),
    `proto ${ROUTE_PROTOCOL}`,
  ].join(" ");
}

function deleteRoute(route: ObservedRoute): string {
  const { type, destination, gateway, link, metric, table } = route;
  const hasLink = link !== undefined && type !== "unreachable" && type !== "throw";
  return [
    `-${route.family} route delete`,
    ...(type === "unicast" ? [] : [type]),
    destination,
    ...(gateway === undefined ? [] : [`via ${gateway}`]),
    ...(hasLink ? [`dev ${link}`] : []),
    ...(metric === 0 ? [] : [`metric ${metric}`]),
    `table ${table}`,
    `proto ${ROUTE_PROTOCOL}`,
  ].join(" ");
}

function ruleKey({ family, priority, table, selector }: DesiredRule): string {
  return selector.type === "mark"
    ? keyOfRule({ family, priority, table: String(table), source: "all", mark: selector.mark, mask: selector.mask })
    : keyOfRule({ family, priority, table: String(table), source: selector.address, mark: undefined, mask: undefined });
}

const observedRuleKey = (rule: ObservedRule): string => keyOfRule(rule);

function keyOfRule(rule: ObservedRule): string {
  return [rule.family, rule.priority, rule.table, rule.source, rule.mark, rule.mask].join(" ");
}

function addRule({ family, priority, table, selector }: DesiredRule): string {
  const match = selector.type === "mark" ? markMatch(selector.mark, selector.mask) : `from ${selector.address}`;
  return `-${family} rule add ${match} lookup ${table} priority ${priority} protocol ${ROUTE_PROTOCOL}`;
}

function deleteRule({ family, priority, table, source, mark, mask }: ObservedRule): string {
  const match = mark === undefined || mask === undefined ? `from ${source}` : markMatch(mark, mask);
  return `-${family} rule delete ${match} lookup ${table} priority ${priority} protocol ${ROUTE_PROTOCOL}`;
}

const markMatch = (mark: number, mask: number): string => `fwmark 0x${mark.toString(16)}/0x${mask.toString(16)}`;
