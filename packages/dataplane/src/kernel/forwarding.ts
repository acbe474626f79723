import type { ServiceInterface } from "../macvlan/interface.ts";
import type { TunnelledPeer } from "../tempest/tunnel.ts";
import type { DesiredSysctl, ServiceFault } from "./desired.ts";
import type { HostLink } from "./host.ts";
import type { HostFacts, NumberedService } from "./host-facts.ts";

export interface Forwarding {
  readonly sysctls: DesiredSysctl[];
  /** Links from which the host forwards only because we asked it to. */
  readonly openedLinks: Readonly<Record<4 | 6, readonly string[]>>;
  readonly faults: ServiceFault[];
}

/**
 * What goes through a tunnel is forwarded, so each link that it comes in by must forward. Switched on link by link;
 * nft keeps everything else that comes by such a link from being forwarded.
 */
export function forwardingFrom(
  services: readonly NumberedService[],
  tunnelled: readonly TunnelledPeer[],
  interfaces: readonly ServiceInterface[],
  facts: HostFacts,
): Forwarding {
  if (tunnelled.length === 0) return { sysctls: [], openedLinks: { 4: [], 6: [] }, faults: [] };
  const tunnels = tunnelled.map(({ link, peerId }) => [link, peerId] as const);
  const own = [...tunnels, ...interfaces.map(linkOfService)];
  const foreign = facts.links.filter(mayBringTraffic);
  const ipv6 = ipv6Setting(facts);
  const sysctls: DesiredSysctl[] = [
    ...own.flatMap(([link, owner]) => [
      { path: `net/ipv4/conf/${link}/forwarding`, value: "1", isForeign: false, owner },
      ...(ipv6 === "force_forwarding"
        ? [{ path: `net/ipv6/conf/${link}/force_forwarding`, value: "1", isForeign: false, owner }]
        : []),
    ]),
    ...tunnels.map(([link, owner]) => ({
      path: `net/ipv4/conf/${link}/rp_filter`,
      value: tunnelRpFilter(facts),
      isForeign: false,
      owner,
    })),
    ...foreign.flatMap((link) => [
      ...(hasFamily(link, 4) ? [foreignSysctl(`net/ipv4/conf/${link.name}/forwarding`)] : []),
      ...(hasFamily(link, 6) && ipv6 === "force_forwarding"
        ? [foreignSysctl(`net/ipv6/conf/${link.name}/force_forwarding`)]
        : []),
    ]),
  ];
  const opened = (family: 4 | 6, path: (name: string) => string): string[] =>
    foreign
      .filter((link) => hasFamily(link, family) && facts.baseSysctl(path(link.name)) === "0")
      .map((link) => link.name);
  return {
    sysctls,
    openedLinks: {
      4: opened(4, (name) => `net/ipv4/conf/${name}/forwarding`),
      6: ipv6 === "force_forwarding" ? opened(6, (name) => `net/ipv6/conf/${name}/force_forwarding`) : [],
    },
    faults: ipv6 === "missing" ? ipv6Faults(services, tunnelled) : [],
  };
}

/** How IPv6 is forwarded here: already on for the whole host, link by link (Linux 6.17 and newer), or not for us to set. */
function ipv6Setting(facts: HostFacts): "on" | "force_forwarding" | "missing" {
  if (facts.baseSysctl("net/ipv6/conf/all/forwarding") === "1") return "on";
  return facts.baseSysctl("net/ipv6/conf/all/force_forwarding") === undefined &&
    facts.baseSysctl("net/ipv6/conf/default/force_forwarding") === undefined
    ? "missing"
    : "force_forwarding";
}

/** Clients' addresses need no route by the tunnel in the main table; where the host checks them, ask loosely. */
function tunnelRpFilter(facts: HostFacts): string {
  return facts.baseSysctl("net/ipv4/conf/all/rp_filter") === "0" ? "0" : "2";
}

function mayBringTraffic(link: HostLink): boolean {
  return link.isUp && !link.isOurs && !link.isLoopback && link.kind !== "tun" && link.kind !== "wireguard";
}

function hasFamily(link: HostLink, family: 4 | 6): boolean {
  return link.addresses.some((own) => own.cidr.includes(":") === (family === 6));
}

const foreignSysctl = (path: string): DesiredSysctl => ({ path, value: "1", isForeign: true, owner: "host" });

const linkOfService = ({ link, numbered }: ServiceInterface) => [link, numbered.service.service_id] as const;

function ipv6Faults(services: readonly NumberedService[], tunnelled: readonly TunnelledPeer[]): ServiceFault[] {
  const peerIds = new Set(tunnelled.map((peer) => peer.peerId));
  return services
    .filter(({ service }) => peerIds.has(service.peer_id) && service.refuse === undefined && usesIpv6(service))
    .map(({ service }) => ({
      serviceId: service.service_id,
      part: "tunnel",
      reason:
        "this host does not forward IPv6, so only its TCP and IPv4 are carried: sysctl -w net.ipv6.conf.all.forwarding=1",
    }));
}

function usesIpv6(service: NumberedService["service"]): boolean {
  return (
    service.interface?.ipv6_cidr !== undefined ||
    service.routes.some((route) => (route.source_cidr ?? route.dest_cidr ?? "").includes(":"))
  );
}
