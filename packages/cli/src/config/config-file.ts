import { LineCounter, parseDocument, stringify } from "yaml";
import type * as z from "zod";
import { configFailure, type Failure } from "../failure.ts";
import { readPrivate, replacePrivate } from "../files.ts";
import { type Config, configSchema, EMPTY_CONFIG } from "./config.ts";
import { positionOf } from "./yaml-position.ts";

/** What the file says; an absent file is an empty configuration. Refuses a file that others may open (exit 3). */
export function readConfig(path: string): Config {
  const text = readPrivate(path, "the configuration");
  return text === undefined ? EMPTY_CONFIG : parseConfig(text, path);
}

/** Writes the whole file, mode 0600, in one step. */
export function writeConfig(path: string, config: Config): void {
  replacePrivate(path, configText(path, config), "the configuration");
}

/** A file whose name ends with `.json` is written as JSON, which is YAML too. */
function configText(path: string, config: Config): string {
  if (path.endsWith(".json")) return `${JSON.stringify(config, null, 2)}\n`;
  return stringify(config, { lineWidth: 0 });
}

export function parseConfig(text: string, path: string): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const [broken] = document.errors;
  if (broken !== undefined) {
    const { line, col } = lines.linePos(broken.pos[0]);
    // The parser's message quotes the file, which holds secrets; its code does not.
    throw malformed(`${path}:${line}:${col}`, `not valid YAML (${broken.code.toLowerCase().replaceAll("_", " ")})`);
  }
  const value: unknown = document.toJS();
  if (value === null || value === undefined) return EMPTY_CONFIG;
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = positionOf(document, lines, issue?.path ?? []);
    throw malformed(`${path}:${where.line}:${where.column}`, issueText(issue));
  }
  const { current_cluster, clusters } = parsed.data;
  if (current_cluster !== undefined && clusters[current_cluster] === undefined) {
    const where = positionOf(document, lines, ["current_cluster"]);
    throw malformed(
      `${path}:${where.line}:${where.column}`,
      `current_cluster ${current_cluster} is not among clusters`,
    );
  }
  return parsed.data;
}

function malformed(where: string, what: string): Failure {
  return configFailure(`${where}: ${what}.`, "Correct the file, or move it away and bootstrap or log in again.");
}

function issueText(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return "wrong shape";
  const path = issue.path.join(".");
  return path === "" ? issue.message : `${path}: ${issue.message}`;
}
