import { LineCounter, parseDocument } from "yaml";
import { configFailure, type Failure } from "../failure.ts";
import { readPrivate, replacePrivate } from "../files.ts";
import { type Config, EMPTY_CONFIG } from "./config.ts";
import { type ConfigIssue, configFrom } from "./config-shape.ts";
import { plainYamlText, valueOfPlainYaml } from "./plain-yaml.ts";
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
  return plainYamlText(config);
}

export function parseConfig(text: string, path: string): Config {
  const plain = valueOfPlainYaml(text);
  const checked = plain === undefined ? undefined : configFrom(plain.value);
  // Whatever is unusual, wrong ones among it, is read by the library, which knows lines and columns.
  return checked !== undefined && "config" in checked && isCurrentKnown(checked.config)
    ? checked.config
    : parseYamlConfig(text, path);
}

function parseYamlConfig(text: string, path: string): Config {
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
  const checked = configFrom(value);
  const issue = "issue" in checked ? checked.issue : issueOfCurrent(checked.config);
  if ("config" in checked && issue === undefined) return checked.config;
  const where = positionOf(document, lines, issue?.path ?? []);
  throw malformed(`${path}:${where.line}:${where.column}`, issueText(issue));
}

function isCurrentKnown({ current_cluster, clusters }: Config): boolean {
  return current_cluster === undefined || Object.hasOwn(clusters, current_cluster);
}

function issueOfCurrent(config: Config): ConfigIssue | undefined {
  if (isCurrentKnown(config)) return undefined;
  return { path: ["current_cluster"], message: `is ${config.current_cluster}, which is not among clusters` };
}

function malformed(where: string, what: string): Failure {
  return configFailure(`${where}: ${what}.`, "Correct the file, or move it away and bootstrap or log in again.");
}

function issueText(issue: ConfigIssue | undefined): string {
  const path = issue?.path.join(".") ?? "";
  return `${path === "" ? "the file" : path} ${issue?.message ?? "has the wrong shape"}`;
}
