import * as z from "zod";
import { instant } from "./fields.ts";

export const liveSchema = z.object({ status: z.literal("ok"), timestamp: instant });

const checkSchema = z.object({
  name: z.string(),
  /** `warning` does not make the whole unready. */
  status: z.enum(["ok", "warning", "failing"]),
  reason: z.string().optional(),
});
export const readySchema = z.object({
  status: z.enum(["ready", "not_ready"]),
  timestamp: instant,
  checks: z.array(checkSchema),
});
export type Readiness = z.infer<typeof readySchema>;
export type Check = z.infer<typeof checkSchema>;
