import * as z from "zod";
import { dataplaneIdentitySchema, observationSchema } from "./plan.ts";

/** Newline-delimited JSON on a unix socket: one answer a request, in any order, and events for who asked to `watch`. */

export const MAX_LINE_BYTES = 4 * 1024 * 1024;

/** The plan is checked apart, so that a bad one is refused by name and the connection goes on. */
export const requestSchema = z.discriminatedUnion("method", [
  z.strictObject({ id: z.int().min(0), method: z.literal("ping") }),
  z.strictObject({ id: z.int().min(0), method: z.literal("identity") }),
  z.strictObject({ id: z.int().min(0), method: z.literal("observe") }),
  z.strictObject({ id: z.int().min(0), method: z.literal("rotate_tunnel_key") }),
  z.strictObject({ id: z.int().min(0), method: z.literal("watch") }),
  z.strictObject({ id: z.int().min(0), method: z.literal("apply"), params: z.strictObject({ plan: z.unknown() }) }),
]);

export const controlErrorSchema = z.strictObject({
  code: z.enum(["INVALID_REQUEST", "INVALID_PLAN", "FAILED"]),
  message: z.string(),
});
export type ControlErrorBody = z.infer<typeof controlErrorSchema>;

export const replySchema = z.union([
  z.strictObject({ id: z.int(), result: z.unknown() }),
  z.strictObject({ id: z.int(), error: controlErrorSchema }),
]);
export type ControlReply = z.infer<typeof replySchema>;

/** What is no longer as it was seen before, by its id: `observe` tells how it is. */
export const eventSchema = z.strictObject({
  event: z.literal("changed"),
  services: z.array(z.string()),
  peers: z.array(z.string()),
});

export const resultSchemas = {
  ping: z.strictObject({ ok: z.literal(true) }),
  identity: dataplaneIdentitySchema,
  apply: observationSchema,
  observe: observationSchema,
  rotate_tunnel_key: dataplaneIdentitySchema,
  watch: z.strictObject({ ok: z.literal(true) }),
} as const;

/** The data plane's refusal, as the client throws it. */
export class ControlError extends Error {
  readonly code: ControlErrorBody["code"];

  constructor({ code, message }: ControlErrorBody) {
    super(message);
    this.name = "ControlError";
    this.code = code;
  }
}

/** Cuts a stream into lines. Throws when a line outgrows the limit: the caller drops the connection. */
export function createLineReader(onLine: (line: string) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let size = 0;
  return (chunk) => {
    let rest = chunk;
    for (let at = rest.indexOf(10); at >= 0; at = rest.indexOf(10)) {
      const line = Buffer.concat([...parts, rest.subarray(0, at)]);
      rest = rest.subarray(at + 1);
      parts = [];
      size = 0;
      if (line.length > MAX_LINE_BYTES) throw new Error(`a line is longer than ${MAX_LINE_BYTES} bytes`);
      onLine(line.toString("utf8"));
    }
    size += rest.length;
    if (size > MAX_LINE_BYTES) throw new Error(`a line is longer than ${MAX_LINE_BYTES} bytes`);
    if (rest.length > 0) parts.push(rest);
  };
}
