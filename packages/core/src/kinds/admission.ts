import * as z from "zod";
import { isId } from "../identity/id.ts";
import { LIMITS } from "../limits.ts";
import { defineKind } from "./define.ts";
import { instant } from "./fields.ts";

export const admissionBodySchema = z.looseObject({ introduced_at: instant });

/** Owner = the introducer, id = the newcomer. Written by both sides of a first contact and by nobody else. */
export const admissionKind = defineKind({
  name: "admission",
  group: "others",
  lasting: "lasting",
  isDeletable: false,
  limitPerOwner: LIMITS.admissionsPerOwner,
  checkId: (id, owner) => (!isId("peer", id) ? "not a peer_ id" : id === owner ? "nobody admits itself" : undefined),
  schema: admissionBodySchema,
});
