import { boolean, hasShape, listOf, object, oneOf, optional, type Shaped, text } from "../encoding/shape.ts";
import { idOf, instant, key32 } from "../identity/fields.ts";
import { kindOf } from "./define.ts";
import { address, label, port, tlsFingerprint } from "./fields.ts";

/** The cluster id that a peer bears, who minted it, and whether it has been the id of a cluster of two. */
export const claimShape = object({ id: idOf("clu"), minted_by: idOf("peer"), founded: boolean });

const peerShape = object({
  name: label,
  description: text(0, 1024),
  /** `host:port` of the agent, in the order to try. */
  addresses: listOf(address, 16),
  api_access: oneOf("full", "internal"),
  entry: optional(object({ role: oneOf("server", "fallback", "none"), claimed_at: instant })),
  cluster: claimShape,
  /** WireGuard public key (32 bytes, base64url) and UDP port. Absent without a data plane. */
  tunnel: optional(object({ public_key: key32, port })),
  pegasus: optional(object({ port, tls_fingerprint: tlsFingerprint })),
  tls_fingerprint: tlsFingerprint,
  agent_version: text(0, 64),
  created_at: instant,
});
/** What a peer says of itself in its own record. */
export type PeerBody = Shaped<typeof peerShape>;

/** True for a body that a peer record may have. Unknown fields are no fault. */
export function isPeerBody(body: unknown): body is PeerBody {
  return hasShape(peerShape, body);
}

export const peerKind = kindOf({
  name: "peer",
  group: "peers",
  lasting: "tombstone_lasts",
  isDeletable: true,
  limitPerOwner: 1,
  checkId: (id, owner) => (id === owner ? undefined : "a peer record's id is its owner's"),
  shape: peerShape,
});
