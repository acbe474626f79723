export type OutputFormat = "table" | "json" | "yaml";

/** Writes data to stdout in the form that was asked for. `asTable` is called only where a person reads. */
export async function writeOutput(format: OutputFormat, value: unknown, asTable: () => string): Promise<void> {
  process.stdout.write(`${await outputText(format, value, asTable)}\n`);
}

async function outputText(format: OutputFormat, value: unknown, asTable: () => string): Promise<string> {
  switch (format) {
    case "json":
      return JSON.stringify(value, null, 2);
    case "yaml": {
      const { yamlText } = await import("./yaml-text.ts");
      return yamlText(value);
    }
    case "table":
      return asTable();
  }
}

/** Progress, plans and warnings: everything that is not the data asked for. */
export function say(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `${CLEAR_LINE}${text}\n` : `${text}\n`);
}

/** What is going on, on a terminal alone: the next thing said takes its place. */
export function sayMeanwhile(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${CLEAR_LINE}  …  ${text}`);
}

const CLEAR_LINE = "\r\u001b[K";
