/** One measured figure beside its rival's, taken in the same run. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly rival: string;
  readonly rival_value: number;
  /** value / rival_value. */
  readonly ratio: number;
  /** What the ratio must reach, as text: ">= 0.9". */
  readonly target: string;
  readonly ok: boolean;
}

export function row(
  name: string,
  unit: string,
  value: number,
  rival: string,
  rivalValue: number,
  target: { atLeast: number } | { atMost: number },
): Row {
  const ratio = value / rivalValue;
  const isMet = "atLeast" in target ? ratio >= target.atLeast : ratio <= target.atMost;
  const text = "atLeast" in target ? `>= ${target.atLeast}` : `<= ${target.atMost}`;
  return { name, value, unit, rival, rival_value: rivalValue, ratio, target: text, ok: isMet };
}

/** A figure that has a limit of its own, and no rival. */
export function limited(name: string, unit: string, value: number, limit: number): Row {
  return row(name, unit, value, "limit", limit, { atMost: 1 });
}

/** A table for a person, or JSON rows with `--json`. Exit code 1 where a target was missed. */
export function report(rows: readonly Row[]): void {
  if (process.argv.includes("--json")) {
    for (const item of rows) process.stdout.write(`${JSON.stringify(item)}\n`);
  } else {
    const cells = rows.map((item) => [
      item.name,
      `${figure(item.value)} ${item.unit}`,
      `${item.rival}: ${figure(item.rival_value)} ${item.unit}`,
      item.ratio.toFixed(2),
      item.target,
      item.ok ? "ok" : "MISSED",
    ]);
    const table = [["what", "Arctic", "beside it", "ratio", "target", ""], ...cells];
    const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)));
    for (const line of table)
      process.stdout.write(
        `${line
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
      );
  }
  process.exitCode = rows.every((item) => item.ok) ? 0 : 1;
}

/** The middle value: a run on a shared machine has outliers, and a mean keeps them. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function figure(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(3);
}
