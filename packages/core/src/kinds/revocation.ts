import { object, text } from "../encoding/shape.ts";
import { instant } from "../identity/fields.ts";
import { isId } from "../identity/id.ts";
import * as LIMITS from "../limits.ts";
import { kindOf } from "./define.ts";

const revocationShape = object({ reason: text(0, 1024), revoked_at: instant });

/** Ends a peer or a credential for good. Owner = the member that revoked it. */
export const revocationKind = kindOf({
  name: "revocation",
  group: "others",
  lasting: "lasting",
  isDeletable: false,
  limitPerOwner: LIMITS.lastingPerOwner,
  checkId: (id) => (isId("peer", id) || isId("cli", id) ? undefined : "neither a peer_ nor a cli_ id"),
  shape: revocationShape,
});
