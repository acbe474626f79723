import { formatCidr, networkOf } from "../cidr.ts";
import type {
  DesiredAddress,
  DesiredLink,
  DesiredRoute,
  DesiredRule,
  DesiredSysctl,
  ServiceFault,
} from "../kernel/desired.ts";
import { type HostLink, linkHolding } from "../kernel/host.ts";
import type { HostFacts, NumberedService } from "../kernel/host-facts.ts";
import { ALIAS_PREFIX, RULE_PRIORITY, serviceLinkName, serviceTable } from "../kernel/names.ts";
import type { PlanService } from "../plan.ts";
import { macFrom } from "../tempest/overlay.ts";

/** A service's own address on the LAN: a MACVLAN interface on the entry. */
export interface ServiceInterface {
  readonly numbered: NumberedService;
  readonly link: string;
  readonly parent: string;
  readonly capturePort: number;
}

export interface InterfaceParts {
  readonly made: ServiceInterface[];
  readonly links: DesiredLink[];
  readonly addresses: DesiredAddress[];
  readonly routes: DesiredRoute[];
  readonly rules: DesiredRule[];
  readonly sysctls: DesiredSysctl[];
  readonly faults: ServiceFault[];
}

/** Above the metric of any connected route of the parent, so that the host's own traffic keeps its way. */
const CONNECTED_METRIC = 4000;

export function interfacesFrom(services: readonly NumberedService[], facts: HostFacts): InterfaceParts {
  const made: ServiceInterface[] = [];
  const faults: ServiceFault[] = [];
  const names = new Set<string>();
  for (const numbered of services) {
    if (numbered.service.role !== "entry" || numbered.service.interface === undefined) continue;
    const found = interfaceOf(numbered, facts, names);
    if (typeof found !== "string") {
      made.push(found);
      names.add(found.link);
    } else {
      // A service that takes traffic by its routes too goes on with those.
      const part = numbered.service.routes.length === 0 ? "all" : "interface";
      faults.push({ serviceId: numbered.service.service_id, part, reason: found });
    }
  }
  const leasedOf = ({ numbered }: ServiceInterface): string | undefined =>
    asksDhcp(numbered.service) ? facts.leasedCidrs.get(numbered.service.service_id) : undefined;
  for (const one of made) {
    const { service_id: serviceId, ...service } = one.numbered.service;
    if (!asksDhcp(service) || leasedOf(one) !== undefined) continue;
    const reason = `its interface ${one.link} has asked DHCP on ${one.parent} for an address and has none yet: is there a server?`;
    faults.push({ serviceId, part: service.routes.length === 0 ? "all" : "interface", reason });
  }
  const parts = made.map((one) => partsOf(one, leasedOf(one)));
  return {
    made,
    links: parts.flatMap((part) => part.links),
    addresses: parts.flatMap((part) => part.addresses),
    routes: parts.flatMap((part) => part.routes),
    rules: parts.flatMap((part) => part.rules),
    sysctls: sysctlsFrom(made, facts),
    faults,
  };
}

/** An interface for which no address is wished gets one by DHCP. */
export function asksDhcp({ interface: wanted }: Pick<PlanService, "interface">): boolean {
  return wanted !== undefined && wanted.ipv4_cidr === undefined && wanted.ipv6_cidr === undefined;
}

function interfaceOf(
  numbered: NumberedService,
  facts: HostFacts,
  names: ReadonlySet<string>,
): ServiceInterface | string {
  const { service, capturePort } = numbered;
  const wanted = service.interface;
  const addresses = [wanted?.ipv4_cidr, wanted?.ipv6_cidr].filter((cidr) => cidr !== undefined);
  const first = addresses[0];
  if (capturePort === undefined) return "no loopback port is left for its interface: delete services with interfaces";
  const link = serviceLinkName(service.service_id);
  if (names.has(link)) return `its interface's name ${link} is also that of another service: create the service anew`;
  if (facts.links.some((found) => found.name === link && !found.isOurs)) {
    return `a link named ${link} is there already and is not ours: remove it or give it another name`;
  }
  const held = heldElsewhere(addresses, link, facts.links);
  if (held !== undefined) return held;
  const parent =
    first === undefined ? leasedParent(wanted?.parent, facts) : parentOf(wanted?.parent, first, facts.links);
  return typeof parent === "string" ? parent : { numbered, link, parent: parent.name, capturePort };
}

function heldElsewhere(addresses: readonly string[], link: string, links: readonly HostLink[]): string | undefined {
  const wanted = new Set(addresses.map((cidr) => cidr.split("/")[0]));
  for (const found of links) {
    const same = found.addresses.find((own) => found.name !== link && wanted.has(own.cidr.split("/")[0]));
    if (same !== undefined) return `${same.cidr} is already an address of ${found.name}: give its interface another`;
  }
  return undefined;
}

/** Without an address there is no network to look for; DHCP is asked where the host itself looks outward. */
function leasedParent(named: string | undefined, facts: HostFacts): HostLink | string {
  if (named !== undefined || facts.defaultLink !== undefined) {
    return parentOf(named ?? facts.defaultLink, "", facts.links);
  }
  const candidates = facts.links.filter(
    (link) => link.isUp && !link.isOurs && !link.isLoopback && link.kind !== "tun" && link.kind !== "wireguard",
  );
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) return only;
  return "its interface is to ask DHCP, and this host has no default route that says on which link: name the interface's parent";
}

function parentOf(named: string | undefined, cidr: string, links: readonly HostLink[]): HostLink | string {
  const address = cidr.split("/")[0] ?? "";
  const parent = named === undefined ? linkHolding(links, address) : links.find((link) => link.name === named);
  if (parent === undefined) {
    return named === undefined
      ? `no link of this host is in the network of ${address}: name the interface's parent`
      : `this host has no link ${named}, the parent of its interface`;
  }
  return parent.isUp ? parent : `${parent.name}, the parent of its interface, is down: ip link set ${parent.name} up`;
}

function partsOf(
  { numbered, link, parent }: ServiceInterface,
  leased: string | undefined,
): Omit<InterfaceParts, "made" | "sysctls" | "faults"> {
  const { service, serviceIndex } = numbered;
  const owner = service.service_id;
  const cidrs = [service.interface?.ipv4_cidr, service.interface?.ipv6_cidr, leased].filter(
    (cidr) => cidr !== undefined,
  );
  const table = serviceTable(serviceIndex);
  return {
    links: [
      {
        kind: "macvlan",
        name: link,
        alias: `${ALIAS_PREFIX}${owner}`,
        lower: parent,
        mac: macFrom(`arctic service ${owner}`),
        owner,
      },
    ],
    addresses: cidrs.map((cidr) => ({ link, cidr, metric: CONNECTED_METRIC, owner })),
    routes: cidrs.flatMap((cidr) => {
      const network = networkOf(cidr);
      return network === undefined
        ? []
        : [{ family: network.family, table, type: "unicast" as const, destination: formatCidr(network), link, owner }];
    }),
    rules: cidrs.map((cidr) => ({
      family: cidr.includes(":") ? (6 as const) : (4 as const),
      priority: RULE_PRIORITY.service,
      table,
      selector: { type: "source" as const, address: cidr.split("/")[0] ?? "" },
      owner,
    })),
  };
}

/** Without these the parent answers ARP for the service's address, and the host drops what comes by two links. */
function sysctlsFrom(made: readonly ServiceInterface[], facts: HostFacts): DesiredSysctl[] {
  const settings: DesiredSysctl[] = [];
  const owners = new Map<string, string>();
  for (const { numbered, link, parent } of made) {
    const owner = numbered.service.service_id;
    settings.push(...linkSysctls(link, false, owner, facts));
    if (!owners.has(parent)) settings.push(...linkSysctls(parent, true, owner, facts));
    owners.set(parent, owner);
  }
  return settings;
}

function linkSysctls(link: string, isForeign: boolean, owner: string, facts: HostFacts): DesiredSysctl[] {
  const conf = `net/ipv4/conf/${link}`;
  const own = facts.baseSysctl(`${conf}/rp_filter`) ?? facts.baseSysctl("net/ipv4/conf/default/rp_filter");
  const isStrict = Math.max(Number(facts.baseSysctl("net/ipv4/conf/all/rp_filter") ?? 0), Number(own ?? 0)) === 1;
  return [
    { path: `${conf}/arp_ignore`, value: "1", isForeign, owner },
    { path: `${conf}/arp_announce`, value: "2", isForeign, owner },
    // The kernel takes the larger of this and all.rp_filter; 2 only asks that there be some route back.
    ...(isStrict ? [{ path: `${conf}/rp_filter`, value: "2", isForeign, owner }] : []),
  ];
}
