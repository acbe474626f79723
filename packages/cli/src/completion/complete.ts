import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readConfig } from "../config/config-file.ts";
import { environmentOf } from "../environment.ts";
import { type Answer, answerTo, type Candidate, type KnownNames } from "./answer.ts";
import { readNames } from "./names.ts";
import { type CommandTree, TREE_FILE } from "./tree.ts";

/**
 * What the shells' scripts ask: `__complete SHELL WORD…`, the words after `arctic`, the one being typed last. One
 * candidate a line; behind a tab what it means, for shells that show it. `:files` leaves it to the shell.
 */
export async function complete([shell = "", ...words]: readonly string[]): Promise<void> {
  const answer = answerTo(words, await loadTree(), knownNames(words));
  process.stdout.write(answerText(answer, shell));
}

/** The built command reads it from a file, and loads no command for it. */
async function loadTree(): Promise<CommandTree> {
  if (!import.meta.url.endsWith(".ts")) {
    return JSON.parse(readFileSync(join(dirname(fileURLToPath(import.meta.url)), TREE_FILE), "utf8"));
  }
  const { treeFromCommands } = await import("./tree-from-commands.ts");
  return treeFromCommands();
}

function answerText(answer: Answer, shell: string): string {
  if (answer.type === "files") return ":files\n";
  return answer.candidates.map((candidate) => `${lineOf(candidate, shell)}\n`).join("");
}

/** Names come from other hosts: what would break a line or reach a terminal as control is left out. */
function lineOf({ value, description }: Candidate, shell: string): string {
  const clean = (text: string) => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "");
  const word = clean(value);
  switch (shell) {
    case "bash":
      return word.replace(/[^\w@%+=:,./-]/gu, "\\$&");
    case "zsh":
      return `${word.replaceAll("\\", "\\\\").replaceAll(":", "\\:")}${description === "" ? "" : `:${clean(description)}`}`;
    default:
      return description === "" ? word : `${word}\t${clean(description)}`;
  }
}

/** From the configuration and the cache alone; whatever cannot be read is unknown, and no reason to say anything. */
function knownNames(words: readonly string[]): KnownNames {
  try {
    const environment = environmentOf();
    const config = readConfig(configGiven(words) ?? environment.configPath);
    const clusters = Object.entries(config.clusters).map(([id, { name = "" }]) => ({ id, name }));
    const known = config.current_cluster === undefined ? undefined : config.clusters[config.current_cluster];
    if (known === undefined) return { peers: [], services: [], clusters };
    const names = readNames(environment.cacheDirectory, known.cluster_id);
    const configured = known.peers.map(({ peer_id, name }) => ({ id: peer_id, name }));
    return { peers: names?.peers ?? configured, services: names?.services ?? [], clusters };
  } catch {
    return { peers: [], services: [], clusters: [] };
  }
}

function configGiven(words: readonly string[]): string | undefined {
  const at = words.indexOf("--config");
  const inline = words.find((word) => word.startsWith("--config="));
  return inline?.slice("--config=".length) ?? (at < 0 ? undefined : words[at + 1]);
}
