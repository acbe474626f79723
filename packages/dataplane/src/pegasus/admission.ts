import { type Cidr, cidrContains, formatAddress, type IpAddress, parseCidr } from "../cidr.ts";
import type { OpenRequest } from "./frame.ts";
import type { PegasusPlan, PegasusService } from "./pegasus.ts";

/** What the exit knows when it decides whether to let a flow out. */
export interface AdmissionContext {
  readonly plan: PegasusPlan;
  /** Of the certificate that the link was proven with. */
  readonly linkFingerprint: string;
  /** Is the address this host's own, or one of its networks' broadcast addresses? */
  isHostAddress(address: IpAddress): boolean;
}

export type Admission =
  | { readonly type: "admitted"; readonly service: PegasusService }
  /** `service` is there when the plan has it as an exit, so that the refusal can be counted; `reason` is for a person. */
  | { readonly type: "denied"; readonly service?: PegasusService; readonly reason: string };

/**
 * The exit's own judgement of a flow: the plan must have the service, for that very peer, and name both the source and
 * the destination; and no service opens the host itself or what lies around it.
 */
export function admit(request: OpenRequest, context: AdmissionContext): Admission {
  const service = exitsOf(context.plan).get(request.serviceId);
  if (service === undefined) return { type: "denied", reason: `service ${request.serviceId} does not end here` };
  const reason = objectionTo(request, service, context);
  return reason === undefined ? { type: "admitted", service } : { type: "denied", service, reason };
}

function objectionTo(request: OpenRequest, service: PegasusService, context: AdmissionContext): string | undefined {
  const peer = context.plan.peers.find(({ peerId }) => peerId === service.peerId);
  if (peer?.tlsFingerprint !== context.linkFingerprint) return `the flow did not come from ${service.peerId}`;
  if (service.refuse !== undefined) return service.refuse;
  if (request.transparent !== service.fullyTransparent) {
    return `the entry and the exit differ about whether ${service.serviceId} is transparent`;
  }
  const { source, destination } = request;
  if (source.address.family !== destination.address.family) return "source and destination are of two families";
  return (
    coverageObjection(request, service) ??
    placeObjection("source", source.address, context) ??
    placeObjection("destination", destination.address, context, destination.port) ??
    policyObjection(request, context)
  );
}

/** What the host's owner let out: where sources or destinations are set, no others. */
function policyObjection({ source, destination }: OpenRequest, context: AdmissionContext): string | undefined {
  const { sources = [], allow = [] } = context.plan.exitPolicy ?? {};
  if (sources.length > 0 && !sources.some((cidr) => isIn(cidr, source.address))) {
    return `this host's exit_sources does not name ${formatAddress(source.address)}`;
  }
  // An own address that exit_allow_host lifts is allowed by that.
  const isAllowed =
    allow.length === 0 ||
    context.isHostAddress(destination.address) ||
    allow.some((cidr) => isIn(cidr, destination.address));
  return isAllowed ? undefined : `this host's exit_allow does not name ${formatAddress(destination.address)}`;
}

/** Does the service name this source and this destination? */
function coverageObjection(request: OpenRequest, service: PegasusService): string | undefined {
  const { source, destination } = request;
  if (request.byInterface) return interfaceObjection(source.address, service);
  const hasRoute = coverageOf(service).some(
    (route) => covers(route.source, source.address) && covers(route.destination, destination.address),
  );
  if (hasRoute) return undefined;
  return `no route of ${service.serviceId} leads from ${formatAddress(source.address)} to ${formatAddress(destination.address)}`;
}

function interfaceObjection(source: IpAddress, service: PegasusService): string | undefined {
  if (service.interface === undefined) return `${service.serviceId} has no interface of its own`;
  const { networks } = service.interface;
  if (networks.length === 0 || networks.some((network) => isIn(network, source))) return undefined;
  return `${formatAddress(source)} is in no network of the interface of ${service.serviceId}`;
}

/** One side of a route: a missing CIDR says nothing about it. */
type Side = Cidr | "any";
/** A route that covers something, its networks read. */
interface Coverage {
  readonly source: Side;
  readonly destination: Side;
}

/** Plans and services never change once they are here, so what follows from one is made once. */
const exitsByPlan = new WeakMap<PegasusPlan, ReadonlyMap<string, PegasusService>>();
const coverageByService = new WeakMap<PegasusService, readonly Coverage[]>();

function exitsOf(plan: PegasusPlan): ReadonlyMap<string, PegasusService> {
  const found = exitsByPlan.get(plan);
  if (found !== undefined) return found;
  const exits = plan.services.filter(({ role }) => role === "exit");
  const fresh = new Map(exits.map((service) => [service.serviceId, service]));
  exitsByPlan.set(plan, fresh);
  return fresh;
}

function coverageOf(service: PegasusService): readonly Coverage[] {
  const found = coverageByService.get(service);
  if (found !== undefined) return found;
  const fresh = service.routes.flatMap(({ source_cidr, dest_cidr }) => {
    const [source, destination] = [sideOf(source_cidr), sideOf(dest_cidr)];
    // A malformed CIDR covers nothing, and a route that names neither side covers nothing either.
    if (source === undefined || destination === undefined) return [];
    return source === "any" && destination === "any" ? [] : [{ source, destination }];
  });
  coverageByService.set(service, fresh);
  return fresh;
}

const sideOf = (cidr: string | undefined): Side | undefined => (cidr === undefined ? "any" : parseCidr(cidr));

const covers = (side: Side, address: IpAddress): boolean => side === "any" || cidrContains(side, address);

/** A missing CIDR says nothing about that side; a malformed one covers nothing. */
function isIn(cidr: string | undefined, address: IpAddress): boolean {
  if (cidr === undefined) return true;
  const parsed = parseCidr(cidr);
  return parsed !== undefined && cidrContains(parsed, address);
}

function placeObjection(
  side: "source" | "destination",
  address: IpAddress,
  context: AdmissionContext,
  port?: number,
): string | undefined {
  const kind = specialKindOf(address);
  if (kind !== undefined) return `the ${side} ${formatAddress(address)} is ${kind}`;
  if (!context.isHostAddress(address)) return undefined;
  if (port !== undefined && isHostAllowed(address, port, context)) return undefined;
  const isClusterPort = port !== undefined && context.plan.clusterPorts.includes(port);
  return `the ${side} ${formatAddress(address)} is this host itself${isClusterPort ? `, port ${port} the cluster's own` : ""}`;
}

/** Did the host's owner lift the ban on this own address and TCP port? */
function isHostAllowed(address: IpAddress, port: number, { plan }: AdmissionContext): boolean {
  return (plan.exitPolicy?.allowHost ?? []).some(
    (lifted) =>
      isIn(lifted.cidr, address) &&
      (lifted.protocol === undefined || lifted.protocol === "tcp") &&
      (lifted.port === undefined || lifted.port === port),
  );
}

/** Why an address is nobody's to send to through a cluster; undefined for an ordinary unicast address. */
export function specialKindOf(address: IpAddress): string | undefined {
  const special = SPECIAL.find(({ cidr }) => cidrContains(cidr, address));
  if (special !== undefined) return special.kind;
  const embedded = embeddedIpv4(address);
  const kind = embedded === undefined ? undefined : specialKindOf(embedded);
  return kind === undefined ? undefined : `${kind}, wrapped in IPv6`;
}

/** The IPv4 address that a NAT64 (RFC 6052) or 6to4 (RFC 3056) gateway would send to. */
function embeddedIpv4(address: IpAddress): IpAddress | undefined {
  if (cidrContains(NAT64, address)) return { family: 4, value: address.value & 0xffffffffn };
  if (cidrContains(SIX_TO_FOUR, address)) return { family: 4, value: (address.value >> 80n) & 0xffffffffn };
  return undefined;
}

const NAT64 = network("64:ff9b::/96");
const SIX_TO_FOUR = network("2002::/16");

const SPECIAL: readonly { readonly cidr: Cidr; readonly kind: string }[] = [
  { cidr: network("169.254.169.254/32"), kind: "a metadata address" },
  { cidr: network("fd00:ec2::254/128"), kind: "a metadata address" },
  { cidr: network("0.0.0.0/8"), kind: "unspecified" },
  { cidr: network("127.0.0.0/8"), kind: "loopback" },
  { cidr: network("169.254.0.0/16"), kind: "link-local" },
  { cidr: network("224.0.0.0/4"), kind: "multicast" },
  { cidr: network("255.255.255.255/32"), kind: "broadcast" },
  { cidr: network("240.0.0.0/4"), kind: "reserved" },
  { cidr: network("::/128"), kind: "unspecified" },
  { cidr: network("::1/128"), kind: "loopback" },
  // Of ::/96 and ::ffff:0:0/96 the kernel may make an IPv4 connection.
  { cidr: network("::/96"), kind: "an IPv4 address in an IPv6 dress" },
  { cidr: mapped(), kind: "an IPv4 address in an IPv6 dress" },
  { cidr: network("fe80::/10"), kind: "link-local" },
  { cidr: network("fec0::/10"), kind: "site-local" },
  { cidr: network("ff00::/8"), kind: "multicast" },
];

function network(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new Error(`${text} is no network`);
  return cidr;
}

/** ::ffff:0:0/96, which the parser of outside text refuses. */
function mapped(): Cidr {
  return { family: 6, network: 0xffffn << 32n, prefixLength: 96 };
}
