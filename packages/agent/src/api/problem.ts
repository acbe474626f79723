import type { Rejection, RejectionCode } from "@arctic/core";
import type * as z from "zod";
import { hideSecrets } from "../hide-secrets.ts";
import { StoreError } from "../store/store.ts";
import type { ProblemBody, ProblemCode } from "./schema.ts";

const STATUS_BY_CODE: Readonly<Record<ProblemCode, number>> = {
  INVALID_REQUEST: 400,
  INVALID_CIDR: 400,
  MISSING_FIELD: 400,
  INVALID_TRANSPORT: 400,
  UNAUTHORIZED: 401,
  TOKEN_EXPIRED: 401,
  FORBIDDEN: 403,
  API_INTERNAL_ONLY: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  ALREADY_BOOTSTRAPPED: 409,
  CONFLICT: 409,
  TOO_LARGE: 413,
  HANDSHAKE_FAILED: 422,
  LICENSE_MISMATCH: 422,
  LICENSE_INVALID: 422,
  LICENSE_EXPIRED: 422,
  NODE_LIMIT_EXCEEDED: 422,
  SERVICE_LIMIT_EXCEEDED: 422,
  PEER_UNREACHABLE: 422,
  CANNOT_REVOKE_CURRENT: 422,
  IDENTITY_CLONED: 422,
  PEER_LEFT: 422,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  NOT_BOOTSTRAPPED: 503,
  OUTCOME_UNKNOWN: 504,
  STORAGE_FULL: 507,
};

/** A request that is refused, with what the caller is told. The message says what happened, to what, and what to do. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  readonly status: number;
  readonly details: unknown;

  constructor(code: ProblemCode, message: string, details?: unknown) {
    super(message);
    this.code = code;
    this.status = STATUS_BY_CODE[code];
    this.details = details;
  }

  toBody(): ProblemBody {
    const body = {
      error: this.message,
      code: this.code,
      ...(this.details === undefined ? {} : { details: this.details }),
    };
    // A refusal may name what was sent, and callers put secrets in wrong places.
    return JSON.parse(hideSecrets(JSON.stringify(body))) as ProblemBody;
  }
}

/** What a thrown error is to the caller; `undefined` for a bug, of which the caller learns nothing. */
export function problemFromError(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof StoreError) {
    return new Problem("STORAGE_FULL", `the change could not be stored and was not made: ${error.message}`);
  }
  return undefined;
}

export function problemFromRejection(rejection: Rejection): Problem {
  return new Problem(CODE_BY_REJECTION[rejection.code] ?? "INVALID_REQUEST", rejection.message);
}

const CODE_BY_REJECTION: Partial<Record<RejectionCode, ProblemCode>> = {
  license_malformed: "LICENSE_INVALID",
  license_root_unknown: "LICENSE_INVALID",
  license_signature_invalid: "LICENSE_INVALID",
  license_customer_mismatch: "LICENSE_MISMATCH",
  license_not_successor: "LICENSE_INVALID",
  license_expired: "LICENSE_EXPIRED",
  node_limit_exceeded: "NODE_LIMIT_EXCEEDED",
  service_limit_exceeded: "SERVICE_LIMIT_EXCEEDED",
  not_merged_yet: "CONFLICT",
  identity_cloned: "IDENTITY_CLONED",
  peer_left: "PEER_LEFT",
  peer_ended: "PEER_LEFT",
  peer_unreachable: "PEER_UNREACHABLE",
  record_quota: "CONFLICT",
};

/** Which code a malformed request gets, and where in it the fault is. */
export function problemFromIssues(where: string, error: z.ZodError): Problem {
  const issues = error.issues.map((issue) => ({ path: [where, ...issue.path].join("."), message: issue.message }));
  const [first] = error.issues;
  const place = [where, ...(first?.path ?? [])].join(".");
  return new Problem(codeOfIssue(first), `${place}: ${first?.message ?? "malformed"}`, { issues: issues.slice(0, 20) });
}

function codeOfIssue(issue: z.core.$ZodIssue | undefined): ProblemCode {
  const last = issue?.path.at(-1);
  if (last === "transport_type") return "INVALID_TRANSPORT";
  if (issue?.code === "custom" && issue.params?.code === "INVALID_CIDR") return "INVALID_CIDR";
  if (issue?.code === "invalid_format" && /^cidr/.test(issue.format)) return "INVALID_CIDR";
  if (issue?.code === "invalid_type" && /received undefined$/.test(issue.message)) return "MISSING_FIELD";
  if (issue?.code === "invalid_union") return codeOfIssue(issue.errors[0]?.[0]);
  return "INVALID_REQUEST";
}
