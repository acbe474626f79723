import { type Document, isScalar, visit } from "yaml";
import { EXIT, Failure, usageFailure } from "../failure.ts";
import { readSource } from "../files.ts";

export type Variables = Readonly<Record<string, string | undefined>>;

/** A place in the text where a variable stands that has no value. */
export interface Missing {
  /** Where the scalar begins, in the text. */
  readonly offset: number;
  readonly message: string;
}

/**
 * Puts values in place of `${NAME}` and `${NAME:-default}` in the document's values, not in its keys; `$${` stands for
 * `${` itself. An unquoted value that becomes a number, true or false is one. Answers with what has no value.
 */
export function substitute(document: Document, variables: Variables): Missing[] {
  const missing: Missing[] = [];
  visit(document, {
    Scalar(key, node) {
      if (key === "key" || !isScalar(node) || typeof node.value !== "string" || !node.value.includes("${")) return;
      const text = node.value.replace(PLACE, (_, escaped?: string, name?: string, otherwise?: string) => {
        if (escaped !== undefined || name === undefined) return "${";
        const value = variables[name] ?? otherwise;
        if (value === undefined) {
          missing.push({ offset: node.range?.[0] ?? 0, message: `the variable ${name} has no value` });
        }
        return value ?? "";
      });
      node.value = node.type === "PLAIN" ? typed(text) : text;
    },
  });
  return missing;
}

/** What has to stand in a compose file for the text to be the text itself. */
export function escapeVariables(text: string): string {
  return text.replaceAll("${", () => "$${");
}

/** `NAME=value` lines; blank lines and those that begin with # say nothing. Throws a Failure that names the line. */
export function readEnvFile(path: string): Variables {
  const lines = readSource(path, "the variables file").split(/\r?\n/);
  return Object.fromEntries(
    lines.flatMap((line, index) => {
      if (/^\s*(#|$)/.test(line)) return [];
      const [, name, value = ""] = /^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)$/.exec(line) ?? [];
      // The line itself may hold a secret and is not repeated.
      if (name === undefined) throw usageFailure(`${path}:${index + 1}: is not NAME=value.`);
      return [[name, unquoted(value.trim())]];
    }),
  );
}

const PLACE = /\$(\$)\{|\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g;

function typed(text: string): string | number | boolean {
  if (text === "true") return true;
  if (text === "false") return false;
  return /^-?(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : text;
}

function unquoted(text: string): string {
  return /^(["']).*\1$/.test(text) ? text.slice(1, -1) : text;
}

/** The failure of a run that takes no warning. */
export function strictFailure(warnings: readonly string[]): Failure {
  return new Failure(EXIT.configuration, "WARNINGS", `--strict takes no warning: ${warnings.join("; ")}.`, {
    next: "Nothing was done.",
    details: { warnings },
  });
}
