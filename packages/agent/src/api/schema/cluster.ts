import * as z from "zod";
import { clientId, clusterId, customerId, instant, licenseId, peerId, publicKey, tlsFingerprint } from "./fields.ts";
import { licenseStateSchema } from "./license.ts";
import { peerStateSchema } from "./peer.ts";

export const identitySchema = z.object({
  peer_id: peerId,
  public_key: publicKey,
  license_id: licenseId,
  cluster_id: clusterId,
  /** Of the agent. */
  version: z.string(),
  tls_fingerprint: tlsFingerprint,
});
export type ClusterIdentity = z.infer<typeof identitySchema>;

/** SHA-256 of each part of the registry, base64url. */
const hashesSchema = z.object({ peers: z.string(), services: z.string(), others: z.string() });

export const statusSchema = z.object({
  peer_id: peerId,
  cluster_id: clusterId,
  /** Other cluster ids that members still bear; tokens made for them are accepted. */
  cluster_id_aliases: z.array(clusterId),
  customer_id: customerId,
  license: z.object({
    license_id: licenseId,
    state: licenseStateSchema,
    expires_at: instant,
    max_nodes: z.int(),
    max_services: z.int(),
  }),
  totals: z.object({ members: z.int(), connected: z.int(), services: z.int(), records: z.int() }),
  hashes: hashesSchema,
  peers: z.array(
    z.object({
      peer_id: peerId,
      name: z.string(),
      is_local: z.boolean(),
      state: peerStateSchema,
      last_seen_at: instant.optional(),
      rtt_ms: z.number().optional(),
      /** The peer's clock minus ours. */
      skew_ms: z.number().optional(),
      /** As its last heartbeat named them. */
      hashes: hashesSchema.optional(),
      /** How many members say that they reach it, and which say that they do not. Absent for the answering peer. */
      reached_by: z.int().optional(),
      unreached_by: z.array(peerId).optional(),
    }),
  ),
  /** How often an owner was seen to sign two contents under one version since the agent's start, and the latest ones. */
  equivocations: z.object({
    count: z.int(),
    latest: z.array(z.object({ kind: z.string(), owner: peerId, id: z.string(), version: z.int() })),
  }),
  /** Hashes of licenses that linked peers hold and this one does not: unrelated ones, or one on its way. */
  other_license_hashes: z.array(z.string()),
  /** True where every other member is linked and its last heartbeat named our hashes. */
  converged: z.boolean(),
  /** Why not, one entry a peer. */
  differences: z.array(z.object({ peer_id: peerId, reason: z.string() })),
  /** Until when a first contact is accepted without an introduction. */
  fresh_until: instant.optional(),
  is_cloned: z.boolean(),
  has_left: z.boolean(),
  /** Whether the agent speaks with its data plane; the reason where it does not. */
  dataplane: z.object({
    connected: z.boolean(),
    reason: z.string().optional(),
    version: z.string().optional(),
    tunnel_backend: z.string().optional(),
    relay_engine: z.string().optional(),
  }),
});
export type ClusterStatus = z.infer<typeof statusSchema>;

export const initClusterSchema = z.strictObject({
  /** Ends what this peer was part of: a new cluster id, a new shared client, all older clients revoked. */
  force: z.boolean().optional(),
});
export type InitCluster = z.infer<typeof initClusterSchema>;

export const initiatedClusterSchema = z.object({
  cluster_id: clusterId,
  client_id: clientId,
  /** Of a new shared client; shown in this reply and never again. Absent where nothing was changed. */
  client_secret: z.string().optional(),
});
export type InitiatedCluster = z.infer<typeof initiatedClusterSchema>;

export const syncSchema = z.object({ linked_peers: z.int() });
