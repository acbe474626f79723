import { createInterface } from "node:readline/promises";
import { usageFailure } from "./failure.ts";

/** Asks on the terminal; `--yes` answers for it. Without a terminal and without `--yes` it is a usage failure. */
export async function confirm(question: string, flags: { readonly yes: boolean }): Promise<boolean> {
  if (flags.yes) return true;
  if (!process.stdin.isTTY) throw usageFailure(`there is no terminal to ask: ${question}`, "Add --yes.");
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`${question} [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
