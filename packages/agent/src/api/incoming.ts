import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import type { PeerId } from "@arctic/core";
import type { Context } from "hono";
import { isLoopback, plainAddress } from "../transport/address.ts";
import type { RequestOrigin } from "./context.ts";
import type { Problem } from "./problem.ts";
import type { Answer } from "./relay.ts";

/** What comes beside a request: the connection it came by, or the member that relayed it. */
export type Bindings =
  | { readonly incoming: IncomingMessage }
  | { readonly relayed: { readonly from: PeerId; readonly hops: number } };
export type HonoContext = Context<{ Bindings: Bindings }>;

export function originOf(c: HonoContext): RequestOrigin {
  if ("relayed" in c.env) return { type: "relay", ...c.env.relayed };
  const remoteAddress = plainAddress(c.env.incoming.socket.remoteAddress ?? "");
  return { type: "http", remoteAddress, isLoopback: isLoopback(remoteAddress) };
}

export function isTls(c: HonoContext): boolean {
  return "incoming" in c.env && c.env.incoming.socket instanceof TLSSocket;
}

/** `https://host:port` as the caller wrote it. */
export function baseUrlOf(c: HonoContext): string {
  return `${isTls(c) ? "https" : "http"}://${c.req.header("host") ?? "localhost"}`;
}

/** The path with its query. */
export function pathOf(c: HonoContext): string {
  const { pathname, search } = new URL(c.req.url);
  return pathname + search;
}

/** A parameter that is given twice is refused by the schema, since it expects one text. */
export function queryOf(c: HonoContext): unknown {
  return Object.fromEntries(
    Object.entries(c.req.queries()).map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
}

export function responseFrom({ status, body, contentType }: Answer): Response {
  if (status === 204) return new Response(null, { status });
  return new Response(body, { status, headers: { "content-type": contentType } });
}

export function problemResponse(problem: Problem): Response {
  const headers = problem.status === 401 ? { "www-authenticate": "Bearer" } : undefined;
  return Response.json(problem.toBody(), { status: problem.status, ...(headers === undefined ? {} : { headers }) });
}
