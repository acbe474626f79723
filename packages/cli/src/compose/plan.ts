import type { CreateService, Peer, RouteInput, Service, UpdatePeer, UpdateService } from "@arctic/agent/client";
import { addressWithPort, type Compose, type ComposePeer, type ComposeService } from "./schema.ts";

/** What is known of one peer of the file before anything is done. */
export type ObservedPeer =
  /** It answers, and is no peer yet. */
  | { readonly type: "blank" }
  /** It is a peer with an id of its own, and not a member of this cluster. */
  | { readonly type: "stranger"; readonly peerId: string }
  /** The cluster knows it as a member. */
  | { readonly type: "member"; readonly peer: Peer }
  /** Neither we nor the cluster can reach it. */
  | { readonly type: "unreachable"; readonly reason: string };

export interface Observed {
  readonly peerByName: ReadonlyMap<string, ObservedPeer>;
  /** All services of the cluster. */
  readonly services: readonly Service[];
}

export type Step =
  | { readonly type: "bootstrap"; readonly peer: string; readonly address: string; readonly role: "founder" | "joiner" }
  | { readonly type: "add"; readonly peer: string; readonly address: string }
  | {
      readonly type: "update_peer";
      readonly peer: string;
      readonly change: UpdatePeer;
      readonly differs: readonly string[];
    }
  | { readonly type: "create_service"; readonly service: ComposeService }
  | {
      readonly type: "update_service";
      readonly service: ComposeService;
      readonly id: Service["id"];
      readonly differs: readonly string[];
    }
  | {
      readonly type: "delete_service";
      readonly name: string;
      readonly id: Service["id"];
      /** `moved`: it is made anew on another source peer. */
      readonly why: "moved" | "pruned";
    };

export interface Plan {
  readonly steps: readonly Step[];
  /** Peers of the file that cannot be reached now, so that nothing is planned for them. */
  readonly unreachable: readonly { readonly peer: string; readonly reason: string }[];
  /** Services of the cluster that the file does not name; they stay unless pruned. */
  readonly unlisted: readonly { readonly name: string; readonly id: Service["id"] }[];
}

/** What has to be done, in this order, so that the cluster is as the file says. Pure; equal inputs give equal plans. */
export function composePlan(compose: Compose, observed: Observed, { isPruning = false } = {}): Plan {
  const of = (peer: string): ObservedPeer => observed.peerByName.get(peer) ?? { type: "blank" };
  const hasCluster = compose.peers.some(({ name }) => of(name).type === "member");
  const founder = hasCluster ? undefined : firstPeers(compose).find((name) => of(name).type === "blank");
  const joining = compose.peers.filter(
    ({ name }) => name !== founder && (of(name).type === "blank" || of(name).type === "stranger"),
  );
  const unreachable = compose.peers.flatMap(({ name }) => {
    const peer = of(name);
    return peer.type === "unreachable" ? [{ peer: name, reason: peer.reason }] : [];
  });
  const away = new Set(unreachable.map(({ peer }) => peer));
  const peerUpdates = compose.peers.flatMap((peer) => peerUpdate(compose, peer, of(peer.name)));
  const services = compose.services
    .filter(({ source_peer, target_peer }) => !away.has(source_peer) && !away.has(target_peer))
    .flatMap((service) => serviceSteps(service, observed));
  const unlisted = unlistedServices(compose, observed);
  const pruned: Step[] = unlisted.map(({ name, id }) => ({ type: "delete_service", name, id, why: "pruned" }));

  const bootstraps = compose.peers
    .filter(({ name }) => name === founder || (of(name).type === "blank" && joining.some((peer) => peer.name === name)))
    .sort((a, b) => Number(b.name === founder) - Number(a.name === founder));
  return {
    steps: [
      ...bootstraps.map(
        (peer): Step => ({
          type: "bootstrap",
          peer: peer.name,
          address: addressWithPort(peer.address),
          role: peer.name === founder ? "founder" : "joiner",
        }),
      ),
      ...joining.map((peer): Step => ({ type: "add", peer: peer.name, address: addressWithPort(peer.address) })),
      ...peerUpdates.filter((step) => !closesApi(step)),
      ...services,
      ...(isPruning ? pruned : []),
      // A peer whose API is closed answers its members only, so this comes last.
      ...peerUpdates.filter(closesApi),
    ],
    unreachable,
    unlisted: unlisted.map(({ name, id }) => ({ name, id })),
  };
}

/** The peers in the order in which they may found or lead: the server, the fallback, then as listed. */
export function firstPeers(compose: Compose): string[] {
  const { peer, fallback_peer } = compose.server ?? {};
  return [...new Set([peer, fallback_peer, ...compose.peers.map(({ name }) => name)])].filter(
    (name) => name !== undefined,
  );
}

/** The body that makes the service; the caller knows the peers' ids. */
export function serviceBody(
  service: ComposeService,
  ids: { readonly source: Service["source_peer_id"]; readonly target: Service["target_peer_id"] },
): CreateService {
  const { ipv4, ipv6 } = service.interface ?? {};
  return {
    ...settingsOf(service),
    source_peer_id: ids.source,
    target_peer_id: ids.target,
    ...(ipv4 === undefined ? {} : { desired_ipv4_cidr: ipv4 }),
    ...(ipv6 === undefined ? {} : { desired_ipv6_cidr: ipv6 }),
  };
}

/** The body that makes an existing service equal to the file's. */
export function serviceChange(service: ComposeService, target: Service["target_peer_id"]): UpdateService {
  return {
    ...settingsOf(service),
    target_peer_id: target,
    desired_ipv4_cidr: service.interface?.ipv4 ?? null,
    desired_ipv6_cidr: service.interface?.ipv6 ?? null,
  };
}

function settingsOf(service: ComposeService) {
  return {
    name: service.name,
    transport_type: service.transport_type,
    requires_interface: service.interface?.enabled ?? false,
    fully_transparent: service.fully_transparent,
    bandwidth_limit_mbps: service.qos?.bandwidth_limit_mbps ?? 0,
    routes: service.routes.map(routeBody),
  };
}

function routeBody(route: ComposeService["routes"][number]): RouteInput {
  return {
    priority: route.priority,
    ...(route.source_cidr === undefined ? {} : { source_cidr: route.source_cidr }),
    ...(route.dest_cidr === undefined ? {} : { dest_cidr: route.dest_cidr }),
  };
}

function peerUpdate(compose: Compose, wanted: ComposePeer, observed: ObservedPeer): Step[] {
  if (observed.type === "unreachable") return [];
  const held = observed.type === "member" ? observed.peer : undefined;
  // A newcomer is given its name when it is bootstrapped or added.
  const name = held === undefined ? wanted.name : held.name;
  const role = entryRole(compose, wanted.name);
  const heldRole = held?.entry?.role ?? "none";
  const heldAccess = held?.api_access ?? "full";
  const change: UpdatePeer = {
    ...(name === wanted.name ? {} : { name: wanted.name }),
    ...(wanted.api_access === undefined || wanted.api_access === heldAccess ? {} : { api_access: wanted.api_access }),
    ...(role === undefined || role === heldRole ? {} : { entry: { role } }),
  };
  const differs = [
    ...(change.name === undefined ? [] : [`name: ${name} → ${wanted.name}`]),
    ...(change.api_access === undefined ? [] : [`api_access: ${heldAccess} → ${change.api_access}`]),
    ...(change.entry === undefined ? [] : [`entry: ${heldRole} → ${change.entry.role}`]),
  ];
  return differs.length === 0 ? [] : [{ type: "update_peer", peer: wanted.name, change, differs }];
}

/** `undefined` where the file says nothing of entries, so that they stay as they are. */
function entryRole(compose: Compose, peer: string): "server" | "fallback" | "none" | undefined {
  const { server } = compose;
  if (server?.peer === undefined && server?.fallback_peer === undefined) return undefined;
  if (server.peer === peer) return "server";
  return server.fallback_peer === peer ? "fallback" : "none";
}

function closesApi(step: Step): boolean {
  return step.type === "update_peer" && step.change.api_access === "internal";
}

function serviceSteps(service: ComposeService, observed: Observed): Step[] {
  const sourceId = idOf(observed.peerByName.get(service.source_peer));
  const targetId = idOf(observed.peerByName.get(service.target_peer));
  const held = heldService(service, observed, sourceId);
  if (held === undefined) {
    const elsewhere = observed.services.filter((candidate) => candidate.name === service.name);
    const moved = elsewhere.map(({ name, id }): Step => ({ type: "delete_service", name, id, why: "moved" }));
    return [...moved, { type: "create_service", service }];
  }
  const differs = serviceDifferences(service, held, targetId, observed);
  return differs.length === 0 ? [] : [{ type: "update_service", service, id: held.id, differs }];
}

/** The cluster's service that is the file's: of its name and on its source peer. */
function heldService(service: ComposeService, observed: Observed, sourceId: string | undefined): Service | undefined {
  return observed.services.find(
    (candidate) => candidate.name === service.name && candidate.source_peer_id === sourceId,
  );
}

function idOf(peer: ObservedPeer | undefined): string | undefined {
  switch (peer?.type) {
    case "member":
      return peer.peer.id;
    case "stranger":
      return peer.peerId;
    default:
      return undefined;
  }
}

/** Services that the file does not name, and second ones of a name where the file's own exists. */
function unlistedServices(compose: Compose, observed: Observed): Service[] {
  const listed = new Map(compose.services.map((service) => [service.name, service]));
  return observed.services.filter((candidate) => {
    const service = listed.get(candidate.name);
    if (service === undefined) return true;
    const held = heldService(service, observed, idOf(observed.peerByName.get(service.source_peer)));
    return held !== undefined && held !== candidate;
  });
}

/** In words, field by field; empty where the cluster's service is as the file says. */
function serviceDifferences(
  service: ComposeService,
  held: Service,
  targetId: string | undefined,
  observed: Observed,
): string[] {
  const wanted = settingsOf(service);
  const pairs: [field: string, held: string, wanted: string][] = [
    ["transport_type", held.transport_type, wanted.transport_type],
    ["interface", String(held.requires_interface), String(wanted.requires_interface)],
    ["interface.ipv4", held.desired_ipv4_cidr ?? "none", service.interface?.ipv4 ?? "none"],
    ["interface.ipv6", held.desired_ipv6_cidr ?? "none", service.interface?.ipv6 ?? "none"],
    ["fully_transparent", String(held.fully_transparent), String(wanted.fully_transparent)],
    ["bandwidth_limit_mbps", String(held.bandwidth_limit_mbps), String(wanted.bandwidth_limit_mbps)],
    ["routes", routesText(held.routes), routesText(wanted.routes)],
  ];
  if (held.target_peer_id !== targetId) {
    pairs.unshift(["target_peer", nameOf(held.target_peer_id, observed), service.target_peer]);
  }
  return pairs.filter(([, a, b]) => a !== b).map(([field, a, b]) => `${field}: ${a} → ${b}`);
}

/** As the file names the peer; a peer that the file does not name is named by its id. */
function nameOf(peerId: string, observed: Observed): string {
  const found = [...observed.peerByName].find(([, peer]) => idOf(peer) === peerId);
  return found?.[0] ?? peerId;
}

/** The order in which routes are written means nothing. */
function routesText(routes: readonly RouteInput[]): string {
  const texts = routes.map(
    (route) =>
      `${route.source_cidr ?? "any"}>${route.dest_cidr ?? "any"}${route.priority === 0 ? "" : `@${route.priority}`}`,
  );
  return texts.length === 0 ? "none" : texts.sort().join(" ");
}
