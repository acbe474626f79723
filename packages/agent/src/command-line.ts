/** What an operator asks of `arctic-agent`. */
export type Command =
  | { readonly type: "run"; readonly configPath: string | undefined }
  | { readonly type: "backup" | "restore"; readonly file: string; readonly configPath: string | undefined }
  | { readonly type: "help" | "version" }
  /** One sentence for whoever typed it. */
  | { readonly type: "wrong"; readonly problem: string };

/** Reads the arguments behind the program's name. */
export function commandFromArguments(args: readonly string[]): Command {
  const [only] = args;
  if (only === "--help" && args.length === 1) return { type: "help" };
  if (only === "--version" && args.length === 1) return { type: "version" };
  const words: string[] = [];
  let configPath: string | undefined;
  const rest = [...args];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (argument === "--config" || argument.startsWith("--config=")) {
      const value = argument === "--config" ? rest.shift() : argument.slice("--config=".length);
      if (value === undefined || value === "" || value.startsWith("-")) return wrong("--config takes a file");
      if (configPath !== undefined) return wrong("--config is given twice");
      configPath = value;
    } else if (argument === "--help" || argument === "--version") return wrong(`${argument} stands alone`);
    else if (argument.startsWith("-")) return wrong(`arctic-agent takes no ${argument}`);
    else words.push(argument);
  }
  const [verb, file, ...more] = words;
  if (verb === undefined) return { type: "run", configPath };
  if (verb !== "backup" && verb !== "restore") return wrong(`arctic-agent takes no ${verb}`);
  if (file === undefined || more.length > 0) return wrong(`${verb} takes one file: arctic-agent ${verb} FILE`);
  return { type: verb, file, configPath };
}

function wrong(problem: string): Command {
  return { type: "wrong", problem: `${problem}: see arctic-agent --help` };
}
