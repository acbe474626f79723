import * as z from "zod";

/** Every code that the API answers with beside a text for a person. */
export const PROBLEM_CODES = [
  "INVALID_REQUEST",
  "INVALID_CIDR",
  "MISSING_FIELD",
  "INVALID_TRANSPORT",
  "UNAUTHORIZED",
  "TOKEN_EXPIRED",
  "FORBIDDEN",
  "API_INTERNAL_ONLY",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "ALREADY_BOOTSTRAPPED",
  "CONFLICT",
  "TOO_LARGE",
  "HANDSHAKE_FAILED",
  "LICENSE_MISMATCH",
  "LICENSE_INVALID",
  "LICENSE_EXPIRED",
  "NODE_LIMIT_EXCEEDED",
  "SERVICE_LIMIT_EXCEEDED",
  "PEER_UNREACHABLE",
  "CANNOT_REVOKE_CURRENT",
  "IDENTITY_CLONED",
  "PEER_LEFT",
  "RATE_LIMITED",
  "INTERNAL",
  "NOT_BOOTSTRAPPED",
  "OUTCOME_UNKNOWN",
  "STORAGE_FULL",
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];

/** What every refused request is answered with. A client keeps codes that it does not know as text. */
export const problemSchema = z.looseObject({
  error: z.string(),
  code: z.string(),
  details: z.unknown().optional(),
});
export type ProblemBody = z.infer<typeof problemSchema>;
