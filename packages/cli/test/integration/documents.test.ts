import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { firstSession } from "../support/first-session.ts";
import { operations } from "../support/operations.ts";
import { Recorder, withoutOutput } from "../support/recorder.ts";

const DOCS = new URL("../../../../docs/", import.meta.url);
/** `ARCTIC_RECORD=1 npx vitest run --project integration packages/cli/test/integration/documents.test.ts` writes them anew. */
const isRecording = process.env.ARCTIC_RECORD !== undefined;
const LIMIT_MS = 240_000;

test("every line of docs/operations.md runs", { timeout: LIMIT_MS }, () => compared("operations.md", operations));

test("every line of docs/first-session.txt runs", { timeout: LIMIT_MS }, () =>
  compared("first-session.txt", firstSession, (text) => text.replace(/^```(?:console)?\n/gm, "")),
);

/** The lines that run, and what is said between them, are those of the document; what they answer is left to the run. */
async function compared(
  name: string,
  perform: (record: Recorder) => Promise<void>,
  asWritten: (text: string) => string = (text) => text,
): Promise<void> {
  const record = new Recorder();
  try {
    await perform(record);
    const path = fileURLToPath(new URL(name, DOCS));
    if (isRecording) writeFileSync(path, asWritten(record.text()));
    const lines = (text: string) =>
      name.endsWith(".md") ? withoutOutput(text) : text.split("\n").filter((line) => line.startsWith("$ "));
    expect(lines(asWritten(record.text()))).toEqual(lines(readFileSync(path, "utf8")));
  } finally {
    await record.close();
  }
}
