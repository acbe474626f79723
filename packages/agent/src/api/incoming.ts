import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { PeerId } from "@arctic/core";
import { isLoopback, plainAddress } from "../transport/address.ts";
import { bodyOf, bytesOfText } from "./body.ts";
import type { RequestOrigin } from "./context.ts";
import type { RequestHeaders } from "./headers.ts";
import { JSON_TYPE, type RelayedRequest } from "./relay.ts";
import { markProven } from "./server.ts";

/** A request, whatever way it came: over HTTP, or over a member's link. */
export interface Incoming {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  /** With its question mark; empty where there is none. */
  readonly search: string;
  readonly headers: RequestHeaders;
  readonly origin: RequestOrigin;
  readonly isTls: boolean;
  /** `https://host:port` as the caller wrote it. */
  readonly baseUrl: string;
  /** To be called once at most. Throws Problem where it is too long, or where the caller went away in its middle. */
  readBody(): Promise<Uint8Array>;
  /** The caller showed a valid token. */
  markProven(): void;
  /** Ends the connection at once. */
  cut(): void;
}

/** A request of HTTP. It is read as it is asked for: what is refused early costs little. */
export function incomingFromHttp(message: IncomingMessage): Incoming {
  const { socket, headers } = message;
  const { path, search } = partsOf(message.url ?? "/");
  const isTls = socket instanceof TLSSocket;
  return {
    method: message.method ?? "GET",
    path,
    search,
    headers: { get: (name) => textOf(headers[name]) },
    origin: originOf(socket),
    isTls,
    baseUrl: `${isTls ? "https" : "http"}://${headers.host ?? "localhost"}`,
    readBody: () => bodyOf(message),
    markProven: () => markProven(socket),
    cut: () => void socket.destroy(),
  };
}

/** A request that a member sent on. */
export function incomingFromRelay(from: PeerId, request: RelayedRequest): Incoming {
  const { id, method, token, body, hops } = request;
  const headers = new Map([
    ["authorization", `Bearer ${token}`],
    ["idempotency-key", id],
  ]);
  if (body !== undefined) headers.set("content-type", JSON_TYPE);
  return {
    method,
    ...partsOf(request.path),
    headers: { get: (name) => headers.get(name) ?? null },
    origin: { type: "relay", from, hops },
    isTls: false,
    baseUrl: "http://relay.invalid",
    readBody: async () => bytesOfText(body ?? ""),
    markProven: () => undefined,
    cut: () => undefined,
  };
}

/** The query's parameters. One that is given twice is refused by the schema, since it expects one text. */
export function queryOf({ search }: Incoming): Readonly<Record<string, string | string[]>> {
  if (search === "") return NOTHING;
  const query = new URLSearchParams(search);
  return Object.fromEntries([...new Set(query.keys())].map((name) => [name, oneOrAll(query.getAll(name))]));
}

const NOTHING = {};

function oneOrAll(values: readonly string[]): string | string[] {
  const [first, ...more] = values;
  return first === undefined || more.length > 0 ? [...values] : first;
}

function partsOf(url: string): { readonly path: string; readonly search: string } {
  const at = url.indexOf("?");
  return at < 0 ? { path: url, search: "" } : { path: url.slice(0, at), search: url.slice(at) };
}

function textOf(value: string | string[] | undefined): string | null {
  return value === undefined ? null : String(value);
}

const originBySocket = new WeakMap<Socket, RequestOrigin>();

/** An address does not change while a connection lasts. */
function originOf(socket: Socket): RequestOrigin {
  const known = originBySocket.get(socket);
  if (known !== undefined) return known;
  const remoteAddress = plainAddress(socket.remoteAddress ?? "");
  const origin: RequestOrigin = { type: "http", remoteAddress, isLoopback: isLoopback(remoteAddress) };
  originBySocket.set(socket, origin);
  return origin;
}
