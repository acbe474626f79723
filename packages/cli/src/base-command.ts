import { Command } from "@oclif/core/command";
import * as Flags from "@oclif/core/flags";
import type * as Interfaces from "@oclif/core/interfaces";
import { EXIT } from "./failure.ts";
import { quickParse } from "./quick-parse.ts";
import { type OutputFormat, writeOutput } from "./view/output.ts";

const GLOBAL = "GLOBAL";

/** The flags that every command has, as they come out of the parser. */
export interface GlobalFlags {
  readonly json: boolean;
  readonly output?: string | undefined;
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly config?: string | undefined;
  readonly "recovery-token"?: string | undefined;
  readonly "recovery-token-file"?: string | undefined;
  readonly peer?: string | undefined;
  readonly "tls-fingerprint"?: string | undefined;
  readonly "ca-file"?: string | undefined;
  readonly timeout?: number | undefined;
  readonly yes: boolean;
}

/** Values by the names of their flags or arguments, of types that each command declares. */
type Values = Interfaces.OutputFlags<Interfaces.FlagInput>;

/** A command's `run` answers nothing, or the exit code where success has more than one. */
export abstract class BaseCommand extends Command {
  static override baseFlags = {
    json: Flags.boolean({ helpGroup: GLOBAL, summary: "Data as JSON on stdout, errors as JSON on stderr." }),
    output: Flags.string({
      char: "o",
      helpGroup: GLOBAL,
      options: ["table", "json", "yaml"],
      summary: "The form of the data. Default: output_format of the configuration, else table.",
      exclusive: ["json"],
    }),
    url: Flags.string({
      helpGroup: GLOBAL,
      helpValue: "URL",
      summary: "The agent to speak to, such as https://10.0.0.1:8080. Default: the current cluster's endpoints.",
    }),
    token: Flags.string({
      helpGroup: GLOBAL,
      helpValue: "TOKEN",
      summary:
        "An access token in place of the configured client. Better in ARCTIC_TOKEN, which no process list shows.",
    }),
    config: Flags.string({
      helpGroup: GLOBAL,
      helpValue: "FILE",
      summary: "The configuration file. Also ARCTIC_CONFIG. Default: $XDG_CONFIG_HOME/arctic/config.yaml.",
    }),
    "recovery-token": Flags.string({
      helpGroup: GLOBAL,
      helpValue: "TOKEN",
      summary: "The host's recovery token. Better in ARCTIC_RECOVERY_TOKEN or --recovery-token-file.",
    }),
    "recovery-token-file": Flags.string({
      helpGroup: GLOBAL,
      helpValue: "FILE",
      summary: "The file that holds the host's recovery token.",
    }),
    peer: Flags.string({
      helpGroup: GLOBAL,
      helpValue: "PEER",
      summary: "Name or id of the peer that is to answer: the request is relayed to it.",
    }),
    "tls-fingerprint": Flags.string({
      helpGroup: GLOBAL,
      helpValue: "SHA256",
      summary: "The agent's certificate (SHA-256, hex) where the configuration does not know it.",
    }),
    "ca-file": Flags.string({
      helpGroup: GLOBAL,
      helpValue: "FILE",
      summary: "Certificate authorities (PEM) that vouch for the agent, in place of fingerprints.",
    }),
    timeout: Flags.integer({
      helpGroup: GLOBAL,
      helpValue: "SECONDS",
      min: 1,
      max: 3600,
      summary: "How long to wait for one answer. Default: timeout of the configuration, else 30.",
    }),
    yes: Flags.boolean({ char: "y", helpGroup: GLOBAL, summary: "Answer every question with yes." }),
  };

  /** Runs the command line; resolves to the exit code. */
  async execute(): Promise<number> {
    const result: unknown = await this._run();
    return typeof result === "number" ? result : EXIT.ok;
  }

  /** oclif's own, which plain lines need not go through. */
  protected override async parse<F extends Values, B extends Values, A extends Values>(
    options: Interfaces.Input<F, B, A>,
    argv: string[] = this.argv,
  ): Promise<Interfaces.ParserOutput<F, B, A>> {
    const quick = await quickParse(argv, { ...options.baseFlags, ...options.flags }, options.args ?? {});
    if (quick === undefined) return super.parse(options, argv);
    this.parsed = true;
    const rest = { argv: [], raw: [], metadata: { flags: {} }, nonExistentFlags: [] };
    return { ...quick, ...rest } as unknown as Interfaces.ParserOutput<F, B, A>;
  }

  /** oclif's own looks for deprecated commands here, of which there are none. */
  protected override async init(): Promise<void> {}

  /** Errors travel to `run.ts`, which words them and names the exit code. */
  protected override async catch(error: Error): Promise<never> {
    throw error;
  }

  protected async print(
    flags: GlobalFlags,
    value: unknown,
    asTable: () => string,
    preferred?: OutputFormat,
  ): Promise<void> {
    await writeOutput(formatOf(flags, preferred), value, asTable);
  }
}

/** The form that the flags name, else the preferred one, else a table. */
export function formatOf(flags: GlobalFlags, preferred: OutputFormat = "table"): OutputFormat {
  if (flags.json) return "json";
  switch (flags.output) {
    case "json":
    case "yaml":
    case "table":
      return flags.output;
    default:
      return preferred;
  }
}
