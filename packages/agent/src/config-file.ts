import { readFileSync, statSync } from "node:fs";
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";

/** What a configuration file sets, not yet judged. */
export interface SettingsFile {
  /** By key; `place` is `file:line`. A list is its items, joined by commas. */
  readonly entries: ReadonlyMap<string, { readonly text: string; readonly place: string }>;
  /** One line each, with its place. */
  readonly problems: readonly string[];
}

/** Reads `key: value` lines of YAML. A key that is not among `keys` is a problem, and so is a file that others may write. */
export function readSettingsFile(path: string, keys: ReadonlySet<string>): SettingsFile {
  try {
    const { uid, mode } = statSync(path);
    if (uid !== 0 && uid !== process.getuid?.()) return problem(`${path} must belong to root or to the agent's user`);
    if ((mode & 0o022) !== 0) return problem(`${path} can be written by others: run chmod 644 ${path}`);
    return parseSettings(path, readFileSync(path, "utf8"), keys);
  } catch (error) {
    return problem(`${path} cannot be read: ${error instanceof Error ? error.message : "unknown"}`);
  }
}

function parseSettings(path: string, text: string, keys: ReadonlySet<string>): SettingsFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const placeAt = (offset: number) => `${path}:${lines.linePos(offset).line}`;
  const [broken] = document.errors;
  if (broken !== undefined) {
    const what = broken.code.toLowerCase().replaceAll("_", " ");
    return problem(`${placeAt(broken.pos[0])}: not valid YAML (${what})`);
  }
  const { contents } = document;
  if (contents === null) return { entries: new Map(), problems: [] };
  if (!isMap(contents)) return problem(`${placeAt(contents.range?.[0] ?? 0)}: expected lines of the form "key: value"`);
  const entries = new Map<string, { text: string; place: string }>();
  const problems: string[] = [];
  for (const { key, value } of contents.items) {
    const name = isScalar(key) ? String(key.value) : "";
    const place = placeAt((isScalar(key) ? key.range?.[0] : undefined) ?? 0);
    const given = textOf(value);
    if (!keys.has(name)) problems.push(`${place}: ${name.slice(0, 64)} is no setting: see arctic-agent --help`);
    else if (given === undefined) problems.push(`${place}: ${name} takes a single value or a list of them`);
    else entries.set(name, { text: given, place });
  }
  return { entries, problems };
}

/** As it is written, so that `08080` is not read as a number that nobody meant. */
function textOf(node: unknown): string | undefined {
  if (node === null) return "";
  if (isScalar(node)) return node.value === null ? "" : typeof node.value === "string" ? node.value : node.source;
  if (!isSeq(node)) return undefined;
  const items = node.items.map((item) => (isScalar(item) ? textOf(item) : undefined));
  return items.every((item) => item !== undefined) ? items.join(",") : undefined;
}

function problem(text: string): SettingsFile {
  return { entries: new Map(), problems: [text] };
}
