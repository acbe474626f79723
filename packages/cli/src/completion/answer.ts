import type { Named } from "./names.ts";
import type { CommandTree, KnownCommand, KnownFlag } from "./tree.ts";

/** One way to go on: what would stand in the line, and what it means. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** The ways to go on with the word that is being typed; `files`: those that the shell knows. */
export type Answer =
  | { readonly type: "candidates"; readonly candidates: readonly Candidate[] }
  | { readonly type: "files" };

/** The names that stand for ids. */
export interface KnownNames {
  readonly peers: readonly Named[];
  readonly services: readonly Named[];
  readonly clusters: readonly Named[];
}

/**
 * How the line may go on. `words` are those after `arctic`; the last one is being typed and may be empty. Pure.
 */
export function answerTo(words: readonly string[], tree: CommandTree, names: KnownNames): Answer {
  const typed = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const found = commandIn(before, tree);
  if (found === undefined) return matching(typed, nextWords(before, tree));
  const { command, rest } = found;

  const [, inlineFlag, inlineValue] = /^--([\w-]+)=(.*)$/.exec(typed) ?? [];
  if (inlineFlag !== undefined && inlineValue !== undefined) {
    const answer = valuesOfFlag(inlineFlag, command.flags[inlineFlag], inlineValue, names);
    if (answer.type === "files") return answer;
    const whole = answer.candidates.map(({ value, description }) => ({
      value: `--${inlineFlag}=${value}`,
      description,
    }));
    return { type: "candidates", candidates: whole };
  }
  const { positionals, open } = readWords(rest, command);
  if (open !== undefined) return valuesOfFlag(open, command.flags[open], typed, names);
  if (typed.startsWith("-")) return matching(typed, flagsOf(command, rest));
  const arg = command.args[positionals];
  if (arg === undefined) return matching(typed, flagsOf(command, rest));
  if (arg.options !== undefined) return matching(typed, arg.options.map(plain));
  return valuesNamed(arg.name, typed, names);
}

/** The longest run of words that is a command, and what follows it. */
function commandIn(words: readonly string[], tree: CommandTree) {
  for (let length = words.length; length > 0; length -= 1) {
    const command = tree[words.slice(0, length).join(":")];
    if (command !== undefined) return { command, rest: words.slice(length) };
  }
  return undefined;
}

/** The words that may follow on the way to a command. */
function nextWords(before: readonly string[], tree: CommandTree): Candidate[] {
  const summaries = new Map<string, string>();
  for (const [id, { summary }] of Object.entries(tree)) {
    const path = id.split(":");
    const word = path[before.length];
    if (word === undefined || before.some((given, index) => path[index] !== given)) continue;
    summaries.set(word, path.length === before.length + 1 ? summary : "");
  }
  if (before.length === 0) summaries.set("help", "Show help.");
  return [...summaries].sort().map(([value, description]) => ({ value, description }));
}

/** How many arguments have been given, and the flag that waits for its value. */
function readWords(words: readonly string[], command: KnownCommand): { positionals: number; open: string | undefined } {
  let positionals = 0;
  let open: string | undefined;
  for (const word of words) {
    if (open !== undefined) open = undefined;
    else if (!word.startsWith("-")) positionals += 1;
    else if (!word.includes("=")) {
      const name = nameOfFlag(word, command);
      if (name !== undefined && command.flags[name]?.takesValue === true) open = name;
    }
  }
  return { positionals, open };
}

function nameOfFlag(word: string, command: KnownCommand): string | undefined {
  if (word.startsWith("--")) return word.slice(2);
  return Object.entries(command.flags).find(([, { char }]) => char !== undefined && word === `-${char}`)?.[0];
}

/** Flags that have not been given yet. */
function flagsOf(command: KnownCommand, given: readonly string[]): Candidate[] {
  return Object.entries(command.flags)
    .filter(([name]) => !given.some((word) => word === `--${name}` || word.startsWith(`--${name}=`)))
    .map(([name, { summary }]) => ({ value: `--${name}`, description: summary }));
}

function valuesOfFlag(name: string, flag: KnownFlag | undefined, typed: string, names: KnownNames): Answer {
  if (flag?.options !== undefined) return matching(typed, flag.options.map(plain));
  if (flag?.helpValue === "FILE") return { type: "files" };
  return valuesNamed(name, typed, names);
}

/** By what the argument or the flag is called. */
function valuesNamed(name: string, typed: string, names: KnownNames): Answer {
  switch (name) {
    case "peer":
    case "source-peer":
    case "target-peer":
      return matching(typed, namesAndIds(typed, names.peers));
    case "service":
      return matching(typed, namesAndIds(typed, names.services));
    case "cluster":
      return matching(typed, namesAndIds(typed, names.clusters));
    case "license":
      return { type: "files" };
    case "key":
      return matching(typed, ["output_format", "timeout", "cache_ttl", "color", "name", "default_peer"].map(plain));
    default:
      return { type: "candidates", candidates: [] };
  }
}

/** Names first, which people type; ids once their beginning has been typed. */
function namesAndIds(typed: string, all: readonly Named[]): Candidate[] {
  const byName = all.filter(({ name }) => name !== "").map(({ id, name }) => ({ value: name, description: id }));
  const byId = all.map(({ id, name }) => ({ value: id, description: name }));
  return typed === "" ? byName : [...byName, ...byId];
}

function matching(typed: string, candidates: readonly Candidate[]): Answer {
  return { type: "candidates", candidates: candidates.filter(({ value }) => value.startsWith(typed)) };
}

function plain(value: string): Candidate {
  return { value, description: "" };
}
