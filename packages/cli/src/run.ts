import { bareConfig } from "./bare-config.ts";
import { COMMANDS } from "./commands.ts";
import { EXIT, type Failure, failureJson, failureText, usageFailure } from "./failure.ts";
import { failureFromError } from "./failure-from-error.ts";
import { resolveCommand } from "./resolve-command.ts";
import { VERSION } from "./version.ts";
import { ArcticHelp, loadConfig } from "./view/help.ts";
import { say } from "./view/output.ts";

/** Runs one command line; resolves to the exit code. Data goes to stdout, everything else to stderr. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    if (argv[0] === "__complete") {
      const { complete } = await import("./completion/complete.ts");
      await complete(argv.slice(1));
      return EXIT.ok;
    }
    const request = resolveCommand(argv, Object.keys(COMMANDS));
    switch (request.type) {
      case "version":
        process.stdout.write(`arctic ${VERSION}\n`);
        return EXIT.ok;
      case "help":
        await showHelp(request.words);
        return EXIT.ok;
      case "flag_first":
        throw usageFailure(
          `the command comes before its flags, but the line begins with ${request.flag}.`,
          "For example: arctic peers list --json",
        );
      case "unknown":
        throw unknownCommand(request.words, request.similar);
      case "command":
        return await runCommand(request.id, request.rest);
    }
  } catch (error) {
    const failure = failureFromError(error);
    say(wantsJson(argv) ? failureJson(failure) : failureText(failure));
    return failure.exitCode;
  }
}

async function runCommand(id: string, argv: readonly string[]): Promise<number> {
  const load = COMMANDS[id];
  if (load === undefined) throw new Error(`${id} is in no table`);
  const { default: Command } = await load();
  return new Command([...argv], bareConfig()).execute();
}

async function showHelp(words: readonly string[]): Promise<void> {
  await new ArcticHelp(await loadConfig(), { maxWidth: 120 }).showHelp([...words]);
}

function unknownCommand(words: readonly string[], similar: readonly string[]): Failure {
  const next = similar.length === 0 ? "arctic --help lists the commands." : `Did you mean: ${similar.join(", ")}?`;
  return usageFailure(`there is no command "${words.join(" ")}".`, next);
}

/** Asked of the raw line, since the line may be what is wrong. */
function wantsJson(argv: readonly string[]): boolean {
  return argv.some(
    (word, index) =>
      word === "--json" ||
      word === "-ojson" ||
      word === "--output=json" ||
      (word === "json" && (argv[index - 1] === "-o" || argv[index - 1] === "--output")),
  );
}
