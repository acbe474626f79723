const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `12s ago`; `-` where there is no instant. */
export function agoText(at: string | null | undefined, now: number): string {
  const atMs = at === null || at === undefined ? Number.NaN : Date.parse(at);
  if (Number.isNaN(atMs)) return "-";
  const sinceMs = now - atMs;
  if (sinceMs < SECOND_MS) return "now";
  return `${durationText(sinceMs)} ago`;
}

/** The largest whole unit: `12s`, `5m`, `3h`, `2d`. */
function durationText(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)}s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)}m`;
  if (ms < DAY_MS) return `${Math.floor(ms / HOUR_MS)}h`;
  return `${Math.floor(ms / DAY_MS)}d`;
}

/** Powers of 1024 in three digits: `1.50 MiB`. */
export function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${bytes} B` : `${value.toPrecision(value >= 1000 ? 4 : 3)} ${units[unit]}`;
}

/** `1 step`, `2 steps`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

export function yesNo(value: boolean): string {
  return value ? "yes" : "no";
}
