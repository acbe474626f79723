import * as z from "zod";
import { parseScope, SCOPES, type Scope, scopeName } from "../scope.ts";
import { clientId, clusterId, instant, licenseId, nextCursor, pageQuery, peerId, queryFlag } from "./fields.ts";

/** A scope by its short or its full name. */
const scopeText = z.enum([...SCOPES, ...SCOPES.map(scopeName)]);

/** Each scope once, whichever of its names is used. */
const scopeList = z
  .array(scopeText)
  .max(SCOPES.length)
  .check((context) => {
    const seen = new Set<Scope | undefined>();
    for (const [index, text] of context.value.entries()) {
      const scope = parseScope(text);
      if (seen.has(scope))
        context.issues.push({ code: "custom", input: text, path: [index], message: "this scope is named twice" });
      seen.add(scope);
    }
  });

/** Left out or empty, the scopes are the caller's own. */
export const createCredentialSchema = z.strictObject({ scopes: scopeList.optional() });
export type CreateCredential = z.infer<typeof createCredentialSchema>;

const credentialSchema = z.object({
  client_id: clientId,
  /** Full names. */
  scopes: z.array(z.string()),
  /** The license that held when it was made. */
  license_id: licenseId,
  created_at: instant,
  /** The peer that wrote it. */
  created_by: peerId,
  /** True for the client that the cluster's peers share. */
  is_shared: z.boolean(),
  /** True for the client that asks. */
  is_current: z.boolean(),
  /** Whether a secret of it opens: not where it was revoked, nor a day after its cluster's id was outlived. */
  is_open: z.boolean(),
  revoked_at: instant.optional(),
});
export type Credential = z.infer<typeof credentialSchema>;

export const credentialListSchema = z.object({ credentials: z.array(credentialSchema), next_cursor: nextCursor });
/** Revoked ones are left out unless they are asked for. */
export const credentialListQuery = z.strictObject({ include_revoked: queryFlag.optional(), ...pageQuery });

export const createdCredentialSchema = z.object({
  ...credentialSchema.shape,
  /** Shown in this reply and never again; only its SHA-256 is kept. */
  client_secret: z.string(),
});
export type CreatedCredential = z.infer<typeof createdCredentialSchema>;

const secretSchema = z.object({
  /** The client's own id for its first secret, else the rotation that brought it. */
  secret_id: z.string(),
  rotated_at: instant,
  is_current: z.boolean(),
  /** Absent without an end. */
  accepted_until: instant.optional(),
});

export const clusterCredentialsSchema = z.object({
  client_id: clientId,
  cluster_id: clusterId,
  scopes: z.array(z.string()),
  created_at: instant,
  created_by: peerId,
  /** The secrets that open now, the current one first. None of them is shown. */
  secrets: z.array(secretSchema),
  /** Shared clients of cluster ids that this one outlived, while a secret of theirs still opens. */
  outlived: z.array(z.object({ client_id: clientId, cluster_id: clusterId, secrets: z.array(secretSchema) })),
});
export type ClusterCredentials = z.infer<typeof clusterCredentialsSchema>;

export const rotatedSchema = z.object({
  client_id: clientId,
  /** Shown in this reply and never again; only its SHA-256 is kept. */
  client_secret: z.string(),
  rotation_id: z.string(),
  rotated_at: instant,
  /** Until when the secret that was replaced still opens, everywhere. */
  previous_accepted_until: instant,
});
export type Rotated = z.infer<typeof rotatedSchema>;
