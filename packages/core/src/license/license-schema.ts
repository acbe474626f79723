import * as z from "zod";
import { bytesFromBase64url } from "../encoding/base64url.ts";
import { type CustomerId, isId } from "../identity/id.ts";
import { complaintOfLicense, type License } from "./license.ts";

/** A license document, for those who compose it into schemas of their own. Judges the shape alone. */
export const licenseSchema = z.custom<License>().check((context) => {
  const complaint = complaintOfLicense(context.value);
  if (complaint !== undefined) context.issues.push({ code: "custom", input: context.value, message: complaint });
});

/** A license root, as a host's owner configures it. */
export const licenseRootSchema = z.object({
  key_id: z.string().min(1).max(64),
  public_key: z.string().refine((text) => bytesFromBase64url(text)?.length === 32, "not 32 bytes in base64url"),
  customer_id: z.custom<CustomerId>((value) => isId("cust", value), "not a cust_ id").optional(),
});
