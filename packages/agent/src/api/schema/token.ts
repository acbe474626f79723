import * as z from "zod";

/** RFC 6749 section 5.1. */
export const tokenSchema = z.object({
  access_token: z.string(),
  token_type: z.literal("Bearer"),
  /** Seconds. */
  expires_in: z.int(),
  /** Full scope names, separated by spaces. */
  scope: z.string(),
});
export type Token = z.infer<typeof tokenSchema>;

/** RFC 8414, the part that this server has. */
export const discoverySchema = z.looseObject({
  issuer: z.string(),
  token_endpoint: z.string(),
  jwks_uri: z.string(),
  grant_types_supported: z.array(z.string()),
  token_endpoint_auth_methods_supported: z.array(z.string()),
  scopes_supported: z.array(z.string()),
});

/** RFC 7517, Ed25519 keys (RFC 8037); `kid` is the peer id. */
export const jwksSchema = z.object({
  keys: z.array(
    z.object({
      kty: z.literal("OKP"),
      crv: z.literal("Ed25519"),
      x: z.string(),
      kid: z.string(),
      use: z.literal("sig"),
      alg: z.literal("EdDSA"),
    }),
  ),
});
