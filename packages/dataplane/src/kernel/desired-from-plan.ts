import { networkOf, parseAddress } from "../cidr.ts";
import { asksDhcp, interfacesFrom, type ServiceInterface } from "../macvlan/interface.ts";
import type { NetworkPlan, PlanService } from "../plan.ts";
import { type TunnelledPeer, tunnelledPeers, tunnelParts } from "../tempest/tunnel.ts";
import type { Allocations } from "./allocation.ts";
import type { DesiredKernel, DesiredLimit, DesiredRoute, DesiredRule, ServiceFault } from "./desired.ts";
import { forwardingFrom } from "./forwarding.ts";
import type { HostConfig, HostFacts, NumberedService } from "./host-facts.ts";
import { ENTRY_ROLE, EXIT_ROLE, PEER_MASK, peerMark, REFUSE_ROLE, serviceMark, TPROXY_MARK } from "./mark.ts";
import { type MarkedService, matchMaps } from "./matching.ts";
import { RULE_PRIORITY, tproxyTable, tunnelTable, vxlanName } from "./names.ts";
import type { Ruleset } from "./ruleset.ts";

const FAMILIES = [4, 6] as const;

/** The whole kernel state for a plan. Pure: what cannot be had becomes a fault of its service. */
export function desiredFromPlan(plan: NetworkPlan, facts: HostFacts, config: HostConfig): DesiredKernel {
  const numbered = numberServices(plan, facts.allocations);
  const services = numbered.services;
  const tunnelled = tunnelledPeers(plan, facts, config);
  const interfaces = interfacesFrom(services, facts);
  const tunnel = tunnelParts(plan.peer_id, tunnelled.peers, facts, config);
  const limits = limitsFrom(services, tunnelled.peers);
  const forwarding = forwardingFrom(services, tunnelled.peers, interfaces.made, facts);
  // An exit's transparent connections need the way back to Pegasus too.
  const tproxy = services.length > 0 ? tproxyParts() : { routes: [], rules: [] };
  const refusing = refusingParts(plan, facts.allocations);
  return {
    ...(tunnel.tunnel === undefined ? {} : { tunnel: tunnel.tunnel }),
    links: [...tunnel.links, ...interfaces.links],
    addresses: [...tunnel.addresses, ...interfaces.addresses],
    neighbours: tunnel.neighbours,
    routes: [...tproxy.routes, ...refusing.routes, ...tunnel.routes, ...interfaces.routes],
    rules: [...tproxy.rules, ...refusing.rules, ...interfaces.rules],
    limits,
    sysctls: [...forwarding.sysctls, ...interfaces.sysctls],
    ruleset: rulesetFrom(plan, services, tunnelled.peers, interfaces.made, forwarding.openedLinks, config),
    markByService: new Map(services.map(({ service, mark }) => [service.service_id, mark])),
    faults: [...numbered.faults, ...tunnelled.faults, ...interfaces.faults, ...forwarding.faults, ...tcpFaults(plan)],
  };
}

function numberServices(
  plan: NetworkPlan,
  allocations: Allocations,
): { services: NumberedService[]; faults: ServiceFault[] } {
  const faults: ServiceFault[] = [];
  const services = plan.services.flatMap((service): NumberedService[] => {
    const { service_id: serviceId } = service;
    if (service.refuse !== undefined) faults.push({ serviceId, part: "all", reason: service.refuse });
    const serviceIndex = allocations.services.taken[serviceId];
    const peerIndex = allocations.peers.taken[service.peer_id];
    const capturePort = allocations.capture_ports.taken[serviceId];
    if (serviceIndex === undefined || peerIndex === undefined) {
      faults.push({
        serviceId,
        part: "all",
        reason: "this host carries as many services or peers as it has numbers for; delete some",
      });
      return [];
    }
    return [numberedService(service, serviceIndex, peerIndex, capturePort)];
  });
  return { services, faults };
}

/** A service that stays from plan to plan, with its numbers, stays the same object, and so does what is made of it. */
const numberedByService = new WeakMap<PlanService, NumberedService>();

function numberedService(
  service: PlanService,
  serviceIndex: number,
  peerIndex: number,
  capturePort: number | undefined,
): NumberedService {
  const held = numberedByService.get(service);
  if (held?.serviceIndex === serviceIndex && held.peerIndex === peerIndex && held.capturePort === capturePort)
    return held;
  const role = service.role === "entry" ? ENTRY_ROLE : EXIT_ROLE;
  const mark = serviceMark(serviceIndex, peerIndex, service.refuse === undefined ? role : role | REFUSE_ROLE);
  const made = { service, serviceIndex, peerIndex, mark, ...(capturePort === undefined ? {} : { capturePort }) };
  numberedByService.set(service, made);
  return made;
}

function tcpFaults(plan: NetworkPlan): ServiceFault[] {
  const peersById = new Map(plan.peers.map((peer) => [peer.peer_id, peer]));
  return plan.services.flatMap((service): ServiceFault[] => {
    const peer = peersById.get(service.peer_id);
    const fault = (reason: string): ServiceFault[] => [{ serviceId: service.service_id, part: "tcp", reason }];
    if (peer === undefined) return fault(`nothing is known of its other end, ${service.peer_id}`);
    if (peer.pegasus === undefined)
      return fault(`${peer.name} has not said how its Pegasus is reached; is its data plane running?`);
    if (peer.addresses.length === 0) return fault(`no address of ${peer.name} is known`);
    return [];
  });
}

function tproxyParts(): { routes: DesiredRoute[]; rules: DesiredRule[] } {
  return {
    routes: FAMILIES.map((family) => ({
      family,
      table: tproxyTable(),
      type: "local",
      destination: "default",
      link: "lo",
      owner: "host",
    })),
    rules: FAMILIES.map((family) => ({
      family,
      priority: RULE_PRIORITY.tproxy,
      table: tproxyTable(),
      selector: { type: "mark", mark: TPROXY_MARK, mask: 0xf },
      owner: "host",
    })),
  };
}

/** What bears a peer's mark looks in its table alone, which ends in `unreachable` whether or not a tunnel comes before. */
function refusingParts(plan: NetworkPlan, allocations: Allocations): { routes: DesiredRoute[]; rules: DesiredRule[] } {
  const peerIds = [...new Set(plan.services.map((service) => service.peer_id))].sort();
  const routes: DesiredRoute[] = [];
  const rules: DesiredRule[] = [];
  for (const peerId of peerIds) {
    const index = allocations.peers.taken[peerId];
    if (index === undefined) continue;
    for (const family of FAMILIES) {
      const table = tunnelTable(index);
      routes.push({ family, table, type: "unreachable", destination: "default", metric: 4_000_000, owner: peerId });
      rules.push({
        family,
        priority: RULE_PRIORITY.tunnel,
        table,
        selector: { type: "mark", mark: peerMark(index), mask: PEER_MASK },
        owner: peerId,
      });
    }
  }
  return { routes, rules };
}

function rulesetFrom(
  plan: NetworkPlan,
  services: readonly NumberedService[],
  tunnelled: readonly TunnelledPeer[],
  interfaces: readonly ServiceInterface[],
  openedLinks: Ruleset["openedLinks"],
  config: HostConfig,
): Ruleset {
  const linksByPeer = new Map(tunnelled.map((peer) => [peer.peerId, peer.link]));
  const entries = services.filter(({ service }) => service.role === "entry");
  const exits = services.filter(({ service }) => service.role === "exit" && service.refuse === undefined);
  const carriedExits = exits.filter(({ service }) => linksByPeer.has(service.peer_id));
  const liveEntries = entries.filter(({ service }) => service.refuse === undefined);
  return {
    countedMarks: services.filter(({ service }) => service.refuse === undefined).map(({ mark }) => mark),
    entryMaps: matchMaps(entries.map(markedService)),
    exitMaps: matchMaps(carriedExits.map(markedService)),
    serviceLinks: interfaces.map(({ numbered, link, capturePort }) => ({
      link,
      serviceIndex: numbered.serviceIndex,
      mark: numbered.mark,
      capturePort,
    })),
    tunnels: tunnelled.map(({ link, peerIndex, overlayAddress, vni }) => ({ link, peerIndex, overlayAddress, vni })),
    entryFlows: liveEntries.flatMap(({ service, mark }) => {
      const link = linksByPeer.get(service.peer_id);
      return link === undefined ? [] : [{ link, mark }];
    }),
    strandedFlows: liveEntries.filter(({ service }) => !linksByPeer.has(service.peer_id)).map(({ mark }) => mark),
    limited: limitsFrom(services, tunnelled).map(({ mark, serviceIndex }) => ({ mark, serviceIndex })),
    exitFlows: carriedExits.map(({ mark }) => mark),
    masqueraded: carriedExits.filter(({ service }) => !service.fully_transparent).map(({ mark }) => mark),
    clusterEndpoints: plan.cluster_endpoints.flatMap(({ address, port }) => {
      const parsed = parseAddress(address);
      return parsed === undefined ? [] : [{ family: parsed.family, address, port }];
    }),
    openedLinks,
    exitPolicy: config.exitPolicy,
    capturePort: config.capturePort,
    tunnelInterface: config.tunnelInterface,
    tunnelPort: config.tunnelPort,
  };
}

/** Each host limits what it puts into the tunnel, so each direction is limited where it enters. */
function limitsFrom(services: readonly NumberedService[], tunnelled: readonly TunnelledPeer[]): DesiredLimit[] {
  const linksByPeer = new Map(tunnelled.map((peer) => [peer.peerId, peer.link]));
  return services.flatMap(({ service, serviceIndex, mark }): DesiredLimit[] => {
    const link = linksByPeer.get(service.peer_id);
    if (service.bandwidth_limit_mbps === 0 || service.refuse !== undefined || link === undefined) return [];
    const bitsPerSecond = service.bandwidth_limit_mbps * 1_000_000;
    return [{ link, serviceIndex, mark, bitsPerSecond, owner: service.service_id }];
  });
}

const markedByNumbered = new WeakMap<NumberedService, MarkedService>();

function markedService(numbered: NumberedService): MarkedService {
  const held = markedByNumbered.get(numbered);
  if (held !== undefined) return held;
  const made = numbered.service.role === "entry" ? markedEntry(numbered) : markedExit(numbered);
  markedByNumbered.set(numbered, made);
  return made;
}

function markedEntry({ service, mark }: NumberedService): MarkedService {
  return { serviceId: service.service_id, routes: service.routes, mark };
}

function markedExit({ service, mark }: NumberedService): MarkedService {
  // What DHCP gave the interface is known at the entry alone.
  const networks = asksDhcp(service)
    ? ["0.0.0.0/0"]
    : [service.interface?.ipv4_cidr, service.interface?.ipv6_cidr].filter((cidr) => cidr !== undefined);
  return {
    serviceId: service.service_id,
    routes: service.routes,
    mark,
    link: vxlanName(service.peer_id),
    interfaceNetworks: networks.filter((cidr) => networkOf(cidr) !== undefined),
  };
}
