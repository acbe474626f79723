import type { PeerId } from "@arctic/core";
import { Hono } from "hono";
import { answer, type Common, requirePeer } from "./answer.ts";
import { credentialsFrom, identifyCaller, requireAccess } from "./authentication.ts";
import type { ApiContext } from "./context.ts";
import { EventStreams } from "./event-streams.ts";
import { checkBrowserSafety, readBody } from "./guard.ts";
import { Outcomes } from "./idempotency.ts";
import { type Bindings, type HonoContext, isTls, originOf, pathOf, problemResponse, responseFrom } from "./incoming.ts";
import { checkInternal } from "./internal.ts";
import { metricsText } from "./metrics.ts";
import { createSender, freshId } from "./on-behalf.ts";
import { openApiDocument } from "./openapi.ts";
import { OPERATIONS, type Operation, type OperationName, TOKEN_PATH } from "./operations.ts";
import { Problem, problemFromError } from "./problem.ts";
import { RateLimit } from "./rate-limit.ts";
import { type Answer, createRelayAnswerer, JSON_TYPE, type RelayedRequest, wantedPeer } from "./relay.ts";
import { TokenChecks } from "./token-checks.ts";
import { answerTokenRequest } from "./token-endpoint.ts";

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
  const tokens = new TokenChecks();
  const common: Common = {
    context,
    failures,
    tokens,
    outcomes: new Outcomes(context.clock),
    streams: new EventStreams(),
  };

  for (const name of Object.keys(OPERATIONS) as OperationName[]) {
    const operation: Operation = OPERATIONS[name];
    const path = operation.path.replace(/\{(\w+)\}/g, ":$1");
    app.on(operation.method, path, (c) => answer(common, name, c));
  }
  app.post(TOKEN_PATH, async (c) => {
    const origin = originOf(c);
    checkOutside(context, c);
    if (origin.type === "relay") throw new Problem("FORBIDDEN", "tokens are not issued over a relay");
    const form = Buffer.from(await readBody(c.req.raw)).toString("utf8");
    const request = { headers: c.req.raw.headers, form, remoteAddress: origin.remoteAddress };
    return answerTokenRequest(context, requirePeer(context), request, limits);
  });
  app.get("/metrics", (c) => answerMetrics(common, c));
  app.get("/openapi.json", (c) => c.json(openApiDocument(context.agentVersion)));
  app.notFound((c) => problemResponse(new Problem("NOT_FOUND", `there is no ${c.req.method} ${c.req.path}`)));
  app.onError((error, c) => {
    const problem = problemFromError(error);
    if (problem !== undefined) return problemResponse(problem);
    context.log.error("api.failed", { method: c.req.method, path: c.req.routePath, reason: String(error) });
    return problemResponse(new Problem("INTERNAL", "the request failed by a fault of the agent; its log says more"));
  });

  const perform = async (from: PeerId, request: RelayedRequest): Promise<Answer> => {
    const response = await app.fetch(requestFrom(request), { relayed: { from, hops: request.hops } });
    const contentType = response.headers.get("content-type") ?? JSON_TYPE;
    return { status: response.status, body: await response.text(), contentType };
  };
  return { fetch: (request, bindings) => app.fetch(request, bindings), answerRelayed: createRelayAnswerer(perform) };
}

/** What stands beside the table is no place for web pages, nor for operators of an internal peer. Throws Problem. */
function checkOutside(context: ApiContext, c: HonoContext): void {
  const origin = originOf(c);
  checkBrowserSafety(context, c.req.raw.headers, origin, isTls(c));
  const hasRecoveryToken = credentialsFrom(c.req.raw.headers).recovery !== undefined;
  const peer = context.peer();
  if (peer !== undefined) checkInternal(peer, { operation: undefined, effect: "read", origin, hasRecoveryToken });
}

/** Open to this host alone; everybody else needs `peers.read`. */
async function answerMetrics({ context, ...gate }: Common, c: HonoContext): Promise<Response> {
  const origin = originOf(c);
  const { headers } = c.req.raw;
  const isHere = origin.type === "http" && origin.isLoopback;
  const wanted = wantedPeer(headers);
  if (isHere && wanted === undefined) checkBrowserSafety(context, headers, origin, isTls(c));
  else checkOutside(context, c);
  const peer = context.peer();
  if (!isHere || wanted !== undefined) {
    const caller = await identifyCaller(context, peer, credentialsFrom(headers), origin, gate);
    requireAccess("peers.read", caller);
    if (wanted !== undefined && wanted !== peer?.identity.peerId) {
      const send = createSender(context, requirePeer(context), caller, headers, origin);
      return responseFrom(
        await send(wanted, { id: freshId(context), method: "GET", path: pathOf(c), body: undefined }),
      );
    }
  }
  return c.text(await metricsText(context), 200, { "content-type": "text/plain; version=0.0.4" });
}

function requestFrom({ id, method, path, token, body }: RelayedRequest): Request {
  return new Request(`http://relay.invalid${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      "idempotency-key": id,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body }),
  });
}
