import { BaseCommand } from "../../base-command.ts";
import { readCompose } from "../../compose/read.ts";
import { fileWarnings } from "../../compose/warnings.ts";
import { fileFlag, readingFlags, sayWarnings, variablesFrom } from "../../compose-flags.ts";
import { countText } from "../../view/format.ts";

export default class ComposeValidate extends BaseCommand {
  static override summary = "Check a compose file, offline.";
  static override description =
    "Names every mistake with its line, column and path in the file; exits 3 where there is one.";
  static override examples = ["<%= config.bin %> <%= command.id %> -f cluster.yaml"];
  static override flags = { file: fileFlag, ...readingFlags };

  async run(): Promise<void> {
    const { flags } = await this.parse(ComposeValidate);
    const compose = readCompose(flags.file, variablesFrom(flags));
    const { peers, services } = compose;
    const warnings = fileWarnings(compose);
    sayWarnings(warnings, flags);
    await this.print(
      flags,
      { file: flags.file, valid: true, peers: peers.length, services: services.length, warnings },
      () => `${flags.file} is valid: ${countText(peers.length, "peer")}, ${countText(services.length, "service")}.`,
    );
  }
}
