import { object, optional } from "../encoding/shape.ts";
import { idOf, instant, key32 } from "../identity/fields.ts";
import { isId } from "../identity/id.ts";
import * as LIMITS from "../limits.ts";
import { kindOf } from "./define.ts";

export const rotationShape = object({
  client_id: idOf("cli"),
  secret_hash: key32,
  /** The rotation whose secret this one follows; absent where it follows the credential's own. */
  replaces: optional(idOf("rot")),
  rotated_at: instant,
});

export const rotationKind = kindOf({
  name: "rotation",
  group: "others",
  lasting: "lasting",
  isDeletable: false,
  limitPerOwner: LIMITS.lastingPerOwner,
  checkId: (id) => (isId("rot", id) ? undefined : "not a rot_ id"),
  shape: rotationShape,
});
