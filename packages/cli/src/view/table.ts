import { type Color, type Paint, unpainted } from "./color.ts";

export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string;
  readonly align?: "left" | "right";
  readonly color?: (cell: string) => Color | undefined;
}

/** Rows in columns two spaces apart, heads in upper case. Ends without a line feed. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], paint: Paint = unpainted): string {
  const lines = [
    columns.map((column) => column.head.toUpperCase()),
    ...rows.map((row) => columns.map((column) => oneLine(column.cell(row)))),
  ];
  const widths = columns.map((_, index) => Math.max(...lines.map((cells) => widthOf(cells[index] ?? ""))));
  return lines.map((cells) => lineOf(cells, widths, columns, paint)).join("\n");
}

/** One thing, a field a line. Fields without a value are left out. */
export function fields(pairs: readonly (readonly [name: string, value: string | undefined])[]): string {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined && pair[1] !== "");
  const width = Math.max(0, ...shown.map(([name]) => widthOf(name)));
  return shown.map(([name, value]) => `${pad(name, width, "left")}  ${oneLine(value)}`).join("\n");
}

function lineOf<Row>(
  cells: readonly string[],
  widths: readonly number[],
  columns: readonly Column<Row>[],
  paint: Paint,
): string {
  return cells
    .map((cell, index) => {
      const { align = "left", color } = columns[index] ?? {};
      return paint(color?.(cell), pad(cell, widths[index] ?? 0, align));
    })
    .join("  ")
    .trimEnd();
}

function pad(text: string, width: number, align: "left" | "right"): string {
  const space = " ".repeat(Math.max(0, width - widthOf(text)));
  return align === "left" ? text + space : space + text;
}

/** Names and reasons come from other hosts: control characters must not reach the terminal. */
function oneLine(text: string): string {
  if (/^[ -~]*$/.test(text)) return text;
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\u{fffd}");
}

/** Columns on a terminal: wide East Asian characters and emoji take two. */
function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  for (const char of text) {
    if (/\p{Mn}/u.test(char)) continue;
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
        char,
      )
        ? 2
        : 1;
  }
  return width;
}
