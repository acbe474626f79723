import { listOf, object, optional, type Shaped, text } from "../encoding/shape.ts";
import { idOf, instant, key32 } from "../identity/fields.ts";
import { isId } from "../identity/id.ts";
import * as LIMITS from "../limits.ts";
import { kindOf } from "./define.ts";

export const credentialShape = object({
  /** SHA-256 of the secret, base64url. The secret is 256 random bits, so a plain hash cannot be searched. */
  secret_hash: key32,
  scopes: listOf(text(0, 128), 32),
  license_id: idOf("lic"),
  created_at: instant,
  /** Of a shared client: the cluster whose it is. */
  cluster_id: optional(idOf("clu")),
});
/** What a credential record says of an OAuth2 client. */
export type CredentialBody = Shaped<typeof credentialShape>;

export const credentialKind = kindOf({
  name: "credential",
  group: "others",
  lasting: "lasting",
  isDeletable: false,
  limitPerOwner: LIMITS.lastingPerOwner,
  checkId: (id) => (isId("cli", id) ? undefined : "not a cli_ id"),
  shape: credentialShape,
});
