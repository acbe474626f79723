import type { PeerId } from "@arctic/core";
import type { LocalPeer } from "../peer/local-peer.ts";
import { type AuditedWrite, callerName, logWrite } from "./audit.ts";
import { credentialsFrom, type Gate, identifyCaller, requireAccess } from "./authentication.ts";
import { atEntry } from "./central.ts";
import type { ApiContext, Call, Handler, Outcome } from "./context.ts";
import type { EventStreams } from "./event-streams.ts";
import { checkBrowserSafety, checkJson, parseParts } from "./guard.ts";
import { HANDLERS } from "./handlers.ts";
import { type Outcomes, requestIdFrom } from "./idempotency.ts";
import { type Incoming, queryOf } from "./incoming.ts";
import { checkInternal } from "./internal.ts";
import { createSender, freshId, type Sender } from "./on-behalf.ts";
import type { OperationName } from "./operations.ts";
import { Problem, problemFromError } from "./problem.ts";
import { type Answer, answerFromProblem, JSON_TYPE, wantedPeer } from "./relay.ts";
import type { Reply } from "./reply.ts";
import type { Route } from "./router.ts";
import type { Caller } from "./token.ts";

/** What all requests share. */
export interface Common extends Gate {
  readonly context: ApiContext;
  readonly outcomes: Outcomes;
  readonly streams: EventStreams;
}

/** A request that may be answered: who asks for what, with its body read. */
interface Request {
  readonly incoming: Incoming;
  readonly route: Route;
  readonly caller: Caller | undefined;
  readonly id: string;
  /** Whether the id is the caller's, who may send it again. */
  readonly isRepeatable: boolean;
  readonly bytes: Uint8Array;
  /** The peer that shall answer instead of this one. */
  readonly wanted: PeerId | undefined;
}

/** Everything that is the same for all operations, cheapest and safest first; then the operation, here or elsewhere. */
export async function answer(common: Common, route: Route, incoming: Incoming): Promise<Reply> {
  const { context } = common;
  const { name, operation } = route;
  const { headers, origin } = incoming;
  checkBrowserSafety(context, incoming);
  const peer = context.peer();
  if (operation.before === "bootstrapped") requirePeer(context);
  const credentials = credentialsFrom(headers);
  const hasRecoveryToken = credentials.recovery !== undefined;
  if (peer !== undefined) checkInternal(peer, { operation: name, effect: operation.effect, origin, hasRecoveryToken });
  const named = wantedPeer(headers);
  const wanted = named === peer?.identity.peerId ? undefined : named;
  // What anybody may ask of this peer is asked of another one by callers with a token only.
  const access = operation.access === "public" && wanted !== undefined ? "any_token" : operation.access;
  const caller = access === "public" ? undefined : await identifyCaller(context, peer, credentials, origin, common);
  try {
    requireAccess(access, caller);
  } catch (error) {
    // Who is known and tries more than it may is worth a line; who is nobody would fill the log.
    if (caller !== undefined && operation.effect === "write")
      logRefusal(context, { operation: name, caller, origin, requestId: "", params: namedParams(route) }, error);
    throw error;
  }
  if (caller !== undefined) incoming.markProven();
  if (peer !== undefined) checkLicense(peer, operation, caller);

  // A read that is answered here needs no name.
  const needsId = operation.effect === "write" || wanted !== undefined;
  const callersId = requestIdFrom(headers);
  const id = callersId ?? (needsId ? freshId(context) : "");
  const bytes = operation.method === "GET" ? NO_BYTES : await incoming.readBody();
  const request = { incoming, route, caller, id, isRepeatable: callersId !== undefined, bytes, wanted };
  if (operation.format === "event_stream") return stream(common, request);
  const done = operation.effect === "read" ? perform(common, request, {}) : performAndLog(common, request);
  return { type: "whole", answer: await done };
}

const NO_BYTES = new Uint8Array();

/** Throws Problem where this host is not bootstrapped. */
export function requirePeer(context: ApiContext): LocalPeer {
  const peer = context.peer();
  if (peer === undefined)
    throw new Problem("NOT_BOOTSTRAPPED", "this host is not bootstrapped yet: run arctic bootstrap");
  return peer;
}

/** What the license allows in its present state. Throws Problem. */
function checkLicense(peer: LocalPeer, { license, effect }: Route["operation"], caller: Caller | undefined): void {
  if (license === "lasting" || caller?.type === "recovery") return;
  const state = peer.licenseState;
  if (state !== "suspended" && !(effect === "write" && state === "read_only")) return;
  const { expires_at } = peer.node.cluster.license;
  throw new Problem("LICENSE_EXPIRED", `the license expired at ${expires_at}: put in a renewed one`);
}

/** What an operation tells the log of itself. */
type Notes = Record<string, unknown>;

async function performAndLog(common: Common, request: Request): Promise<Answer> {
  const notes: Notes = {};
  const written: AuditedWrite = {
    operation: request.route.name,
    caller: request.caller,
    origin: request.incoming.origin,
    requestId: request.id,
    params: namedParams(request.route),
  };
  try {
    const done = await perform(common, request, notes);
    logWrite(common.context, written, done, notes);
    return done;
  } catch (error) {
    logRefusal(common.context, written, error, notes);
    const problem = problemFromError(error);
    if (problem === undefined) throw error;
    return answerFromProblem(problem);
  }
}

/** The path's parameters where they are what they should be; anything else may be a secret in a wrong place. */
function namedParams({ operation, params }: Route): unknown {
  const parsed = operation.params.safeParse(params);
  return parsed.success ? parsed.data : {};
}

function logRefusal(context: ApiContext, written: AuditedWrite, error: unknown, notes: Notes = {}): void {
  const problem = problemFromError(error);
  if (problem !== undefined) logWrite(context, written, answerFromProblem(problem), { ...notes, code: problem.code });
}

async function perform(common: Common, request: Request, notes: Notes): Promise<Answer> {
  const { context } = common;
  const peer = context.peer();
  const { wanted } = request;
  const { name, operation } = request.route;
  const here = () => {
    delete notes.relayed_to;
    return operation.effect === "write" ? performOnce(common, request, notes) : performHere(common, request, notes);
  };
  if (peer === undefined) return here();
  const there = async (to: PeerId) => {
    notes.relayed_to = to;
    try {
      return await sendWhole(senderOf(context, peer, request), request, to);
    } catch (error) {
      // A peer that leaves closes its links, and so never answers; its word that it left has come before.
      if (name === "removeSelf" && peer.node.peers.get(to)?.standing === "left")
        return answerFrom(operation.status, undefined);
      throw error;
    }
  };
  if (wanted !== undefined) return there(wanted);
  return operation.place === "entry" ? atEntry(context, peer, request.incoming.origin, { here, there }) : here();
}

/** Where a write is passed on, the peer that does it remembers; so a request that comes back here waits for nobody. */
async function performOnce(common: Common, request: Request, notes: Notes): Promise<Answer> {
  const { incoming, route, caller, id, isRepeatable, bytes } = request;
  // What anybody may ask belongs to nobody, who could not be told from another.
  if (caller === undefined || !isRepeatable) return performHere(common, request, notes);
  const name = { caller: callerName(caller), id, method: route.operation.method, path: pathOf(incoming), body: bytes };
  const { answer, isRepeat } = await common.outcomes.once(name, () => performHere(common, request, notes));
  if (isRepeat) notes.is_repeat = true;
  return answer;
}

async function performHere(common: Common, request: Request, notes: Notes): Promise<Answer> {
  const { context } = common;
  const { operation, name } = request.route;
  const outcome = await outcomeOf(common, request);
  switch (outcome.type) {
    case "reply":
      Object.assign(notes, outcome.notes);
      return answerFrom(operation.status, outcome.body);
    case "status":
      return answerFrom(outcome.status, outcome.body);
    case "relay":
      notes.relayed_to = outcome.to;
      return sendWhole(senderOf(context, requirePeer(context), request), request, outcome.to);
    case "stream":
      throw new Error(`${name} answers with a stream, which its row does not say`);
  }
}

async function outcomeOf({ context, streams, tokens }: Common, request: Request): Promise<Outcome<unknown>> {
  const { incoming, caller, bytes } = request;
  const { name, operation, params } = request.route;
  const { headers, origin, baseUrl } = incoming;
  if (operation.effect === "write") await context.peer()?.merged();
  const parts = parseParts(operation, {
    params,
    query: queryOf(incoming),
    contentType: headers.get("content-type") ?? "",
    body: bytes,
  });
  const call = {
    ...parts,
    context,
    caller,
    origin,
    baseUrl,
    openEvents: () => {
      const { bearer } = credentialsFrom(headers);
      return streams.open({ context, peer: requirePeer(context), caller, bearer, tokens, cut: () => incoming.cut() });
    },
    peer: () => requirePeer(context),
    askPeer: async (to: PeerId, method: string, path: string, body: unknown) => {
      const send = senderOf(context, requirePeer(context), request);
      const { status, body: text } = await send(to, { id: freshId(context), method, path, body: JSON.stringify(body) });
      return { status, body: text === "" ? undefined : JSON.parse(text) };
    },
  } as Call<OperationName>;
  return (HANDLERS[name] as Handler<OperationName>)(call);
}

async function stream(common: Common, request: Request): Promise<Reply> {
  const { incoming, route, wanted } = request;
  if (wanted !== undefined || incoming.origin.type === "relay")
    throw new Problem("INVALID_REQUEST", "X-Arctic-Peer: a stream is not relayed; open it at that peer itself");
  const outcome = await outcomeOf(common, request);
  if (outcome.type !== "stream") throw new Error(`${route.name} answers without a stream`);
  return { type: "stream", body: outcome.body };
}

function senderOf(context: ApiContext, peer: LocalPeer, { caller, incoming }: Request): Sender {
  return createSender(context, peer, caller, incoming.headers, incoming.origin);
}

function sendWhole(send: Sender, { incoming, route, id, bytes }: Request, to: PeerId): Promise<Answer> {
  if (bytes.length > 0) checkJson(incoming.headers.get("content-type") ?? "");
  const body = bytes.length === 0 ? undefined : Buffer.from(bytes).toString("utf8");
  return send(to, { id, method: route.operation.method, path: pathOf(incoming), body });
}

/** With its query. */
function pathOf({ path, search }: Incoming): string {
  return path + search;
}

function answerFrom(status: number, body: unknown): Answer {
  return { status, body: status === 204 ? "" : JSON.stringify(body), contentType: JSON_TYPE };
}
