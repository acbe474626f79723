import { isIP } from "node:net";
import { parseJson } from "@arctic/core";
import type * as z from "zod";
import type { ApiContext } from "./context.ts";
import type { Incoming } from "./incoming.ts";
import type { Operation } from "./operation.ts";
import { Problem, problemFromIssues } from "./problem.ts";

/**
 * Keeps browsers out: none of their pages has business here, and only they send an Origin. A plain request has to name
 * the host by its address or a name that is known, so that a foreign name that was pointed here (DNS rebinding) is not
 * answered. Throws Problem.
 */
export function checkBrowserSafety(context: ApiContext, { headers, origin, isTls }: Incoming): void {
  if (origin.type === "relay") return;
  if (headers.get("origin") !== null) throw new Problem("FORBIDDEN", "requests from web pages are not answered");
  const host = hostOf(headers.get("host") ?? "");
  if (isTls || isIP(host) !== 0 || host === "localhost" || context.hostNames().includes(host)) return;
  throw new Problem(
    "FORBIDDEN",
    `plain HTTP is not answered under the name ${host.slice(0, 64)}: use an address, localhost or https://`,
  );
}

function hostOf(header: string): string {
  return header
    .replace(/:\d+$/, "")
    .replace(/^\[|\]$/g, "")
    .toLowerCase();
}

/** The parts of a request, by the operation's schemas. Throws Problem that names the place. */
export function parseParts(
  operation: Operation,
  parts: { params: unknown; query: unknown; contentType: string; body: Uint8Array },
) {
  const params = checked("path", operation.params, parts.params);
  const query = checked("query", operation.query, parts.query);
  if (operation.body === undefined) {
    if (parts.body.length > 0) throw new Problem("INVALID_REQUEST", "this request takes no body");
    return { params, query, body: undefined };
  }
  if (parts.body.length > 0) checkJson(parts.contentType);
  const body = parts.body.length === 0 ? {} : jsonFrom(parts.body);
  return { params, query, body: checked("body", operation.body, body) };
}

/** Throws Problem where a body is not said to be JSON. */
export function checkJson(contentType: string): void {
  if (/^application\/json\s*(;|$)/i.test(contentType)) return;
  throw new Problem("INVALID_REQUEST", "the body has to be JSON: send Content-Type: application/json");
}

function checked(where: string, schema: z.ZodType, value: unknown): unknown {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw problemFromIssues(where, parsed.error);
  return parsed.data;
}

function jsonFrom(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes);
  } catch (error) {
    throw new Problem("INVALID_REQUEST", error instanceof Error ? error.message.slice(0, 200) : "the body is not JSON");
  }
}
