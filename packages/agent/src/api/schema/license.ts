import { complaintOfLicense, type License } from "@arctic/core";
import * as z from "zod";

export const licenseStateSchema = z.enum(["valid", "warning", "grace", "read_only", "suspended"]);

export const licenseSchema = z
  .custom<License>()
  .check((context) => {
    const complaint = complaintOfLicense(context.value);
    if (complaint !== undefined) context.issues.push({ code: "custom", input: context.value, message: complaint });
  })
  .meta({ type: "object" });

export const licenseReplySchema = z.object({
  /** The document as it was signed. */
  license: licenseSchema,
  state: licenseStateSchema,
  /** Whole days until `expires_at`; negative once it has passed. */
  days_left: z.int(),
  /** SHA-256 that names this document, base64url. */
  hash: z.string(),
});
export type LicenseReply = z.infer<typeof licenseReplySchema>;

const document = z.record(z.string(), z.unknown()).refine((fields) => Object.keys(fields).length > 0, "no license");
/** The document, alone or as the field `license`. It is judged where it is put in. */
export const putLicenseSchema = z.union([z.strictObject({ license: document }), document]);
