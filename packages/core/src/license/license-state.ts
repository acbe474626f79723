import { DAY_MS, type Millis, msFromRfc3339 } from "../time.ts";
import type { License } from "./license.ts";

/** `valid` and `warning` and `grace` allow everything; `read_only` refuses operator writes; `suspended` stops services. */
export type LicenseState = "valid" | "warning" | "grace" | "read_only" | "suspended";

const WARNING_MS = 30 * DAY_MS;
const GRACE_MS = 14 * DAY_MS;
const READ_ONLY_MS = 30 * DAY_MS;

/** The state that the license's dates name at an instant. */
export function licenseStateAt(license: License, now: Millis): LicenseState {
  const expiresAt = msFromRfc3339(license.expires_at) ?? 0;
  if (now < expiresAt - WARNING_MS) return "valid";
  if (now < expiresAt) return "warning";
  if (now < expiresAt + GRACE_MS) return "grace";
  if (now < expiresAt + GRACE_MS + READ_ONLY_MS) return "read_only";
  return "suspended";
}
