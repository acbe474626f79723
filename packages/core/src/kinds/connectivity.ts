import { boolean, integer, listOf, object, optional, type Shaped } from "../encoding/shape.ts";
import { idOf, instant } from "../identity/fields.ts";
import * as LIMITS from "../limits.ts";
import { kindOf } from "./define.ts";

/**
 * How a peer sees those that it keeps links with. Soft: neither stored nor hashed, only the newest of an owner counts,
 * and only while its owner is a member.
 */
export const connectivityShape = object({
  peers: listOf(
    object({
      peer_id: idOf("peer"),
      reachable: boolean,
      /** Absent before the first answer to a ping, in milliseconds. */
      rtt_ms: optional(integer(0, 3_600_000)),
      last_seen_at: optional(instant),
      /** Goes up each time that others said the peer is gone and it answered here. */
      confirmed: optional(integer(0)),
    }),
    LIMITS.connectivityPeers,
  ),
});
export type ConnectivityBody = Shaped<typeof connectivityShape>;

export const connectivityKind = kindOf({
  name: "connectivity",
  group: "others",
  lasting: "soft",
  isDeletable: false,
  limitPerOwner: 1,
  checkId: (id, owner) => (id === owner ? undefined : "not the owner's peer id"),
  shape: connectivityShape,
});
