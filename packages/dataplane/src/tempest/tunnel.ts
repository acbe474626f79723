import type {
  DesiredAddress,
  DesiredLink,
  DesiredNeighbour,
  DesiredRoute,
  DesiredTunnel,
  ServiceFault,
} from "../kernel/desired.ts";
import type { HostConfig, HostFacts } from "../kernel/host-facts.ts";
import { ALIAS_PREFIX, tunnelTable, vxlanName } from "../kernel/names.ts";
import type { NetworkPlan, PlanPeer } from "../plan.ts";
import { OVERLAY_NETWORK, overlayAddress, overlayMac, pairVni, VXLAN_GATEWAY } from "./overlay.ts";

/** A peer to whose VXLAN device traffic may go. */
export interface TunnelledPeer {
  readonly peerId: string;
  readonly peerIndex: number;
  readonly link: string;
  readonly vni: number;
  readonly overlayAddress: string;
  /** 32 bytes, base64url. */
  readonly publicKey: string;
  readonly endpoint: { readonly address: string; readonly port: number };
}

/** WireGuard over IPv6: 40 bytes of IP, 8 of UDP, 32 of its own. */
const WIREGUARD_OVERHEAD = 80;
/** VXLAN over IPv6: 40 bytes of IP, 8 of UDP, 8 of its own, 14 of Ethernet. */
const VXLAN_OVERHEAD = 70;
/** The least that IPv6 runs on; below it the outer packets are fragmented instead. */
const MIN_INNER_MTU = 1280;

/** Nobody is spoken to from it, and no packet from it leaves a tunnel. */
const UNFILTERED_ADDRESS = "169.254.77.2";

/** Owner of what all tunnels of the host share. */
export const TUNNEL_OWNER = "tunnel";

/** The peers with a live service whose tunnel can be programmed, and why the others cannot. */
export function tunnelledPeers(
  plan: NetworkPlan,
  facts: HostFacts,
  config: HostConfig,
): { peers: TunnelledPeer[]; faults: ServiceFault[] } {
  const peersById = new Map(plan.peers.map((peer) => [peer.peer_id, peer]));
  const live = plan.services.filter((service) => service.refuse === undefined);
  const peerIdByVni = new Map<number, string>();
  const peers: TunnelledPeer[] = [];
  const faults: ServiceFault[] = [];
  for (const peerId of [...new Set(live.map((service) => service.peer_id))].sort()) {
    const found = tunnelledPeer(plan.peer_id, peerId, peersById.get(peerId), facts, config, peerIdByVni);
    if (typeof found !== "string") peers.push(found);
    else {
      const own = live.filter((service) => service.peer_id === peerId);
      faults.push(...own.map((service) => ({ serviceId: service.service_id, part: "tunnel" as const, reason: found })));
    }
  }
  return { peers, faults };
}

export interface TunnelParts {
  readonly tunnel?: DesiredTunnel;
  readonly links: DesiredLink[];
  readonly addresses: DesiredAddress[];
  readonly neighbours: DesiredNeighbour[];
  readonly routes: DesiredRoute[];
}

/** The WireGuard interface, and in it one VXLAN device a peer with a route into it. */
export function tunnelParts(
  ownPeerId: string,
  peers: readonly TunnelledPeer[],
  facts: HostFacts,
  config: HostConfig,
): TunnelParts {
  if (peers.length === 0) return { links: [], addresses: [], neighbours: [], routes: [] };
  const innerMtu = innerMtuFrom(facts);
  const name = config.tunnelInterface;
  const own = overlayAddress(ownPeerId);
  const per = peers.map((peer) => partsOfPeer(ownPeerId, peer, innerMtu, config));
  return {
    tunnel: { name, mtu: innerMtu + VXLAN_OVERHEAD, listenPort: config.tunnelPort, peers },
    links: [
      { kind: "wireguard", name, alias: `${ALIAS_PREFIX}tunnel`, mtu: innerMtu + VXLAN_OVERHEAD, owner: TUNNEL_OWNER },
      ...per.flatMap((parts) => parts.links),
    ],
    addresses: [
      { link: name, cidr: `${own}/128`, owner: TUNNEL_OWNER },
      ...(isReversePathFiltered(facts)
        ? peers.map(({ link, peerId }) => ({ link, cidr: `${UNFILTERED_ADDRESS}/32`, owner: peerId }))
        : []),
    ],
    neighbours: per.flatMap((parts) => parts.neighbours),
    routes: [
      // What is meant for the overlay never leaves by another way when the tunnel is down.
      { family: 6, type: "unreachable", destination: OVERLAY_NETWORK, metric: 4_000_000, owner: TUNNEL_OWNER },
      ...per.flatMap((parts) => parts.routes),
    ],
  };
}

/** However loosely the kernel checks sources, on a link without an address it lets in none at all. */
function isReversePathFiltered(facts: HostFacts): boolean {
  return (facts.baseSysctl("net/ipv4/conf/all/rp_filter") ?? "0") !== "0";
}

function tunnelledPeer(
  ownPeerId: string,
  peerId: string,
  peer: PlanPeer | undefined,
  facts: HostFacts,
  config: HostConfig,
  peerIdByVni: Map<number, string>,
): TunnelledPeer | string {
  const peerIndex = facts.allocations.peers.taken[peerId];
  if (peer === undefined || peerIndex === undefined) return `nothing is known of its other end, ${peerId}`;
  if (facts.tunnelBackend === "none") {
    return "this host has no WireGuard: install wireguard-go, or load the kernel's wireguard module";
  }
  const link = vxlanName(peerId);
  for (const name of [link, config.tunnelInterface]) {
    if (facts.links.some((found) => found.name === name && !found.isOurs && !isOwnTunnel(found.kind, name, config))) {
      return `a link named ${name} is there already and is not ours: remove it or give it another name`;
    }
  }
  if (peer.tunnel === undefined)
    return `${peer.name} has not said how its tunnel is reached; is its data plane running?`;
  const address = peer.addresses[0];
  if (address === undefined) return `no address of ${peer.name} is known`;
  const vni = pairVni(ownPeerId, peerId);
  const other = peerIdByVni.get(vni);
  if (other !== undefined)
    return `its tunnel number ${vni} is also that of ${other}: bootstrap one of the two peers anew`;
  peerIdByVni.set(vni, peerId);
  return {
    peerId,
    peerIndex,
    link,
    vni,
    overlayAddress: overlayAddress(peerId),
    publicKey: peer.tunnel.public_key,
    endpoint: { address, port: peer.tunnel.port },
  };
}

/** Between its making and its alias the tunnel's own interface bears no tag yet. */
function isOwnTunnel(kind: string, name: string, config: HostConfig): boolean {
  return name === config.tunnelInterface && (kind === "tun" || kind === "wireguard");
}

function partsOfPeer(
  ownPeerId: string,
  { peerId, peerIndex, link, vni, overlayAddress: remote }: TunnelledPeer,
  mtu: number,
  config: HostConfig,
): Omit<TunnelParts, "tunnel" | "addresses"> {
  const table = tunnelTable(peerIndex);
  const lower = config.tunnelInterface;
  const families = [4, 6] as const;
  return {
    links: [
      {
        kind: "vxlan",
        name: link,
        alias: `${ALIAS_PREFIX}${peerId}`,
        vni,
        local: overlayAddress(ownPeerId),
        remote,
        lower,
        mac: overlayMac(ownPeerId),
        mtu,
        owner: peerId,
      },
    ],
    neighbours: families.map((family) => ({
      link,
      address: VXLAN_GATEWAY[family],
      mac: overlayMac(peerId),
      owner: peerId,
    })),
    routes: [
      { family: 6, type: "unicast", destination: `${remote}/128`, link: lower, owner: peerId },
      // VXLAN's own packets bear the mark of what is in them; they must not be led into the device again.
      { family: 6, table, type: "throw", destination: OVERLAY_NETWORK, owner: peerId },
      ...families.map((family) => ({
        family,
        table,
        type: "unicast" as const,
        destination: "default",
        gateway: VXLAN_GATEWAY[family],
        link,
        owner: peerId,
      })),
    ],
  };
}

/** From the narrowest of the host's own links that are up; the path to the peer may be any of them. */
function innerMtuFrom(facts: HostFacts): number {
  const mtus = facts.links
    .filter((link) => link.isUp && !link.isOurs && !link.isLoopback && link.addresses.length > 0 && link.kind !== "tun")
    .map((link) => link.mtu);
  return Math.max(Math.min(1500, ...mtus) - WIREGUARD_OVERHEAD - VXLAN_OVERHEAD, MIN_INNER_MTU);
}
