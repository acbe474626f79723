import * as z from "zod";
import { isId } from "../identity/id.ts";
import { LIMITS } from "../limits.ts";
import { defineKind } from "./define.ts";
import { instant } from "./fields.ts";

export const revocationBodySchema = z.looseObject({ reason: z.string().max(1024), revoked_at: instant });

/** Ends a peer or a credential for good. Owner = the member that revoked it. */
export const revocationKind = defineKind({
  name: "revocation",
  group: "others",
  lasting: "lasting",
  isDeletable: false,
  limitPerOwner: LIMITS.lastingPerOwner,
  checkId: (id) => (isId("peer", id) || isId("cli", id) ? undefined : "neither a peer_ nor a cli_ id"),
  schema: revocationBodySchema,
});
