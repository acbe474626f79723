import { isIP } from "node:net";
import {
  isPeerBody,
  isServiceBody,
  type LicenseState,
  type LiveRecord,
  type PeerBody,
  type PeerId,
  type PeerView,
  type ServiceBody,
} from "@arctic/core";
import type { NetworkPlan, PlanPeer, PlanService } from "@arctic/dataplane";
import { parseHostPort } from "../transport/address.ts";

/** What the plan is made of. */
export interface PlanSource {
  readonly self: PeerId;
  /** Live service records, in any order. */
  readonly services: readonly LiveRecord[];
  /** The live peer record of a peer. */
  readonly peerRecord: (peer: PeerId) => LiveRecord | undefined;
  /** What is known of a peer beside its record; `undefined` for a stranger. */
  readonly peerView: (peer: PeerId) => Pick<PeerView, "standing" | "provenAddresses"> | undefined;
  readonly members: readonly Pick<PeerView, "peerId" | "provenAddresses">[];
  readonly licenseState: LicenseState;
  readonly hasLeft: boolean;
  readonly agentPort: number;
}

/**
 * The whole desired network state of this host: every service that has its entry or its exit here, and the peers that
 * they name. Pure, and the same for the same registry: services and peers stand in the order of their ids.
 */
export function planFromRegistry(source: PlanSource): NetworkPlan {
  const services = localServices(source).map((service) => planService(source, service));
  const named = [...new Set(services.map((service) => service.peer_id))].sort() as PeerId[];
  return {
    format: 1,
    peer_id: source.self,
    peers: named.flatMap((peer) => planPeer(source, peer) ?? []),
    services,
    cluster_endpoints: clusterEndpoints(source),
    agent_ports: [source.agentPort],
  };
}

interface LocalService {
  readonly id: string;
  readonly owner: PeerId;
  readonly role: "entry" | "exit";
  readonly other: PeerId;
  readonly body: ServiceBody;
}

/** A service id that two owners use counts for the peer itself, else for the smaller owner: one plan names an id once. */
function localServices(source: PlanSource): LocalService[] {
  const serviceById = new Map<string, LocalService>();
  const byOwner = [...source.services].sort((a, b) => compareText(rank(a, source.self), rank(b, source.self)));
  for (const record of byOwner) {
    const service = localService(source, record);
    if (service !== undefined && !serviceById.has(service.id)) serviceById.set(service.id, service);
  }
  return [...serviceById.values()].sort((a, b) => compareText(a.id, b.id));
}

function rank(record: LiveRecord, self: PeerId): string {
  return record.owner === self ? "" : record.owner;
}

function localService(source: PlanSource, record: LiveRecord): LocalService | undefined {
  const body: unknown = record.body;
  if (!isServiceBody(body)) return undefined;
  const target = body.target_peer_id;
  if (record.owner === target) return undefined;
  const common = { id: record.id, owner: record.owner, body };
  if (record.owner === source.self) return { ...common, role: "entry", other: target };
  // An exit serves members alone: what a stranger writes opens nothing here.
  if (target === source.self && isMember(source, record.owner)) return { ...common, role: "exit", other: record.owner };
  return undefined;
}

function planService(source: PlanSource, { id, role, other, body }: LocalService): PlanService {
  const refusal = refusalOf(source, role, other);
  return {
    service_id: id,
    name: body.name,
    role,
    peer_id: other,
    fully_transparent: body.fully_transparent,
    bandwidth_limit_mbps: body.bandwidth_limit_mbps,
    ...(body.requires_interface
      ? { interface: { ...given("ipv4_cidr", body.desired_ipv4_cidr), ...given("ipv6_cidr", body.desired_ipv6_cidr) } }
      : {}),
    routes: body.routes.map(({ route_id, priority, source_cidr, dest_cidr }) => ({
      route_id,
      priority,
      ...given("source_cidr", source_cidr),
      ...given("dest_cidr", dest_cidr),
    })),
    ...given("refuse", refusal),
  };
}

/** Why a service must refuse its traffic, for a person; `undefined` where it may carry it. */
function refusalOf(source: PlanSource, role: "entry" | "exit", other: PeerId): string | undefined {
  const end = role === "entry" ? "target" : "source";
  if (source.hasLeft) return "this peer has left its cluster or was revoked: it carries nothing any more";
  if (source.licenseState === "suspended")
    return "the license has expired and its services are suspended: put in a renewed license";
  const standing = source.peerView(other)?.standing;
  if (standing === "left") return `the ${end} peer ${other} has left the cluster: choose another or delete the service`;
  if (standing === "revoked") return `the ${end} peer ${other} was revoked: choose another or delete the service`;
  if (standing !== "member") return `the ${end} peer ${other} is not a member of this cluster`;
  const body = peerBody(source, other);
  if (body === undefined) return `nothing is known yet of the ${end} peer ${other}`;
  if (body.pegasus === undefined && body.tunnel === undefined) {
    return `the ${end} peer ${body.name} runs no data plane: start arctic-dataplane there`;
  }
  return undefined;
}

/** Only members are in a plan; a service that names anybody else refuses. */
function planPeer(source: PlanSource, peer: PeerId): PlanPeer | undefined {
  const body = peerBody(source, peer);
  if (body === undefined || !isMember(source, peer)) return undefined;
  return {
    peer_id: peer,
    name: body.name,
    addresses: addressesOf(source, peer, body),
    ...given("pegasus", body.pegasus && { port: body.pegasus.port, tls_fingerprint: body.pegasus.tls_fingerprint }),
    ...given("tunnel", body.tunnel && { public_key: body.tunnel.public_key, port: body.tunnel.port }),
  };
}

/** IP addresses, proven ones first. A host name that was never proven is left out: the plan holds addresses alone. */
function addressesOf(source: PlanSource, peer: PeerId, body: PeerBody): string[] {
  const proven = source.peerView(peer)?.provenAddresses ?? [];
  const hosts = [...proven, ...body.addresses].flatMap((text) => parseHostPort(text)?.host ?? []);
  return [...new Set(hosts.filter((host) => isIP(host) !== 0))];
}

/** Only what a handshake has proven: an address that a peer merely announces exempts nothing from capture. */
function clusterEndpoints(source: PlanSource): NetworkPlan["cluster_endpoints"] {
  const texts = new Set(source.members.flatMap((member) => member.provenAddresses));
  return [...texts].sort().flatMap((text) => {
    const target = parseHostPort(text);
    return target === undefined || isIP(target.host) === 0 ? [] : [{ address: target.host, port: target.port }];
  });
}

function peerBody(source: PlanSource, peer: PeerId): PeerBody | undefined {
  const body: unknown = source.peerRecord(peer)?.body;
  return isPeerBody(body) ? body : undefined;
}

function isMember(source: PlanSource, peer: PeerId): boolean {
  return source.peerView(peer)?.standing === "member";
}

function given<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
