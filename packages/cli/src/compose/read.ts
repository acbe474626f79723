import { type Document, LineCounter, parseDocument } from "yaml";
import { positionOf } from "../config/yaml-position.ts";
import { configFailure, type Failure } from "../failure.ts";
import { readSource } from "../files.ts";
import { type Compose, type ComposeIssue, checkCompose } from "./schema.ts";
import { substitute, type Variables } from "./variables.ts";

/** The compose file at a path. Throws a Failure that names every mistake as FILE:LINE:COLUMN and its path in the file. */
export function readCompose(path: string, variables: Variables = {}): Compose {
  return parseCompose(readSource(path, "the compose file"), path, variables);
}

export function parseCompose(text: string, path: string, variables: Variables = {}): Compose {
  const { document, lines } = parseComposeDocument(text, path);
  const missing = substitute(document, variables).map(({ offset, message }) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col, text: message };
  });
  if (missing.length > 0) throw composeFailure(path, missing);
  const checked = checkCompose(document.toJS());
  if ("compose" in checked) return checked.compose;
  throw composeFailure(
    path,
    checked.issues.map((issue) => ({ ...positionOf(document, lines, issue.path), text: issueText(issue) })),
  );
}

/** The YAML alone, with its comments. Throws for what is not YAML. */
export function parseComposeDocument(text: string, path: string): { document: Document; lines: LineCounter } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  if (document.errors.length > 0) {
    throw composeFailure(
      path,
      document.errors.map((error) => {
        const { line, col } = lines.linePos(error.pos[0]);
        return { line, column: col, text: error.message };
      }),
    );
  }
  return { document, lines };
}

interface Mistake {
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

function composeFailure(path: string, mistakes: readonly Mistake[]): Failure {
  const lines = mistakes.map((mistake) => `${path}:${mistake.line}:${mistake.column}: ${mistake.text}`);
  const failure = configFailure(
    mistakes.length === 1 ? `${lines[0]}.` : `${mistakes.length} mistakes:\n  ${lines.join("\n  ")}`,
    "Nothing was done. arctic compose init writes an example.",
  );
  return failure;
}

function issueText({ path, message }: ComposeIssue): string {
  const where = path.reduce<string>(
    (text, step) =>
      typeof step === "number" ? `${text}[${step}]` : text === "" ? String(step) : `${text}.${String(step)}`,
    "",
  );
  return `${where === "" ? "the file" : where} ${message}`;
}
