import { complaintText, type Shape } from "../encoding/shape.ts";
import type { KindDefinition } from "../registry/kind.ts";

/** A kind whose body is judged by a shape. Unknown fields of a body are kept: they are under the signature. */
export function kindOf(
  definition: Omit<KindDefinition, "checkBody"> & { readonly shape: Shape<unknown> },
): KindDefinition {
  const { shape, ...kind } = definition;
  return { ...kind, checkBody: (body) => complaintText(shape, body, "body") };
}
