import { isId, isJsonObject, type PeerId, parseJson } from "@arctic/core";
import * as z from "zod";
import type { LocalPeer } from "../peer/local-peer.ts";
import type { RequestHeaders } from "./headers.ts";
import { Problem } from "./problem.ts";

/** An operator's request on its way to another peer. */
export interface RelayedRequest {
  /** The operator's own id for it, or one that the first peer gave it: a repeated one is answered and not done again. */
  readonly id: string;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** The operator's token; the other peer judges it itself. */
  readonly token: string;
  /** JSON text. */
  readonly body: string | undefined;
  /** Links that lie behind it, this one included. */
  readonly hops: number;
}

/** What a request came to, here or on another peer. */
export interface Answer {
  readonly status: number;
  /** JSON text, or what `contentType` says; empty for 204. */
  readonly body: string;
  readonly contentType: string;
  /** Beside its type; they stay on this host. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The entry, then the owner. */
export const MAX_HOPS = 2;

export const JSON_TYPE = "application/json";

/** What could not stand in a request of HTTP is no request. */
const requestSchema = z
  .object({
    format: z.literal(1),
    id: z.string().regex(/^[A-Za-z0-9_-]{16,64}$/),
    method: z.enum(["GET", "POST", "PUT", "DELETE"]),
    path: z
      .string()
      .max(4096)
      .regex(/^\/[\x21-\x7e]*$/),
    token: z
      .string()
      .max(8192)
      .regex(/^[A-Za-z0-9._-]*$/),
    body: z.string().optional(),
    hops: z.int().min(1).max(MAX_HOPS),
  })
  .refine(({ method, body }) => method !== "GET" || body === undefined);

/** Sends the request over the link to the peer and waits for its answer. Throws Problem. */
export async function relay(peer: LocalPeer, to: PeerId, request: RelayedRequest): Promise<Answer> {
  if (request.hops > MAX_HOPS)
    throw new Problem("PEER_UNREACHABLE", `the request would take more than ${MAX_HOPS} links to reach ${to}`);
  if (!peer.node.peers.isMember(to)) throw new Problem("NOT_FOUND", `${to} is no member of this cluster`);
  const outcome = await peer.call(to, JSON.stringify({ format: 1, ...request }));
  if (outcome.type === "answered") return answerFrom(to, request, outcome.body);
  if (outcome.wasSent) {
    throw unknownOutcome(request, `the request was sent to ${to} and no answer came`);
  }
  throw new Problem("PEER_UNREACHABLE", `${to} cannot be reached from here; nothing was changed`);
}

function answerFrom(to: PeerId, request: RelayedRequest, text: string): Answer {
  try {
    const value = parseJson(text);
    if (isJsonObject(value) && typeof value.status === "number" && typeof value.body === "string") {
      const contentType = typeof value.content_type === "string" ? value.content_type : JSON_TYPE;
      return { status: value.status, body: value.body, contentType };
    }
  } catch {
    // Told below: what another peer says is never repeated unread.
  }
  throw unknownOutcome(request, `${to} answered in a way that this peer does not understand`);
}

/** The id is told, so that the caller can ask again for the same outcome. */
function unknownOutcome({ id, method }: RelayedRequest, what: string): Problem {
  const next =
    method === "GET"
      ? "ask again"
      : "send it again with the header Idempotency-Key set to the id in details, and it is done once at most";
  return new Problem("OUTCOME_UNKNOWN", `${what}: ${next}`, { idempotency_key: id });
}

/** Carries out what members send. `perform` is the API itself. */
export function createRelayAnswerer(perform: (from: PeerId, request: RelayedRequest) => Promise<Answer>) {
  return async (from: PeerId, text: string): Promise<string> => {
    const request = requestFrom(text);
    const { status, body, contentType } = fitting(request === undefined ? MALFORMED : await perform(from, request));
    return JSON.stringify({ status, body, ...(contentType === JSON_TYPE ? {} : { content_type: contentType }) });
  };
}

/** Below core's limit for a frame, with room for escapes. */
const MAX_ANSWER_CHARS = 400_000;

function requestFrom(text: string): RelayedRequest | undefined {
  try {
    const parsed = requestSchema.safeParse(parseJson(text));
    if (!parsed.success) return undefined;
    const { id, method, path, token, body, hops } = parsed.data;
    return { id, method, path, token, body, hops };
  } catch {
    return undefined;
  }
}

function fitting(answer: Answer): Answer {
  if (answer.body.length <= MAX_ANSWER_CHARS) return answer;
  return answerFromProblem(
    new Problem("TOO_LARGE", "the answer is too large to be relayed: ask for a smaller page with limit"),
  );
}

export function answerFromProblem(problem: Problem): Answer {
  const answer = { status: problem.status, body: JSON.stringify(problem.toBody()), contentType: JSON_TYPE };
  return problem.status === 401 ? { ...answer, headers: { "www-authenticate": "Bearer" } } : answer;
}

const MALFORMED = answerFromProblem(new Problem("INVALID_REQUEST", "the relayed request is malformed"));

/** The peer that the caller wants to be answered by, from `X-Arctic-Peer`. Throws Problem. */
export function wantedPeer(headers: RequestHeaders): PeerId | undefined {
  const header = headers.get("x-arctic-peer");
  if (header === null) return undefined;
  if (isId("peer", header)) return header;
  throw new Problem("INVALID_REQUEST", "X-Arctic-Peer: not a peer_ id");
}
