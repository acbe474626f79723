/** The value below which the given share of all lies; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** `p50 1 ms, p90 2 ms, p99 3 ms, most 4 ms (17)`. */
export function quantilesText(values: readonly number[]): string {
  const ms = (share: number) => `${quantile(values, share).toFixed(0)} ms`;
  return `p50 ${ms(0.5)}, p90 ${ms(0.9)}, p99 ${ms(0.99)}, most ${ms(1)} (${values.length})`;
}
