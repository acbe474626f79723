import type { LocalPeer } from "../peer/local-peer.ts";
import type { RequestOrigin } from "./context.ts";
import type { OperationName } from "./operations.ts";
import { Problem } from "./problem.ts";

/** Health and identity. */
const ALWAYS_ANSWERED: ReadonlySet<OperationName> = new Set(["getLive", "getReady", "getIdentity"]);

/** What a request is to a peer whose `api_access` is `internal`. */
export interface InternalRequest {
  /** `undefined` beside the table: token endpoint, metrics. */
  readonly operation: OperationName | undefined;
  readonly effect: "read" | "write";
  readonly origin: RequestOrigin;
  /** Whether it shows a recovery token, which is judged on its own. */
  readonly hasRecoveryToken: boolean;
}

/**
 * Refuses operators on a peer that is internal, before their tokens and bodies are looked at. Health, identity and the
 * recovery token are answered, and writes that a member relays: they are for records of this peer's. Throws Problem.
 */
export function checkInternal(peer: LocalPeer, request: InternalRequest): void {
  if (peer.ownBody()?.api_access !== "internal" || request.hasRecoveryToken) return;
  if (request.operation !== undefined && ALWAYS_ANSWERED.has(request.operation)) return;
  if (request.effect === "write" && request.origin.type === "relay") return;
  throw new Problem("API_INTERNAL_ONLY", "this peer answers operators through other peers only: call one of those");
}
