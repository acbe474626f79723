import { base64urlFromBytes, isId } from "@arctic/core";
import type { LocalPeer } from "../peer/local-peer.ts";
import type { ApiContext } from "./context.ts";
import { type Client, findClient, isSecretOf } from "./credential.ts";
import type { RequestHeaders } from "./headers.ts";
import type { RateLimit } from "./rate-limit.ts";
import { type Answer, JSON_TYPE } from "./relay.ts";
import { includesScope, parseScope, type Scope, scopeName } from "./scope.ts";
import { issueToken, TOKEN_TTL_SECONDS } from "./token.ts";

export interface TokenLimits {
  /** All requests of one address. */
  readonly attempts: RateLimit;
  /** Failed ones. */
  readonly failures: RateLimit;
}

/** RFC 6749 sections 4.4 and 5: the client credentials grant, by form or Basic. */
export async function answerTokenRequest(
  context: ApiContext,
  peer: LocalPeer,
  request: { readonly headers: RequestHeaders; readonly form: string; readonly remoteAddress: string },
  limits: TokenLimits,
): Promise<Answer> {
  const { remoteAddress } = request;
  if (limits.attempts.isOver(remoteAddress) || limits.failures.isOver(remoteAddress)) {
    return refusal(
      429,
      "temporarily_unavailable",
      "RATE_LIMITED",
      "too many attempts from this address: wait a minute",
    );
  }
  limits.attempts.count(remoteAddress);
  const form = new URLSearchParams(request.form);
  if (hasRepeats(form)) return refusal(400, "invalid_request", "INVALID_REQUEST", "a parameter is given twice");
  if (form.get("grant_type") !== "client_credentials") {
    return refusal(400, "unsupported_grant_type", "INVALID_REQUEST", "grant_type has to be client_credentials");
  }
  const shown = shownCredentials(request.headers, form);
  if (shown === undefined)
    return refusal(400, "invalid_request", "INVALID_REQUEST", "show the client once: by form or by Basic");
  const client = isId("cli", shown.id) ? findClient(peer.node, shown.id) : undefined;
  const isRight = isId("cli", shown.id) && isSecretOf(peer.node.cluster, shown.id, shown.secret);
  if (!isRight || client === undefined) {
    limits.failures.count(remoteAddress);
    context.log.warn("api.token_refused", { remote_address: remoteAddress });
    return refusal(
      401,
      "invalid_client",
      "UNAUTHORIZED",
      "the client id or its secret is not right, or the client was revoked",
    );
  }
  const scopes = grantedScopes(client, form.get("scope"));
  if (scopes === undefined)
    return refusal(400, "invalid_scope", "INVALID_REQUEST", "the client does not have the scope that was asked for");
  return tokenReply(context, peer, client, scopes);
}

async function tokenReply(
  context: ApiContext,
  peer: LocalPeer,
  client: Client,
  scopes: readonly Scope[],
): Promise<Answer> {
  const grant = {
    clientId: client.clientId,
    scopes,
    ttlSeconds: TOKEN_TTL_SECONDS,
    tokenId: base64urlFromBytes(context.crypto.randomBytes(16)),
  };
  const token = await issueToken(peer.identity, peer.node, grant, context.clock.now());
  return answerFrom(200, {
    access_token: token,
    token_type: "Bearer",
    expires_in: TOKEN_TTL_SECONDS,
    scope: scopes.map(scopeName).join(" "),
  });
}

/** What was asked for, or all that the client has; `undefined` where more was asked for. */
function grantedScopes(client: Client, text: string | null): readonly Scope[] | undefined {
  if (text === null || text.trim() === "") return client.scopes;
  const asked = text.trim().split(/ +/).map(parseScope);
  const scopes = asked.flatMap((scope) => (scope !== undefined && includesScope(client.scopes, scope) ? [scope] : []));
  return scopes.length === asked.length ? scopes : undefined;
}

/** RFC 6749 section 2.3.1. Both ways at once are refused. */
function shownCredentials(headers: RequestHeaders, form: URLSearchParams) {
  const basic = /^Basic ([A-Za-z0-9+/=]{1,1024})$/i.exec(headers.get("authorization") ?? "")?.[1];
  const id = form.get("client_id");
  const secret = form.get("client_secret");
  if (basic === undefined) return id === null || secret === null ? undefined : { id, secret };
  if (secret !== null) return undefined;
  const [user, password] = splitOnce(Buffer.from(basic, "base64").toString("utf8"));
  return password === undefined ? undefined : { id: decoded(user), secret: decoded(password) };
}

function splitOnce(text: string): readonly [string, string | undefined] {
  const colon = text.indexOf(":");
  return colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

function hasRepeats(form: URLSearchParams): boolean {
  const names = [...form.keys()];
  return new Set(names).size !== names.length;
}

const NO_STORE = { "cache-control": "no-store" };

/** RFC 6749 section 5.2, with Arctic's code beside it. */
function refusal(status: number, error: string, code: string, description: string): Answer {
  const answer = answerFrom(status, { error, error_description: description, code });
  return status === 401 ? { ...answer, headers: { ...NO_STORE, "www-authenticate": 'Basic realm="arctic"' } } : answer;
}

function answerFrom(status: number, body: object): Answer {
  return { status, body: JSON.stringify(body), contentType: JSON_TYPE, headers: NO_STORE };
}
