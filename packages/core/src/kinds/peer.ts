import * as z from "zod";
import { defineKind } from "./define.ts";
import { address, idOf, instant, key32, label, port, tlsFingerprint } from "./fields.ts";

/** What a peer says of itself in its own record. Unknown fields are kept: they are under the signature. */
export const peerBodySchema = z.looseObject({
  name: label,
  description: z.string().max(1024),
  /** `host:port` of the agent, in the order to try. */
  addresses: z.array(address).max(16),
  api_access: z.enum(["full", "internal"]),
  entry: z.looseObject({ role: z.enum(["server", "fallback", "none"]), claimed_at: instant }).optional(),
  /** The cluster id that this peer bears, who minted it, and whether it has been the id of a cluster of two. */
  cluster: z.looseObject({ id: idOf("clu"), minted_by: idOf("peer"), founded: z.boolean() }),
  /** WireGuard public key (32 bytes, base64url) and UDP port. Absent without a data plane. */
  tunnel: z.looseObject({ public_key: key32, port }).optional(),
  pegasus: z.looseObject({ port, tls_fingerprint: tlsFingerprint }).optional(),
  tls_fingerprint: tlsFingerprint,
  agent_version: z.string().max(64),
  created_at: instant,
});
/** What a peer says of itself in its own record. */
export type PeerBody = z.infer<typeof peerBodySchema>;

export const peerKind = defineKind({
  name: "peer",
  group: "peers",
  lasting: "tombstone_lasts",
  isDeletable: true,
  limitPerOwner: 1,
  checkId: (id, owner) => (id === owner ? undefined : "a peer record's id is its owner's"),
  schema: peerBodySchema,
});
