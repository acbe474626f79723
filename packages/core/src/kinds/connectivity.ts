import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { defineKind } from "./define.ts";
import { idOf, instant } from "./fields.ts";

/**
 * How a peer sees those that it keeps links with. Soft: neither stored nor hashed, only the newest of an owner counts,
 * and only while its owner is a member.
 */
export const connectivityBodySchema = z.looseObject({
  peers: z
    .array(
      z.looseObject({
        peer_id: idOf("peer"),
        reachable: z.boolean(),
        /** Absent before the first answer to a ping, in milliseconds. */
        rtt_ms: z.int().min(0).max(3_600_000).optional(),
        last_seen_at: instant.optional(),
        /** Goes up each time that others said the peer is gone and it answered here. */
        confirmed: z.int().min(0).optional(),
      }),
    )
    .max(LIMITS.connectivityPeers),
});
export type ConnectivityBody = z.infer<typeof connectivityBodySchema>;

export const connectivityKind = defineKind({
  name: "connectivity",
  group: "others",
  lasting: "soft",
  isDeletable: false,
  limitPerOwner: 1,
  checkId: (id, owner) => (id === owner ? undefined : "not the owner's peer id"),
  schema: connectivityBodySchema,
});
