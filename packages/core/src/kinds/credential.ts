import * as z from "zod";
import { isId } from "../identity/id.ts";
import { LIMITS } from "../limits.ts";
import { defineKind } from "./define.ts";
import { idOf, instant, key32 } from "./fields.ts";

export const credentialBodySchema = z.looseObject({
  /** SHA-256 of the secret, base64url. The secret is 256 random bits, so a plain hash cannot be searched. */
  secret_hash: key32,
  scopes: z.array(z.string().max(128)).max(32),
  license_id: idOf("lic"),
  created_at: instant,
});
/** What a credential record says of an OAuth2 client. */
export type CredentialBody = z.infer<typeof credentialBodySchema>;

export const credentialKind = defineKind({
  name: "credential",
  group: "others",
  lasting: "lasting",
  isDeletable: false,
  limitPerOwner: LIMITS.lastingPerOwner,
  checkId: (id) => (isId("cli", id) ? undefined : "not a cli_ id"),
  schema: credentialBodySchema,
});
