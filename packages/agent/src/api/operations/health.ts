import { base, type Operation } from "../operation.ts";
import { discoverySchema, jwksSchema, liveSchema, readySchema } from "../schema.ts";

/** Whether it runs, and by which keys tokens are verified. */
export const healthOperations = {
  getLive: {
    ...base,
    method: "GET",
    path: "/livez",
    access: "public",
    before: "always",
    license: "lasting",
    summary: "Whether the process runs",
    reply: liveSchema,
  },
  getReady: {
    ...base,
    method: "GET",
    path: "/readyz",
    access: "public",
    before: "always",
    license: "lasting",
    summary: "Whether the peer can do its work, check by check; 503 when not",
    reply: readySchema,
  },
  getDiscovery: {
    ...base,
    method: "GET",
    path: "/.well-known/openid-configuration",
    access: "public",
    license: "lasting",
    summary: "Where tokens are issued (RFC 8414)",
    reply: discoverySchema,
  },
  getJwks: {
    ...base,
    method: "GET",
    path: "/.well-known/jwks.json",
    access: "public",
    license: "lasting",
    summary: "The keys of all members, by which tokens are verified",
    reply: jwksSchema,
  },
} as const satisfies Record<string, Operation>;
