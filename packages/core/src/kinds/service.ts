import { parseCidr } from "../encoding/cidr.ts";
import { and, boolean, hasShape, integer, listOf, object, oneOf, optional, type Shaped } from "../encoding/shape.ts";
import { idOf, instant } from "../identity/fields.ts";
import { isId } from "../identity/id.ts";
import * as LIMITS from "../limits.ts";
import { kindOf } from "./define.ts";
import { cidr, ipv4Interface, ipv6Interface, label } from "./fields.ts";

/** One route of a service: which flows it takes, by source and destination network. At least one of the two is named. */
const routeShape = and(
  and(
    object({
      route_id: integer(1),
      priority: integer(),
      source_cidr: optional(cidr),
      dest_cidr: optional(cidr),
    }),
    (route) => route.source_cidr !== undefined || route.dest_cidr !== undefined,
    "a route names a source_cidr or a dest_cidr",
  ),
  ({ source_cidr, dest_cidr }) =>
    source_cidr === undefined ||
    dest_cidr === undefined ||
    parseCidr(source_cidr)?.family === parseCidr(dest_cidr)?.family,
  "source_cidr and dest_cidr are of one family",
);

const serviceShape = and(
  and(
    object({
      name: label,
      target_peer_id: idOf("peer"),
      transport_type: oneOf("tcp"),
      requires_interface: boolean,
      desired_ipv4_cidr: optional(ipv4Interface),
      desired_ipv6_cidr: optional(ipv6Interface),
      fully_transparent: boolean,
      bandwidth_limit_mbps: integer(0),
      routes: listOf(routeShape, LIMITS.routesPerService),
      created_at: instant,
    }),
    (service) => !service.fully_transparent || service.requires_interface,
    "fully_transparent needs requires_interface",
  ),
  ({ routes }) => new Set(routes.map((route) => route.route_id)).size === routes.length,
  "route ids are unique",
);
/** What a service record says: where traffic leaves, how it is carried, and which flows it takes. */
export type ServiceBody = Shaped<typeof serviceShape>;

/** True for a body that a service record may have. Unknown fields are no fault. */
export function isServiceBody(body: unknown): body is ServiceBody {
  return hasShape(serviceShape, body);
}

/** Owner = the source peer, whose host captures the traffic. */
export const serviceKind = kindOf({
  name: "service",
  group: "services",
  lasting: "live",
  isDeletable: true,
  limitPerOwner: LIMITS.servicesPerPeer,
  checkId: (id) => (isId("svc", id) ? undefined : "not a svc_ id"),
  shape: serviceShape,
});
