import type { SignedRecord } from "@arctic/core";
import * as z from "zod";
import { clusterId, instant, licenseId, peerId, serviceId } from "./fields.ts";
import { licenseStateSchema } from "./license.ts";
import { peerStateSchema } from "./peer.ts";
import { localRoleSchema, serviceStateSchema } from "./service.ts";

/** A record as its owner signed it, a tombstone too. */
const signedRecord = z
  .custom<SignedRecord>((value) => value instanceof Object, "not a record")
  .meta({ type: "object" });

/** One server-sent event: its name is `type`, its data the whole object. */
export const eventSchema = z.discriminatedUnion("type", [
  /** The first one. Nothing from before it follows, so the lists are to be read after it. */
  z.object({
    type: z.literal("opened"),
    peer_id: peerId,
    cluster_id: clusterId,
    at: instant,
    replays: z.literal(false),
  }),
  /** A record became current here. Those of services need `services.read`, those of clients `credentials.read`. */
  z.object({ type: z.literal("record"), record: signedRecord }),
  /** A record is held no more: its owner has ended, or it is older than the horizon. */
  z.object({ type: z.literal("record_dropped"), kind: z.string(), owner: peerId, id: z.string() }),
  z.object({ type: z.literal("peer_state"), peer_id: peerId, name: z.string(), state: peerStateSchema }),
  /** Needs `services.read`. */
  z.object({
    type: z.literal("service_state"),
    service_id: serviceId,
    local_role: localRoleSchema,
    state: serviceStateSchema,
    reason: z.string().optional(),
  }),
  z.object({ type: z.literal("license"), license_id: licenseId, state: licenseStateSchema }),
  z.object({ type: z.literal("cluster"), cluster_id: clusterId, cluster_id_aliases: z.array(clusterId) }),
  /** The last one: why the stream ends. */
  z.object({ type: z.literal("closed"), code: z.string(), error: z.string() }),
]);
export type ClusterEvent = z.infer<typeof eventSchema>;
