import * as z from "zod";
import {
  address,
  apiAccess,
  clientId,
  description,
  instant,
  name,
  nextCursor,
  pageQuery,
  peerId,
  publicKey,
  queryFlag,
  tlsFingerprint,
} from "./fields.ts";

const entrySchema = z.object({ role: z.enum(["server", "fallback", "none"]), claimed_at: instant });

/** `connected`, `idle` and `unreachable` are what the answering peer sees; `left` and `revoked` are for ever. */
export const peerStateSchema = z.enum(["connected", "idle", "unreachable", "left", "revoked"]);

export const peerSchema = z.object({
  id: peerId,
  name: z.string(),
  description: z.string(),
  public_key: publicKey.optional(),
  /** True for the peer that answers. */
  is_local: z.boolean(),
  /** The address to try first: the last that worked, else the first that the peer announces. */
  address: z.string().optional(),
  addresses: z.array(z.string()),
  api_access: apiAccess,
  entry: entrySchema.optional(),
  state: peerStateSchema,
  last_seen_at: instant.optional(),
  introduced_by: peerId.optional(),
  created_at: instant.optional(),
  agent_version: z.string().optional(),
  /** Of the peer's API certificate, from its signed record. */
  tls_fingerprint: tlsFingerprint.optional(),
  /** Whether its data plane has announced the keys that traffic needs. */
  has_dataplane: z.boolean(),
});
export type Peer = z.infer<typeof peerSchema>;

export const peerListSchema = z.object({ peers: z.array(peerSchema), next_cursor: nextCursor });
export const peerListQuery = z.strictObject({ is_local: queryFlag.optional(), ...pageQuery });

/** Whether to revoke, with the peer, the members that it brought in and the clients that it made. */
export const deletePeerQuery = z.strictObject({ introduced: queryFlag.optional(), credentials: queryFlag.optional() });

/** `revoked`: by this request or before. `kept`: not asked for, or why it could not be done. */
const fate = { fate: z.enum(["revoked", "kept"]), reason: z.string().optional() };

export const deletedPeerSchema = z.object({
  peer_id: peerId,
  /** Members that came in by it or by one that it brought in. `also_admitted_by` names others who had them in too. */
  introduced: z.array(
    z.object({ peer_id: peerId, name: z.string(), introduced_by: peerId, also_admitted_by: z.array(peerId), ...fate }),
  ),
  /** Clients that it made, the cluster's shared one included. */
  credentials: z.array(z.object({ client_id: clientId, scopes: z.array(z.string()), ...fate })),
});
export type DeletedPeer = z.infer<typeof deletedPeerSchema>;

export const addPeerSchema = z.strictObject({
  address,
  /** Given to the newcomer as its name once it is a member. */
  name: name.optional(),
  /** The only key that may answer there. */
  expect_key: publicKey.optional(),
});
export type AddPeer = z.infer<typeof addPeerSchema>;

/** What is left out stays as it is. */
export const updatePeerSchema = z.strictObject({
  name: name.optional(),
  description: description.optional(),
  /** The addresses to announce in place of the configured or found ones; an empty list goes back to those. */
  addresses: z.array(address).max(16).optional(),
  api_access: apiAccess.optional(),
  entry: z.strictObject({ role: z.enum(["server", "fallback", "none"]) }).optional(),
});
export type UpdatePeer = z.infer<typeof updatePeerSchema>;
