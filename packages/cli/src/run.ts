import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { Config } from "@oclif/core/config";
import { EXIT, type Failure, failureJson, failureText, usageFailure } from "./failure.ts";
import { failureFromError } from "./failure-from-error.ts";
import { resolveCommand } from "./resolve-command.ts";
import { VERSION } from "./version.ts";
import { ArcticHelp } from "./view/help.ts";

const TOPICS = {
  peers: { description: "The hosts of the cluster." },
  services: { description: "What carries traffic from one peer to another." },
  routes: { description: "Which traffic a service carries." },
  cluster: { description: "The cluster as a whole." },
  license: { description: "Make, check and show licenses." },
  compose: { description: "A cluster described in one file." },
  config: { description: "The clusters that this command knows." },
};

/** Runs one command line; resolves to the exit code. Data goes to stdout, everything else to stderr. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    const config = await loadConfig();
    const request = resolveCommand(argv, config.commandIDs);
    switch (request.type) {
      case "version":
        process.stdout.write(`arctic ${VERSION}\n`);
        return EXIT.ok;
      case "help":
        await new ArcticHelp(config, { maxWidth: 120 }).showHelp([...request.words]);
        return EXIT.ok;
      case "flag_first":
        throw usageFailure(
          `the command comes before its flags, but the line begins with ${request.flag}.`,
          "For example: arctic peers list --json",
        );
      case "unknown":
        throw unknownCommand(request.words, request.similar);
      case "command": {
        const result: unknown = await config.runCommand(request.id, [...request.rest]);
        return typeof result === "number" ? result : EXIT.ok;
      }
    }
  } catch (error) {
    const failure = failureFromError(error);
    process.stderr.write(`${wantsJson(argv) ? failureJson(failure) : failureText(failure)}\n`);
    return failure.exitCode;
  }
}

/** The built command reads its manifest, so that only the module of the command that runs is loaded. */
export function loadConfig({ ignoreManifest = import.meta.url.endsWith(".ts") } = {}): Promise<Config> {
  return Config.load({
    root: dirname(fileURLToPath(import.meta.url)),
    ignoreManifest,
    pjson: {
      name: "@arctic/cli",
      version: VERSION,
      description: "Joins Linux hosts into one network without a coordinator.",
      type: "module",
      oclif: { bin: "arctic", dirname: "arctic", commands: "./commands", topicSeparator: " ", topics: TOPICS },
    },
  } as Parameters<typeof Config.load>[0]);
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
