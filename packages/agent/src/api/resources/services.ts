import {
  createId,
  isTombstone,
  LIMITS,
  type LiveRecord,
  type PeerId,
  rfc3339FromMs,
  type ServiceBody,
  type ServiceId,
} from "@arctic/core";
import type { LocalPeer } from "../../peer/local-peer.ts";
import { jsonFromBody } from "../../peer/own-record.ts";
import { type Call, type Handlers, relayTo, reply } from "../context.ts";
import { pageOf } from "../page.ts";
import { Problem, problemFromRejection } from "../problem.ts";
import type { CreateService, Route, RouteInput, Service, UpdateService } from "../schema.ts";
import { bodyOf, liveServices, serviceRecord } from "./service-records.ts";
import { liveState } from "./service-state.ts";

export const serviceHandlers: Pick<
  Handlers,
  | "listServices"
  | "getService"
  | "createService"
  | "updateService"
  | "deleteService"
  | "listRoutes"
  | "addRoutes"
  | "updateRoute"
  | "deleteRoute"
> = {
  listServices: ({ peer, query }) => {
    const wanted = liveServices(peer())
      .map((record) => serviceFrom(peer(), record))
      .filter((service) => isWanted(service, query))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    const { items, ...next } = pageOf(wanted, (item) => item.id, query);
    return reply({ services: items, ...next });
  },
  getService: ({ peer, params }) => reply(serviceFrom(peer(), serviceRecord(peer(), params.service_id))),
  createService: (call) => {
    const source = call.body.source_peer_id ?? call.peer().identity.peerId;
    if (source === call.peer().identity.peerId) return reply(createService(call, call.peer()));
    requireMember(call.peer(), source, "source_peer_id");
    return relayTo(source);
  },
  updateService: (call) =>
    onOwner(call, (peer, body) => {
      if (call.body.target_peer_id !== undefined) requireTarget(peer, call.body.target_peer_id);
      return serviceFrom(peer, writeService(peer, call.params.service_id, merged(body, call.body)));
    }),
  deleteService: (call) =>
    onOwner(call, (peer) => {
      const rejection = peer.feed({ type: "delete", kind: "service", id: call.params.service_id });
      if (rejection !== undefined) throw problemFromRejection(rejection);
      return undefined;
    }),
  listRoutes: ({ peer, params, query }) => {
    const { routes } = bodyOf(serviceRecord(peer(), params.service_id));
    const { items, ...next } = pageOf(
      routes.map(routeFrom),
      (route) => String(route.route_id).padStart(16, "0"),
      query,
    );
    return reply({ routes: items, ...next });
  },
  addRoutes: (call) =>
    onOwner(call, (peer, body) => {
      const first = nextRouteId(body.routes);
      const added = call.body.routes.map((route, index) => ({ route_id: first + index, ...compact(route) }));
      writeService(peer, call.params.service_id, { ...body, routes: [...body.routes, ...added] });
      return { route_ids: added.map((route) => route.route_id), count: added.length };
    }),
  updateRoute: (call) =>
    onOwner(call, (peer, body) => {
      const { service_id, route_id } = call.params;
      requireRoute(body, route_id);
      const route = { route_id, ...compact(call.body) };
      const routes = body.routes.map((held) => (held.route_id === route_id ? route : held));
      writeService(peer, service_id, { ...body, routes });
      return route;
    }),
  deleteRoute: (call) =>
    onOwner(call, (peer, body) => {
      const { service_id, route_id } = call.params;
      requireRoute(body, route_id);
      writeService(peer, service_id, { ...body, routes: body.routes.filter((held) => held.route_id !== route_id) });
      return undefined;
    }),
};

/** Acts where the service is this peer's own; another owner answers for its own. */
function onOwner<N extends "updateService" | "deleteService" | "addRoutes" | "updateRoute" | "deleteRoute", R>(
  call: Call<N>,
  act: (peer: LocalPeer, body: ServiceBody) => R,
) {
  const peer = call.peer();
  const record = serviceRecord(peer, (call.params as { service_id: ServiceId }).service_id);
  return record.owner === peer.identity.peerId ? reply(act(peer, bodyOf(record))) : relayTo<R>(record.owner);
}

function createService(call: Call<"createService">, peer: LocalPeer): Service {
  const { max_services } = peer.node.cluster.license;
  const count = liveServices(peer).length;
  if (count >= max_services) {
    throw new Problem(
      "SERVICE_LIMIT_EXCEEDED",
      `the license allows ${max_services} services and the cluster has ${count}: delete one or put in a larger license`,
    );
  }
  requireTarget(peer, call.body.target_peer_id);
  const now = call.context.clock.now();
  const id = createId("svc", call.context.crypto, now);
  return serviceFrom(peer, writeService(peer, id, newBody(call.body, id, rfc3339FromMs(now))));
}

function newBody(body: CreateService, id: ServiceId, createdAt: string): ServiceBody {
  return {
    name: body.name ?? id,
    target_peer_id: body.target_peer_id,
    transport_type: body.transport_type ?? "tcp",
    requires_interface: body.requires_interface ?? false,
    ...(body.desired_ipv4_cidr === undefined ? {} : { desired_ipv4_cidr: body.desired_ipv4_cidr }),
    ...(body.desired_ipv6_cidr === undefined ? {} : { desired_ipv6_cidr: body.desired_ipv6_cidr }),
    fully_transparent: body.fully_transparent ?? false,
    bandwidth_limit_mbps: body.bandwidth_limit_mbps ?? 0,
    routes: (body.routes ?? []).map((route, index) => ({ route_id: index + 1, ...compact(route) })),
    created_at: createdAt,
  };
}

/** What is left out stays, unknown fields included; `null` takes an address away. */
function merged(held: ServiceBody, change: UpdateService): ServiceBody {
  const ipv4 = change.desired_ipv4_cidr;
  const ipv6 = change.desired_ipv6_cidr;
  return {
    ...held,
    name: change.name ?? held.name,
    target_peer_id: change.target_peer_id ?? held.target_peer_id,
    transport_type: change.transport_type ?? held.transport_type,
    requires_interface: change.requires_interface ?? held.requires_interface,
    fully_transparent: change.fully_transparent ?? held.fully_transparent,
    bandwidth_limit_mbps: change.bandwidth_limit_mbps ?? held.bandwidth_limit_mbps,
    ...(ipv4 === undefined ? {} : { desired_ipv4_cidr: ipv4 ?? undefined }),
    ...(ipv6 === undefined ? {} : { desired_ipv6_cidr: ipv6 ?? undefined }),
    routes: change.routes === undefined ? held.routes : replacedRoutes(held.routes, change.routes),
  };
}

/** A route that is there already keeps its id; a new one gets one that was not in use. */
function replacedRoutes(held: ServiceBody["routes"], wanted: readonly RouteInput[]): ServiceBody["routes"] {
  const free = [...held];
  let nextId = nextRouteId(held);
  return wanted.map((route) => {
    const index = free.findIndex((candidate) => isSameRoute(candidate, route));
    const [kept] = index < 0 ? [] : free.splice(index, 1);
    if (kept !== undefined) return kept;
    nextId += 1;
    return { route_id: nextId - 1, ...compact(route) };
  });
}

function isSameRoute(held: RouteInput, route: RouteInput): boolean {
  return (
    held.priority === route.priority && held.source_cidr === route.source_cidr && held.dest_cidr === route.dest_cidr
  );
}

function nextRouteId(routes: ServiceBody["routes"]): number {
  return Math.max(0, ...routes.map((route) => route.route_id)) + 1;
}

function requireRoute(body: ServiceBody, routeId: number): void {
  if (body.routes.some((route) => route.route_id === routeId)) return;
  throw new Problem("NOT_FOUND", `the service ${body.name} has no route ${routeId}`);
}

function requireTarget(peer: LocalPeer, target: PeerId): void {
  if (target === peer.identity.peerId) {
    throw new Problem("INVALID_REQUEST", "body.target_peer_id: the target is the source itself; name another peer");
  }
  requireMember(peer, target, "target_peer_id");
}

function requireMember(peer: LocalPeer, id: PeerId, field: string): void {
  if (peer.node.peers.isMember(id)) return;
  throw new Problem("INVALID_REQUEST", `body.${field}: ${id} is no member of this cluster; add it first`);
}

function writeService(peer: LocalPeer, id: ServiceId, body: ServiceBody): LiveRecord {
  if (body.fully_transparent && !body.requires_interface) {
    throw new Problem(
      "INVALID_REQUEST",
      "body.fully_transparent: a transparent service needs requires_interface: true",
    );
  }
  const document = jsonFromBody(body);
  if (Buffer.byteLength(JSON.stringify(document)) > LIMITS.recordBytes - RECORD_HEAD_BYTES) {
    throw new Problem(
      "INVALID_REQUEST",
      `the service ${body.name} is larger than a record may be (8 KiB): give it fewer routes`,
    );
  }
  const { record, rejection } = peer.write("service", id, document);
  if (rejection !== undefined) throw problemFromRejection(rejection);
  if (record === undefined || isTombstone(record)) throw new Error("a write answered without a live record");
  return record;
}

/** Room for a record's envelope around its body. */
const RECORD_HEAD_BYTES = 512;

type Filter = Call<"listServices">["query"];

function isWanted(service: Service, query: Filter): boolean {
  return (
    (query.source_peer_id === undefined || service.source_peer_id === query.source_peer_id) &&
    (query.target_peer_id === undefined || service.target_peer_id === query.target_peer_id) &&
    (query.requires_interface === undefined || String(service.requires_interface) === query.requires_interface)
  );
}

function serviceFrom(peer: LocalPeer, record: LiveRecord): Service {
  const body = bodyOf(record);
  return {
    id: record.id as ServiceId,
    name: body.name,
    source_peer_id: record.owner,
    target_peer_id: body.target_peer_id as PeerId,
    transport_type: body.transport_type,
    requires_interface: body.requires_interface,
    ...(body.desired_ipv4_cidr === undefined ? {} : { desired_ipv4_cidr: body.desired_ipv4_cidr }),
    ...(body.desired_ipv6_cidr === undefined ? {} : { desired_ipv6_cidr: body.desired_ipv6_cidr }),
    fully_transparent: body.fully_transparent,
    bandwidth_limit_mbps: body.bandwidth_limit_mbps,
    routes: body.routes.map(routeFrom),
    created_at: body.created_at,
    ...liveState(peer, record),
  };
}

function routeFrom(route: ServiceBody["routes"][number]): Route {
  return { route_id: route.route_id, ...compact(route) };
}

function compact({ priority, source_cidr, dest_cidr }: RouteInput) {
  return {
    priority,
    ...(source_cidr === undefined ? {} : { source_cidr }),
    ...(dest_cidr === undefined ? {} : { dest_cidr }),
  };
}
