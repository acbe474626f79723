import type * as z from "zod";
import type { JsonObject } from "../encoding/json.ts";
import type { KindDefinition } from "../registry/kind.ts";

/** A kind whose body is judged by a zod schema. Unknown fields of a body are kept: they are under the signature. */
export function defineKind(
  definition: Omit<KindDefinition, "checkBody"> & { readonly schema: z.ZodType },
): KindDefinition {
  const { schema, ...kind } = definition;
  return { ...kind, checkBody: (body) => complaintOf(schema, body) };
}

function complaintOf(schema: z.ZodType, body: JsonObject): string | undefined {
  const parsed = schema.safeParse(body);
  if (parsed.success) return undefined;
  const issue = parsed.error.issues[0];
  return `${["body", ...(issue?.path ?? [])].join(".")}: ${issue?.message ?? "malformed"}`;
}
