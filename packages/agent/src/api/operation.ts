import * as z from "zod";
import { pageQuery } from "./schema/fields.ts";
import type { Scope } from "./scope.ts";

/** Who may call: nobody in particular, any valid token, a token with the scope, or the operation judges for itself. */
export type Access = "public" | "any_token" | "own_rule" | Scope;

/** One row of the API. `{name}` in the path is a parameter. */
export interface Operation {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly access: Access;
  /** Whether it is answered before the bootstrap. */
  readonly before: "always" | "bootstrapped";
  /** `write`: it may change what is stored. It is logged, and a repeated one is answered and not done again. */
  readonly effect: "read" | "write";
  /** `lasting`: answered in every license state. `needed`: reads end when suspended, writes when read-only. */
  readonly license: "needed" | "lasting";
  /** `entry`: a central operation, done by the entry peer where the cluster has one. */
  readonly place: "here" | "entry";
  readonly summary: string;
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  /** Of a JSON request body, where an absent one counts as `{}`; `undefined` where there is none. */
  readonly body: z.ZodType | undefined;
  /** Of the reply's JSON body, or of one event of a stream; `undefined` for 204. */
  readonly reply: z.ZodType | undefined;
  readonly format: "json" | "event_stream";
  readonly status: 200 | 201 | 204;
}

export const none = z.strictObject({});
export const page = z.strictObject(pageQuery);

/** What most rows have in common. */
export const base = {
  params: none,
  query: none,
  body: undefined,
  status: 200,
  before: "bootstrapped",
  effect: "read",
  license: "needed",
  place: "here",
  format: "json",
} as const;
