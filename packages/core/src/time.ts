/** Milliseconds since the Unix epoch, UTC. */
export type Millis = number;

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const RFC3339_UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?Z$/;

/** RFC 3339 in UTC with milliseconds, as all data that travels carries it. */
export function rfc3339FromMs(at: Millis): string {
  return new Date(at).toISOString();
}

/** The instant, or `undefined` where the text is not an RFC 3339 UTC time (RFC 3339 section 5.6, `Z` only). */
export function msFromRfc3339(text: string): Millis | undefined {
  if (!RFC3339_UTC.test(text)) return undefined;
  const at = Date.parse(text);
  if (!Number.isSafeInteger(at)) return undefined;
  // 2026-02-30 parses as 2 March: only a text that names the same second again is a date.
  return new Date(at).toISOString().slice(0, 19) === text.slice(0, 19) ? at : undefined;
}
