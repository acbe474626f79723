import { object } from "../encoding/shape.ts";
import { instant } from "../identity/fields.ts";
import { isId } from "../identity/id.ts";
import * as LIMITS from "../limits.ts";
import { kindOf } from "./define.ts";

const admissionShape = object({ introduced_at: instant });

/** Owner = the introducer, id = the newcomer. Written by both sides of a first contact and by nobody else. */
export const admissionKind = kindOf({
  name: "admission",
  group: "others",
  lasting: "lasting",
  isDeletable: false,
  limitPerOwner: LIMITS.admissionsPerOwner,
  checkId: (id, owner) => (!isId("peer", id) ? "not a peer_ id" : id === owner ? "nobody admits itself" : undefined),
  shape: admissionShape,
});
