import { timingSafeEqual } from "node:crypto";
import type { LocalPeer } from "../peer/local-peer.ts";
import type { ApiContext, RequestOrigin } from "./context.ts";
import { hashSecret } from "./credential.ts";
import type { RequestHeaders } from "./headers.ts";
import type { Access } from "./operation.ts";
import { Problem } from "./problem.ts";
import type { RateLimit } from "./rate-limit.ts";
import { includesScope, scopeName } from "./scope.ts";
import type { Caller } from "./token.ts";
import type { TokenChecks } from "./token-checks.ts";

/** What a request shows of its caller. */
export interface Credentials {
  readonly bearer: string | undefined;
  readonly recovery: string | undefined;
}

/** What is kept from request to request to judge callers by. */
export interface Gate {
  /** Failed attempts, by address. */
  readonly failures: RateLimit;
  readonly tokens: TokenChecks;
}

export function credentialsFrom(headers: RequestHeaders): Credentials {
  const bearer = /^Bearer ([A-Za-z0-9._-]{1,8192})$/i.exec(headers.get("authorization") ?? "")?.[1];
  return { bearer, recovery: headers.get("x-arctic-recovery") ?? undefined };
}

/** The caller, where the request shows who it is; `undefined` where it shows nothing. Throws Problem for what does not hold. */
export async function identifyCaller(
  context: ApiContext,
  peer: LocalPeer | undefined,
  credentials: Credentials,
  origin: RequestOrigin,
  { failures, tokens }: Gate,
): Promise<Caller | undefined> {
  if (credentials.recovery !== undefined) return recoveryCaller(context, credentials.recovery, origin, failures);
  if (credentials.bearer === undefined || peer === undefined) return undefined;
  return tokens.check(peer, credentials.bearer, context.clock.now());
}

/** Throws Problem where the caller may not do what needs this access. */
export function requireAccess(access: Access, caller: Caller | undefined): void {
  if (access === "public" || access === "own_rule") return;
  if (caller === undefined) {
    throw new Problem(
      "UNAUTHORIZED",
      "a token is needed: ask for one at POST /v1/oauth/token and send it as Authorization: Bearer",
    );
  }
  if (access === "any_token" || includesScope(caller.scopes, access)) return;
  throw new Problem("FORBIDDEN", `the token does not have the scope ${scopeName(access)}`);
}

/** The token in `recovery.token` proves that the caller may read the host's files. It is for the host alone, never relayed. */
function recoveryCaller(context: ApiContext, token: string, origin: RequestOrigin, failures: RateLimit): Caller {
  const key = originKey(origin);
  if (origin.type === "relay") throw new Problem("UNAUTHORIZED", "a recovery token is not accepted over a relay");
  if (failures.isOver(key))
    throw new Problem("RATE_LIMITED", "too many failed attempts from this address: wait a minute");
  if (!timingSafeEqual(hashSecret(token), context.recoveryHash)) {
    failures.count(key);
    context.log.warn("api.recovery_refused", { remote_address: key });
    throw new Problem(
      "UNAUTHORIZED",
      "the recovery token is not this peer's: read it anew, it changes at every start of the agent",
    );
  }
  context.log.warn("api.recovery_used", { remote_address: key });
  return { type: "recovery", clientId: undefined, scopes: ["admin"] };
}

function originKey(origin: RequestOrigin): string {
  return origin.type === "http" ? origin.remoteAddress : origin.from;
}
