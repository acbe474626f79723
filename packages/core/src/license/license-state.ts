import { median } from "../median.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, type Millis, msFromRfc3339 } from "../time.ts";
import type { License } from "./license.ts";

/** `valid` and `warning` and `grace` allow everything; `read_only` refuses operator writes; `suspended` stops services. */
export type LicenseState = "valid" | "warning" | "grace" | "read_only" | "suspended";

const WARNING_MS = 30 * DAY_MS;
const GRACE_MS = 14 * DAY_MS;
const READ_ONLY_MS = 30 * DAY_MS;
const STATES: readonly LicenseState[] = ["valid", "warning", "grace", "read_only", "suspended"];

/** How long a peer must have run before its state moves one step on. */
const STEP_AFTER_MS = HOUR_MS;
/** How often to look; more than this never counts as running time, since a clock can jump. */
export const LICENSE_TICK_MS = 10 * MINUTE_MS;
/** A clock that is further from its neighbours' median moves nothing on. */
const CLOCK_TRUST_MS = 10 * MINUTE_MS;

/** The state that the license's dates name at an instant. */
export function licenseStateAt(license: License, now: Millis): LicenseState {
  const expiresAt = msFromRfc3339(license.expires_at) ?? 0;
  if (now < expiresAt - WARNING_MS) return "valid";
  if (now < expiresAt) return "warning";
  if (now < expiresAt + GRACE_MS) return "grace";
  if (now < expiresAt + GRACE_MS + READ_ONLY_MS) return "read_only";
  return "suspended";
}

/** Where a peer is on the way that the dates name. Persisted, so that a restart neither hastens nor forgets it. */
export interface LicenseProgress {
  readonly state: LicenseState;
  /** Running time since the dates named a later state, in milliseconds; 0 while they do not. */
  readonly behindMs: number;
}

/**
 * The progress after `elapsedMs` of running: on by one step at most, after an hour of running, and only by a clock that
 * agrees with the linked peers' clocks; back at once.
 * @param skewsMs the linked peers' clocks minus ours
 */
export function advanceLicense(
  progress: LicenseProgress,
  facts: { readonly byDates: LicenseState; readonly elapsedMs: number; readonly skewsMs: readonly number[] },
): LicenseProgress {
  const [at, target] = [STATES.indexOf(progress.state), STATES.indexOf(facts.byDates)];
  if (Math.abs(median(facts.skewsMs)) > CLOCK_TRUST_MS) return progress;
  if (target <= at) return { state: facts.byDates, behindMs: 0 };
  const behindMs = progress.behindMs + Math.max(0, Math.min(facts.elapsedMs, LICENSE_TICK_MS));
  const next = STATES[at + 1];
  return behindMs >= STEP_AFTER_MS && next !== undefined
    ? { state: next, behindMs: 0 }
    : { state: progress.state, behindMs };
}

/** The progress under another license: back where its dates name an earlier state, else as it was. */
export function renewedLicense(progress: LicenseProgress, byDates: LicenseState): LicenseProgress {
  return STATES.indexOf(byDates) < STATES.indexOf(progress.state) ? { state: byDates, behindMs: 0 } : progress;
}
