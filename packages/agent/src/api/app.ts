import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { base64urlFromBytes, type PeerId } from "@arctic/core";
import { type Context, Hono } from "hono";
import type { LocalPeer } from "../peer/local-peer.ts";
import { isLoopback, plainAddress } from "../transport/address.ts";
import { credentialsFrom, identifyCaller, requireAccess } from "./authentication.ts";
import type { ApiContext, Call, Handler, RequestOrigin } from "./context.ts";
import { sharedClientId } from "./credential.ts";
import { checkBrowserSafety, parseParts, readBody } from "./guard.ts";
import { HANDLERS } from "./handlers.ts";
import { metricsText } from "./metrics.ts";
import { openApiDocument } from "./openapi.ts";
import { OPERATIONS, type Operation, type OperationName, TOKEN_PATH } from "./operations.ts";
import { Problem, problemFromError } from "./problem.ts";
import { RateLimit } from "./rate-limit.ts";
import { createRelayAnswerer, type RelayedReply, type RelayedRequest, relay, wantedPeer } from "./relay.ts";
import { markProven } from "./server.ts";
import { type Caller, issueToken } from "./token.ts";
import { answerTokenRequest } from "./token-endpoint.ts";

/** What comes beside a request: the connection it came by, or the member that relayed it. */
type Bindings =
  | { readonly incoming: IncomingMessage }
  | { readonly relayed: { readonly from: PeerId; readonly hops: number } };
type HonoContext = Context<{ Bindings: Bindings }>;

export interface Api {
  fetch(request: Request, bindings: Bindings): Response | Promise<Response>;
  /** Answers the calls that members send over their links. */
  answerRelayed(from: PeerId, body: string): Promise<string>;
}

/** Limits of one address, a minute. */
const TOKEN_ATTEMPTS = 300;
const FAILURES = 20;

/** The API over its table of operations, and the few endpoints that are not JSON. */
export function createApi(context: ApiContext): Api {
  const app = new Hono<{ Bindings: Bindings }>();
  const failures = new RateLimit(context.clock, FAILURES);
  const limits = { attempts: new RateLimit(context.clock, TOKEN_ATTEMPTS), failures };

  for (const name of Object.keys(OPERATIONS) as OperationName[]) {
    const operation: Operation = OPERATIONS[name];
    const path = operation.path.replace(/\{(\w+)\}/g, ":$1");
    app.on(operation.method, path, (c) => answer(context, failures, name, c));
  }
  app.post(TOKEN_PATH, async (c) => {
    const origin = originOf(c);
    checkBrowserSafety(context, c.req.raw.headers, origin, isTls(c));
    if (origin.type === "relay") throw new Problem("FORBIDDEN", "tokens are not issued over a relay");
    const form = Buffer.from(await readBody(c.req.raw)).toString("utf8");
    const request = { headers: c.req.raw.headers, form, remoteAddress: origin.remoteAddress };
    return answerTokenRequest(context, requirePeer(context), request, limits);
  });
  app.get("/metrics", async (c) => {
    const origin = originOf(c);
    checkBrowserSafety(context, c.req.raw.headers, origin, isTls(c));
    if (origin.type === "relay" || !origin.isLoopback) {
      requireAccess(
        "peers.read",
        await identifyCaller(context, context.peer(), credentialsFrom(c.req.raw.headers), origin, failures),
      );
    }
    return c.text(await metricsText(context), 200, { "content-type": "text/plain; version=0.0.4" });
  });
  app.get("/openapi.json", (c) => c.json(openApiDocument(context.agentVersion)));
  app.notFound((c) => problemResponse(new Problem("NOT_FOUND", `there is no ${c.req.method} ${c.req.path}`)));
  app.onError((error, c) => {
    const problem = problemFromError(error);
    if (problem !== undefined) return problemResponse(problem);
    context.log.error("api.failed", { method: c.req.method, path: c.req.routePath, reason: String(error) });
    return problemResponse(new Problem("INTERNAL", "the request failed by a fault of the agent; its log says more"));
  });

  const perform = async (from: PeerId, request: RelayedRequest): Promise<RelayedReply> => {
    const response = await app.fetch(requestFrom(request), { relayed: { from, hops: request.hops } });
    return { status: response.status, body: await response.text() };
  };
  return { fetch: (request, bindings) => app.fetch(request, bindings), answerRelayed: createRelayAnswerer(perform) };
}

/** Everything that is the same for all operations, cheapest and safest first; then the operation itself. */
async function answer(
  context: ApiContext,
  failures: RateLimit,
  name: OperationName,
  c: HonoContext,
): Promise<Response> {
  const operation: Operation = OPERATIONS[name];
  const { headers } = c.req.raw;
  const origin = originOf(c);
  checkBrowserSafety(context, headers, origin, isTls(c));
  const peer = context.peer();
  if (operation.before === "bootstrapped") requirePeer(context);
  const caller =
    operation.access === "public"
      ? undefined
      : await identifyCaller(context, peer, credentialsFrom(headers), origin, failures);
  requireAccess(operation.access, caller);
  if (caller !== undefined && "incoming" in c.env) markProven(c.env.incoming.socket);
  if (peer !== undefined) checkState(peer, operation, origin, caller);

  const bytes = await readBody(c.req.raw);
  if (operation.effect !== "read") await peer?.merged();
  const to = operation.access === "public" ? undefined : wantedPeer(headers.get("x-arctic-peer") ?? undefined);
  const send = (target: PeerId, method: string, path: string, body: string | undefined) =>
    sendOn(context, requirePeer(context), caller, headers, { to: target, method, path, body, origin });
  const sendWhole = (target: PeerId) =>
    send(target, c.req.method, pathOf(c), bytes.length === 0 ? undefined : Buffer.from(bytes).toString("utf8"));
  if (to !== undefined && to !== peer?.identity.peerId) return responseFrom(await sendWhole(to));

  const parts = parseParts(operation, {
    params: c.req.param(),
    query: queryOf(c),
    contentType: headers.get("content-type") ?? "",
    body: bytes,
  });
  const call = {
    ...parts,
    context,
    caller,
    origin,
    baseUrl: baseUrlOf(c),
    peer: () => requirePeer(context),
    askPeer: async (target: PeerId, method: string, path: string, body: unknown) => {
      const { status, body: text } = await send(target, method, path, JSON.stringify(body));
      return { status, body: text === "" ? undefined : JSON.parse(text) };
    },
  } as Call<OperationName>;
  const outcome = await (HANDLERS[name] as Handler<OperationName>)(call);
  switch (outcome.type) {
    case "reply":
      return operation.status === 204
        ? new Response(null, { status: 204 })
        : Response.json(outcome.body, { status: operation.status });
    case "status":
      return Response.json(outcome.body, { status: outcome.status });
    case "relay":
      return responseFrom(await sendWhole(outcome.to));
  }
}

/** What the license and the peer's own setting allow. Throws Problem. */
function checkState(peer: LocalPeer, operation: Operation, origin: RequestOrigin, caller: Caller | undefined): void {
  const isOpen = operation.access === "public" || caller?.type === "recovery";
  const isRelayedWrite = origin.type === "relay" && operation.effect === "write";
  if (!isOpen && !isRelayedWrite && peer.ownBody()?.api_access === "internal") {
    throw new Problem("API_INTERNAL_ONLY", "this peer answers operators through other peers only: call one of those");
  }
  const state = peer.licenseState;
  const isStopped =
    (operation.effect === "write" && state === "read_only") ||
    (operation.effect !== "lasting" && state === "suspended");
  if (!isStopped || caller?.type === "recovery") return;
  const { expires_at } = peer.node.cluster.license;
  throw new Problem("LICENSE_EXPIRED", `the license expired at ${expires_at}: put in a renewed one`);
}

/** Sends a request on in the caller's name. The recovery token is this host's alone, so it travels as a short token of the shared client. */
async function sendOn(
  context: ApiContext,
  peer: LocalPeer,
  caller: Caller | undefined,
  headers: Headers,
  request: { to: PeerId; method: string; path: string; body: string | undefined; origin: RequestOrigin },
): Promise<RelayedReply> {
  const { to, method, path, body, origin } = request;
  const token = caller?.type === "recovery" ? await ownToken(context, peer) : credentialsFrom(headers).bearer;
  if (token === undefined) throw new Problem("UNAUTHORIZED", "a request without a token is not relayed");
  const hops = origin.type === "relay" ? origin.hops + 1 : 1;
  return relay(peer, to, { method, path, token, body, hops }, context.crypto.randomBytes(16));
}

const OWN_TOKEN_TTL_SECONDS = 60;

function ownToken(context: ApiContext, peer: LocalPeer): Promise<string> {
  const clientId = sharedClientId(peer.node.cluster.id);
  const tokenId = base64urlFromBytes(context.crypto.randomBytes(16));
  const grant = { clientId, scopes: ["admin"] as const, ttlSeconds: OWN_TOKEN_TTL_SECONDS, tokenId };
  return issueToken(peer.identity, peer.node, grant, context.clock.now());
}

function requirePeer(context: ApiContext): LocalPeer {
  const peer = context.peer();
  if (peer === undefined)
    throw new Problem("NOT_BOOTSTRAPPED", "this host is not bootstrapped yet: run arctic bootstrap");
  return peer;
}

function originOf(c: HonoContext): RequestOrigin {
  if ("relayed" in c.env) return { type: "relay", ...c.env.relayed };
  const remoteAddress = plainAddress(c.env.incoming.socket.remoteAddress ?? "");
  return { type: "http", remoteAddress, isLoopback: isLoopback(remoteAddress) };
}

function isTls(c: HonoContext): boolean {
  return "incoming" in c.env && c.env.incoming.socket instanceof TLSSocket;
}

function baseUrlOf(c: HonoContext): string {
  return `${isTls(c) ? "https" : "http"}://${c.req.header("host") ?? "localhost"}`;
}

function pathOf(c: HonoContext): string {
  const { pathname, search } = new URL(c.req.url);
  return pathname + search;
}

/** A parameter that is given twice is refused by the schema, since it expects one text. */
function queryOf(c: HonoContext): unknown {
  return Object.fromEntries(
    Object.entries(c.req.queries()).map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
}

function requestFrom({ method, path, token, body }: RelayedRequest): Request {
  return new Request(`http://relay.invalid${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body }),
  });
}

function responseFrom({ status, body }: RelayedReply): Response {
  if (status === 204) return new Response(null, { status });
  return new Response(body, { status, headers: { "content-type": "application/json" } });
}

function problemResponse(problem: Problem): Response {
  const headers = problem.status === 401 ? { "www-authenticate": "Bearer" } : undefined;
  return Response.json(problem.toBody(), { status: problem.status, ...(headers === undefined ? {} : { headers }) });
}
