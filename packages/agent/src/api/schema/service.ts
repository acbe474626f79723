import * as z from "zod";
import { cidr, instant, name, nextCursor, pageQuery, peerId, queryFlag, serviceId } from "./fields.ts";

export const routeSchema = z.object({
  /** Unique in its service. */
  route_id: z.int().min(1),
  /** Higher wins among routes of one class whose prefix lengths are equal. */
  priority: z.int(),
  source_cidr: z.string().optional(),
  dest_cidr: z.string().optional(),
});
export type Route = z.infer<typeof routeSchema>;

export const routeInputSchema = z.strictObject({
  priority: z.int().min(-1_000_000).max(1_000_000),
  source_cidr: cidr.optional(),
  dest_cidr: cidr.optional(),
});
export type RouteInput = z.infer<typeof routeInputSchema>;

export const addRoutesSchema = z.strictObject({ routes: z.array(routeInputSchema).min(1).max(256) });
export const addedRoutesSchema = z.object({ route_ids: z.array(z.int()), count: z.int() });
export const routeListSchema = z.object({ routes: z.array(routeSchema), next_cursor: nextCursor });

const count = z.int().min(0);
/** Counters since the data plane of the answering peer started; `in` is from the client, `out` is toward it. */
const trafficSchema = z.object({
  /** Flows and bytes of TCP that Pegasus relayed. */
  pegasus: z.object({ flows_open: count, flows_total: count, bytes_in: count, bytes_out: count }),
  /** Packets and bytes of everything else, counted by the kernel into and out of the tunnel. */
  tempest: z.object({ packets_in: count, bytes_in: count, packets_out: count, bytes_out: count }),
});
export type Traffic = z.infer<typeof trafficSchema>;

/** Which half of the service the answering peer carries. `none`: it lies between two other peers. */
export const localRoleSchema = z.enum(["entry", "exit", "none"]);
/** The state of that half; `unknown` where the answering peer carries none. */
export const serviceStateSchema = z.enum(["active", "degraded", "inactive", "unknown"]);

export const serviceSchema = z.object({
  id: serviceId,
  name: z.string(),
  source_peer_id: peerId,
  target_peer_id: peerId,
  transport_type: z.literal("tcp"),
  requires_interface: z.boolean(),
  desired_ipv4_cidr: z.string().optional(),
  desired_ipv6_cidr: z.string().optional(),
  fully_transparent: z.boolean(),
  /** 0 = no limit; each direction for itself. */
  bandwidth_limit_mbps: z.int().min(0),
  routes: z.array(routeSchema),
  created_at: instant,
  local_role: localRoleSchema,
  state: serviceStateSchema,
  /** Present unless active: what is wrong and what to do. */
  reason: z.string().optional(),
  /** Present while the data plane of the answering peer reports this service. */
  traffic: trafficSchema.optional(),
});
export type Service = z.infer<typeof serviceSchema>;

export const serviceListSchema = z.object({ services: z.array(serviceSchema), next_cursor: nextCursor });
export const serviceListQuery = z.strictObject({
  source_peer_id: peerId.optional(),
  target_peer_id: peerId.optional(),
  requires_interface: queryFlag.optional(),
  ...pageQuery,
});

const settings = {
  name: name.optional(),
  transport_type: z.literal("tcp").optional(),
  requires_interface: z.boolean().optional(),
  fully_transparent: z.boolean().optional(),
  bandwidth_limit_mbps: z.int().min(0).max(1_000_000).optional(),
  routes: z.array(routeInputSchema).max(256).optional(),
};

export const createServiceSchema = z.strictObject({
  ...settings,
  /** The peer where traffic enters; the answering peer where it is left out. */
  source_peer_id: peerId.optional(),
  target_peer_id: peerId,
  desired_ipv4_cidr: z.cidrv4().optional(),
  desired_ipv6_cidr: z.cidrv6().optional(),
});
export type CreateService = z.infer<typeof createServiceSchema>;

/** What is left out stays; `null` takes an address away; `routes` replaces the whole list (equal routes keep their ids). */
export const updateServiceSchema = z.strictObject({
  ...settings,
  target_peer_id: peerId.optional(),
  desired_ipv4_cidr: z.cidrv4().nullable().optional(),
  desired_ipv6_cidr: z.cidrv6().nullable().optional(),
});
export type UpdateService = z.infer<typeof updateServiceSchema>;
