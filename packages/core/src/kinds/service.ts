import * as z from "zod";
import { parseCidr } from "../encoding/cidr.ts";
import { isId } from "../identity/id.ts";
import { LIMITS } from "../limits.ts";
import { defineKind } from "./define.ts";
import { cidr, idOf, instant, ipv4Interface, ipv6Interface, label } from "./fields.ts";

/** One route of a service: which flows it takes, by source and destination network. At least one of the two is named. */
export const routeSchema = z
  .looseObject({
    route_id: z.int().min(1),
    priority: z.int(),
    source_cidr: cidr.optional(),
    dest_cidr: cidr.optional(),
  })
  .refine(
    (route) => route.source_cidr !== undefined || route.dest_cidr !== undefined,
    "a route names a source_cidr or a dest_cidr",
  )
  .refine(
    ({ source_cidr, dest_cidr }) =>
      source_cidr === undefined ||
      dest_cidr === undefined ||
      parseCidr(source_cidr)?.family === parseCidr(dest_cidr)?.family,
    "source_cidr and dest_cidr are of one family",
  );

/** What a service record says: where traffic leaves, how it is carried, and which flows it takes. */
export const serviceBodySchema = z
  .looseObject({
    name: label,
    target_peer_id: idOf("peer"),
    transport_type: z.literal("tcp"),
    requires_interface: z.boolean(),
    desired_ipv4_cidr: ipv4Interface.optional(),
    desired_ipv6_cidr: ipv6Interface.optional(),
    fully_transparent: z.boolean(),
    bandwidth_limit_mbps: z.int().min(0),
    routes: z.array(routeSchema).max(LIMITS.routesPerService),
    created_at: instant,
  })
  .refine(
    (service) => !service.fully_transparent || service.requires_interface,
    "fully_transparent needs requires_interface",
  )
  .refine(
    (service) => new Set(service.routes.map((route) => route.route_id)).size === service.routes.length,
    "route ids are unique",
  );
/** What a service record says. */
export type ServiceBody = z.infer<typeof serviceBodySchema>;

/** Owner = the source peer, whose host captures the traffic. */
export const serviceKind = defineKind({
  name: "service",
  group: "services",
  lasting: "live",
  isDeletable: true,
  limitPerOwner: LIMITS.servicesPerPeer,
  checkId: (id) => (isId("svc", id) ? undefined : "not a svc_ id"),
  schema: serviceBodySchema,
});
