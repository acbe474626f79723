import { base64urlFromBytes, type PeerId } from "@arctic/core";
import type { LocalPeer } from "../peer/local-peer.ts";
import { credentialsFrom } from "./authentication.ts";
import type { ApiContext, RequestOrigin } from "./context.ts";
import { sharedClientId } from "./credential.ts";
import type { RequestHeaders } from "./headers.ts";
import { Problem } from "./problem.ts";
import { type Answer, relay } from "./relay.ts";
import { type Caller, issueToken } from "./token.ts";

/** A request as this peer sends it on. */
export interface Errand {
  readonly id: string;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** JSON text. */
  readonly body: string | undefined;
}

/**
 * Sends requests on in the name of one caller. The recovery token is this host's alone, so a request that came with it
 * travels with a short token of the shared client.
 */
export function createSender(
  context: ApiContext,
  peer: LocalPeer,
  caller: Caller | undefined,
  headers: RequestHeaders,
  origin: RequestOrigin,
) {
  const hops = origin.type === "relay" ? origin.hops + 1 : 1;
  return async (to: PeerId, errand: Errand): Promise<Answer> => {
    const token = caller?.type === "recovery" ? await ownToken(context, peer) : credentialsFrom(headers).bearer;
    if (token === undefined) throw new Problem("UNAUTHORIZED", "a request without a token is not relayed");
    return relay(peer, to, { ...errand, token, hops });
  };
}

export type Sender = ReturnType<typeof createSender>;

/** A text that was never used before. */
export function freshId(context: ApiContext): string {
  return base64urlFromBytes(context.crypto.randomBytes(16));
}

const OWN_TOKEN_TTL_SECONDS = 60;

function ownToken(context: ApiContext, peer: LocalPeer): Promise<string> {
  const clientId = sharedClientId(peer.node.cluster.id);
  const grant = {
    clientId,
    scopes: ["admin"] as const,
    ttlSeconds: OWN_TOKEN_TTL_SECONDS,
    tokenId: freshId(context),
  };
  return issueToken(peer.identity, peer.node, grant, context.clock.now());
}
