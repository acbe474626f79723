/** What a command line asks for. `rest` is what follows the command's words. */
export type Request =
  | { readonly type: "version" }
  | { readonly type: "help"; readonly words: readonly string[] }
  | { readonly type: "command"; readonly id: string; readonly rest: readonly string[] }
  | { readonly type: "unknown"; readonly words: readonly string[]; readonly similar: readonly string[] }
  | { readonly type: "flag_first"; readonly flag: string };

/** Finds the command by its longest run of leading words. Ids are `topic:verb`, as oclif writes them. */
export function resolveCommand(argv: readonly string[], ids: readonly string[]): Request {
  const first = argv[0];
  if (first === "--version") return { type: "version" };
  if (first === undefined || first === "--help" || first === "-h") return { type: "help", words: [] };
  if (first.startsWith("-")) return { type: "flag_first", flag: first };
  if (first === "help") return { type: "help", words: argv.slice(1).filter((word) => !word.startsWith("-")) };

  const flagAt = argv.findIndex((word) => word.startsWith("-"));
  const words = flagAt < 0 ? argv : argv.slice(0, flagAt);
  for (let length = words.length; length > 0; length -= 1) {
    const id = words.slice(0, length).join(":");
    if (ids.includes(id)) return commandOrHelp(id, words.slice(0, length), argv.slice(length));
  }
  const isTopic = ids.some((id) => id.startsWith(`${first}:`));
  if (isTopic && words.length === 1) return { type: "help", words };
  return { type: "unknown", words, similar: similarTo(words.slice(0, 2).join(":"), ids) };
}

function commandOrHelp(id: string, words: readonly string[], rest: readonly string[]): Request {
  const end = rest.indexOf("--");
  const flags = end < 0 ? rest : rest.slice(0, end);
  if (flags.includes("--help") || flags.includes("-h")) return { type: "help", words };
  return { type: "command", id, rest };
}

function similarTo(asked: string, ids: readonly string[]): string[] {
  const topic = asked.split(":")[0] ?? asked;
  const near = ids.filter((id) => distance(asked, id) <= 3);
  const found = near.length > 0 ? near : ids.filter((id) => id.startsWith(`${topic}:`));
  return found.map((id) => id.replaceAll(":", " "));
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
