import * as z from "zod";
import {
  address,
  clientId,
  clusterId,
  customerId,
  description,
  instant,
  licenseId,
  name,
  peerId,
  publicKey,
  tlsFingerprint,
} from "./fields.ts";

export const bootstrapSchema = z.strictObject({
  /** The license document; verified under the agent's configured roots. */
  license: z.record(z.string(), z.unknown()),
  name: name.optional(),
  description: description.optional(),
  /** The only key whose first contact this peer accepts while it is fresh. */
  accept_key: publicKey.optional(),
  /** What the peer announces in place of the configured or found addresses. */
  addresses: z.array(address).min(1).max(16).optional(),
});
export type Bootstrap = z.infer<typeof bootstrapSchema>;

export const reopenSchema = z.strictObject({
  /** The only key whose first contact is accepted. */
  accept_key: publicKey.optional(),
});
export const reopenedSchema = z.object({ fresh_until: instant });

export const bootstrappedSchema = z.object({
  peer_id: peerId,
  peer_public_key: publicKey,
  client_id: clientId,
  /** Shown in this reply and never again; only its SHA-256 is kept. */
  client_secret: z.string(),
  license_id: licenseId,
  cluster_id: clusterId,
  customer_id: customerId,
  expires_at: instant,
  max_nodes: z.int(),
  max_services: z.int(),
  tls_fingerprint: tlsFingerprint,
});
export type Bootstrapped = z.infer<typeof bootstrappedSchema>;
