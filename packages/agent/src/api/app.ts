import type { IncomingMessage, ServerResponse } from "node:http";
import type { PeerId } from "@arctic/core";
import { answer, type Common, requirePeer } from "./answer.ts";
import { credentialsFrom, identifyCaller, requireAccess } from "./authentication.ts";
import type { ApiContext } from "./context.ts";
import { EventStreams } from "./event-streams.ts";
import { checkBrowserSafety } from "./guard.ts";
import { Outcomes } from "./idempotency.ts";
import { type Incoming, incomingFromHttp, incomingFromRelay } from "./incoming.ts";
import { checkInternal } from "./internal.ts";
import { metricsText } from "./metrics.ts";
import { createSender, freshId } from "./on-behalf.ts";
import { openApiDocument } from "./openapi.ts";
import { TOKEN_PATH } from "./operations.ts";
import { Problem, problemFromError } from "./problem.ts";
import { RateLimit } from "./rate-limit.ts";
import {
  type Answer,
  answerFromProblem,
  createRelayAnswerer,
  JSON_TYPE,
  type RelayedRequest,
  wantedPeer,
} from "./relay.ts";
import { type Reply, writeReply } from "./reply.ts";
import { type Route, routeOf } from "./router.ts";
import { TokenChecks } from "./token-checks.ts";
import { answerTokenRequest, type TokenLimits } from "./token-endpoint.ts";

export interface Api {
  /** Answers a request of HTTP. */
  answer(message: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Answers the calls that members send over their links. */
  answerRelayed(from: PeerId, body: string): Promise<string>;
}

/** Limits of one address, a minute. */
const TOKEN_ATTEMPTS = 300;
const FAILURES = 20;

/** The API over its table of operations, and the few endpoints that are not JSON. */
export function createApi(context: ApiContext): Api {
  const failures = new RateLimit(context.clock, FAILURES);
  const limits = { attempts: new RateLimit(context.clock, TOKEN_ATTEMPTS), failures };
  const common: Common = {
    context,
    failures,
    tokens: new TokenChecks(),
    outcomes: new Outcomes(context.clock, context.outcomes),
    streams: new EventStreams(),
  };
  const pages = pagesBesideTheTable(common, limits);

  const reply = async (incoming: Incoming): Promise<Reply> => {
    const { path } = incoming;
    const method = incoming.method === "HEAD" ? "GET" : incoming.method;
    const route = routeOf(method, path);
    try {
      if (route !== undefined) return await answer(common, route, incoming);
      const page = pages.get(`${method} ${path}`);
      if (page !== undefined) return { type: "whole", answer: await page(incoming) };
      throw new Problem("NOT_FOUND", `there is no ${method} ${path}`);
    } catch (error) {
      return { type: "whole", answer: answerFromProblem(problemOf(context, error, method, route)) };
    }
  };
  const perform = async (from: PeerId, request: RelayedRequest): Promise<Answer> => {
    const replied = await reply(incomingFromRelay(from, request));
    if (replied.type === "whole") return replied.answer;
    throw new Error("a stream is not relayed");
  };
  return {
    async answer(message, response) {
      writeReply(await reply(incomingFromHttp(message)), message, response);
    },
    answerRelayed: createRelayAnswerer(perform),
  };
}

/** What the caller is told of an error; of a bug, the log is told more. */
function problemOf(context: ApiContext, error: unknown, method: string, route: Route | undefined): Problem {
  const problem = problemFromError(error);
  if (problem !== undefined) return problem;
  context.log.error("api.failed", { method, path: route?.operation.path, reason: String(error) });
  return new Problem("INTERNAL", "the request failed by a fault of the agent; its log says more");
}

type Page = (incoming: Incoming) => Promise<Answer>;

function pagesBesideTheTable(common: Common, limits: TokenLimits): ReadonlyMap<string, Page> {
  const { context } = common;
  return new Map<string, Page>([
    [`POST ${TOKEN_PATH}`, (incoming) => answerToken(context, incoming, limits)],
    ["GET /metrics", (incoming) => answerMetrics(common, incoming)],
    ["GET /openapi.json", async () => textAnswer(JSON.stringify(openApiDocument(context.agentVersion)), JSON_TYPE)],
  ]);
}

/** What stands beside the table is no place for web pages, nor for operators of an internal peer. Throws Problem. */
function checkOutside(context: ApiContext, incoming: Incoming): void {
  checkBrowserSafety(context, incoming);
  const { headers, origin } = incoming;
  const hasRecoveryToken = credentialsFrom(headers).recovery !== undefined;
  const peer = context.peer();
  if (peer !== undefined) checkInternal(peer, { operation: undefined, effect: "read", origin, hasRecoveryToken });
}

async function answerToken(context: ApiContext, incoming: Incoming, limits: TokenLimits): Promise<Answer> {
  checkOutside(context, incoming);
  const { headers, origin } = incoming;
  if (origin.type === "relay") throw new Problem("FORBIDDEN", "tokens are not issued over a relay");
  const form = Buffer.from(await incoming.readBody()).toString("utf8");
  return answerTokenRequest(
    context,
    requirePeer(context),
    { headers, form, remoteAddress: origin.remoteAddress },
    limits,
  );
}

/** Open to this host alone; everybody else needs `peers.read`. */
async function answerMetrics({ context, ...gate }: Common, incoming: Incoming): Promise<Answer> {
  const { headers, origin, path, search } = incoming;
  const isHere = origin.type === "http" && origin.isLoopback;
  const wanted = wantedPeer(headers);
  if (isHere && wanted === undefined) checkBrowserSafety(context, incoming);
  else checkOutside(context, incoming);
  const peer = context.peer();
  if (!isHere || wanted !== undefined) {
    const caller = await identifyCaller(context, peer, credentialsFrom(headers), origin, gate);
    requireAccess("peers.read", caller);
    if (wanted !== undefined && wanted !== peer?.identity.peerId) {
      const send = createSender(context, requirePeer(context), caller, headers, origin);
      return send(wanted, { id: freshId(context), method: "GET", path: path + search, body: undefined });
    }
  }
  return textAnswer(await metricsText(context), "text/plain; version=0.0.4");
}

function textAnswer(body: string, contentType: string): Answer {
  return { status: 200, body, contentType };
}
