import type * as z from "zod";
import type { Operation } from "./operation.ts";
import { clusterOperations } from "./operations/cluster.ts";
import { credentialOperations } from "./operations/credentials.ts";
import { healthOperations } from "./operations/health.ts";
import { peerOperations } from "./operations/peers.ts";
import { serviceOperations } from "./operations/services.ts";

import { tokenSchema } from "./schema.ts";

export type { Operation } from "./operation.ts";

/** The API as one table; server, client and OpenAPI are all read from it. */
export const OPERATIONS = {
  ...healthOperations,
  ...clusterOperations,
  ...peerOperations,
  ...serviceOperations,
  ...credentialOperations,
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;
export type ReplyOf<N extends OperationName> =
  (typeof OPERATIONS)[N]["reply"] extends z.ZodType<infer T> ? T : undefined;
export type BodyOf<N extends OperationName> = (typeof OPERATIONS)[N]["body"] extends z.ZodType<infer T> ? T : undefined;
export type ParamsOf<N extends OperationName> = z.infer<(typeof OPERATIONS)[N]["params"]>;
export type QueryOf<N extends OperationName> = z.infer<(typeof OPERATIONS)[N]["query"]>;

/** The token endpoint stands beside the table: its body is a form and its errors are RFC 6749's. */
export const TOKEN_PATH = "/v1/oauth/token";
export const tokenReplySchema = tokenSchema;
