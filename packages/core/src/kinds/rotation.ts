import * as z from "zod";
import { isId } from "../identity/id.ts";
import { LIMITS } from "../limits.ts";
import { defineKind } from "./define.ts";
import { idOf, instant, key32 } from "./fields.ts";

export const rotationBodySchema = z.looseObject({
  client_id: idOf("cli"),
  secret_hash: key32,
  /** The rotation whose secret this one follows; absent where it follows the credential's own. */
  replaces: idOf("rot").optional(),
  rotated_at: instant,
});

export const rotationKind = defineKind({
  name: "rotation",
  group: "others",
  lasting: "lasting",
  isDeletable: false,
  limitPerOwner: LIMITS.lastingPerOwner,
  checkId: (id) => (isId("rot", id) ? undefined : "not a rot_ id"),
  schema: rotationBodySchema,
});
