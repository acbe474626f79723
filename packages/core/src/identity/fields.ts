import { bytesFromBase64url } from "../encoding/base64url.ts";
import { matching, type Shape } from "../encoding/shape.ts";
import { msFromRfc3339 } from "../time.ts";
import { type IdPrefix, isId } from "./id.ts";

/** Fields of every signed document. */

export const instant = matching((value) => msFromRfc3339(value) !== undefined, "not an RFC 3339 UTC time");
export const key32 = matching(
  (value) => value.length === 43 && bytesFromBase64url(value)?.length === 32,
  "not 32 bytes in base64url",
);

export function idOf<P extends IdPrefix>(prefix: P): Shape<`${P}_${string}`> {
  return matching((value) => isId(prefix, value), `not a ${prefix}_ id`);
}
