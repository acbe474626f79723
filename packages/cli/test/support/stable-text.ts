export interface Recorded {
  readonly directory: string;
  readonly addresses: readonly string[];
  /** Unix milliseconds. */
  readonly startedAt: number;
}

const LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ0123456789";
const FIRST_DAY = Date.parse("2026-01-01T10:30:00.000Z");

/** The head of a table in which the width of a column is measured time. */
const HEAD_WITH_TIMES = /^[A-Z][A-Z ]+ {2}[A-Z ]*SEEN/m;

/** What a run showed, with what is drawn or measured replaced by what is the same in every run. No secret is left in it. */
export function stableText(text: string, { directory, addresses, startedAt }: Recorded): string {
  const shift = FIRST_DAY - startedAt;
  let stable = text.replaceAll(directory, "~");
  for (const [index, address] of addresses.entries()) stable = stable.replaceAll(address, `10.20.30.${index + 1}:8080`);
  stable = stable
    .replace(/\bsec_[A-Za-z0-9_-]{43}\b/g, `sec_${"x".repeat(43)}`)
    .replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, (at) => hourOf(Date.parse(at) + shift))
    .replace(/\(\d+\.\d s\)/g, "(0.3 s)")
    .replace(/ +-?\d+(?:\.\d)? ms\b/g, "  0.4 ms")
    .replace(/\b\d+s ago\b/g, "now")
    .replace(/(?:[A-Za-z0-9_-]{6} ){2}[A-Za-z0-9_-]{6}(?= *$)/gm, "aaaaaa bbbbbb cccccc")
    .replace(/\broot-[0-9a-f]{8}\b/g, "root-1a2b3c4d");
  stable = renamed(stable, /(?<=_)[0-7][0-9A-HJKMNP-TV-Z]{25}\b/g, (letter) => `01KB${letter.repeat(22)}`);
  stable = renamed(stable, /\b[0-9a-f]{64}\b/g, (_, index) => (index % 16).toString(16).repeat(64));
  stable = renamed(stable, /(?<![\w/-])[A-Za-z0-9_-]{43}(?![\w-])/g, (letter) => letter.repeat(43));
  return stable
    .split("\n\n")
    .map((part) => (HEAD_WITH_TIMES.test(part) ? aligned(part) : part))
    .join("\n\n");
}

/** Each different text by the next letter, the same one everywhere. */
function renamed(text: string, pattern: RegExp, name: (letter: string, index: number) => string): string {
  const names = new Map<string, string>();
  return text.replace(pattern, (found) => {
    const held = names.get(found) ?? name(LETTERS[names.size % LETTERS.length] ?? "A", names.size);
    names.set(found, held);
    return held;
  });
}

function hourOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 13)}:00:00.000Z`;
}

/** Columns set anew, since what stands in them has become longer or shorter. */
function aligned(part: string): string {
  const lines = part.split("\n");
  const first = lines.findIndex((line) => HEAD_WITH_TIMES.test(line));
  const end = lines.findIndex((line, index) => index > first && /^(?:\$ |```)/.test(line));
  const rows = lines.slice(first, end < 0 ? undefined : end).map((line) => line.split(/ {2,}/));
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const set = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [...lines.slice(0, first), ...set, ...(end < 0 ? [] : lines.slice(end))].join("\n");
}
