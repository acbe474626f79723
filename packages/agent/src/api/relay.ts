import { base64urlFromBytes, isId, isJsonObject, type PeerId, parseJson } from "@arctic/core";
import * as z from "zod";
import type { LocalPeer } from "../peer/local-peer.ts";
import { Problem } from "./problem.ts";

/** An operator's request on its way to another peer. */
export interface RelayedRequest {
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

export interface RelayedReply {
  readonly status: number;
  /** JSON text; empty for 204. */
  readonly body: string;
}

/** The entry, then the owner. */
const MAX_HOPS = 2;

const requestSchema = z.object({
  format: z.literal(1),
  /** One id a request, so that a repeated one is answered and not done again. */
  id: z.string().min(16).max(64),
  method: z.enum(["GET", "POST", "PUT", "DELETE"]),
  path: z.string().max(4096).startsWith("/v1/"),
  token: z.string().max(8192),
  body: z.string().optional(),
  hops: z.int().min(1).max(MAX_HOPS),
});

/** Sends the request over the link to the peer and waits for its answer. Throws Problem. */
export async function relay(
  peer: LocalPeer,
  to: PeerId,
  request: RelayedRequest,
  requestId: Uint8Array,
): Promise<RelayedReply> {
  if (request.hops > MAX_HOPS)
    throw new Problem("PEER_UNREACHABLE", `the request would take more than ${MAX_HOPS} links to reach ${to}`);
  if (!peer.node.peers.isMember(to)) throw new Problem("NOT_FOUND", `${to} is no member of this cluster`);
  const body = JSON.stringify({ format: 1, id: base64urlFromBytes(requestId), ...request });
  const outcome = await peer.call(to, body);
  if (outcome.type === "answered") return replyFrom(to, outcome.body);
  if (outcome.wasSent) {
    throw new Problem(
      "OUTCOME_UNKNOWN",
      `the request was sent to ${to} and no answer came: look there whether it was carried out`,
    );
  }
  throw new Problem("PEER_UNREACHABLE", `${to} cannot be reached from here; nothing was changed`);
}

function replyFrom(to: PeerId, text: string): RelayedReply {
  try {
    const value = parseJson(text);
    if (isJsonObject(value) && typeof value.status === "number" && typeof value.body === "string") {
      return { status: value.status, body: value.body };
    }
  } catch {
    // Told below: what another peer says is never repeated unread.
  }
  throw new Problem("OUTCOME_UNKNOWN", `${to} answered in a way that this peer does not understand`);
}

/** Carries out what members send. `perform` is the API itself. */
export function createRelayAnswerer(perform: (from: PeerId, request: RelayedRequest) => Promise<RelayedReply>) {
  const answerById = new Map<string, Promise<string>>();

  return (from: PeerId, text: string): Promise<string> => {
    const request = requestFrom(text);
    if (request === undefined) return Promise.resolve(malformed());
    const key = `${from} ${request.id}`;
    const held = answerById.get(key);
    if (held !== undefined) return held;
    const { method, path, token, body, hops } = request;
    const answer = perform(from, { method, path, token, body, hops }).then((reply) => JSON.stringify(fitting(reply)));
    answerById.set(key, answer);
    if (answerById.size > REMEMBERED_ANSWERS) {
      for (const oldest of answerById.keys()) {
        answerById.delete(oldest);
        break;
      }
    }
    return answer;
  };
}

const REMEMBERED_ANSWERS = 256;
/** Below core's limit for a frame, with room for escapes. */
const MAX_ANSWER_CHARS = 400_000;

function requestFrom(text: string) {
  try {
    const parsed = requestSchema.safeParse(parseJson(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function malformed(): string {
  const problem = new Problem("INVALID_REQUEST", "the relayed request is malformed");
  return JSON.stringify({ status: problem.status, body: JSON.stringify(problem.toBody()) });
}

function fitting(reply: RelayedReply): RelayedReply {
  if (reply.body.length <= MAX_ANSWER_CHARS) return reply;
  const problem = new Problem("TOO_LARGE", "the answer is too large to be relayed: ask for a smaller page with limit");
  return { status: problem.status, body: JSON.stringify(problem.toBody()) };
}

/** The peer that the caller wants to be answered by, from `X-Arctic-Peer`. Throws Problem. */
export function wantedPeer(header: string | undefined): PeerId | undefined {
  if (header === undefined) return undefined;
  if (isId("peer", header)) return header;
  throw new Problem("INVALID_REQUEST", "X-Arctic-Peer: not a peer_ id");
}
