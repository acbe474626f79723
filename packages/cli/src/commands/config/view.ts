import * as Flags from "@oclif/core/flags";
import { BaseCommand, formatOf } from "../../base-command.ts";
import { hideSecrets } from "../../config/config.ts";
import { readConfig } from "../../config/config-file.ts";
import { configPathOf } from "../../session/session.ts";
import { writeOutput } from "../../view/output.ts";

export default class ConfigView extends BaseCommand {
  static override summary = "Show the whole configuration, without secrets unless asked.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> --show-secrets",
  ];
  static override flags = { "show-secrets": Flags.boolean({ summary: "Show client secrets too." }) };

  async run(): Promise<void> {
    const { flags } = await this.parse(ConfigView);
    const config = readConfig(configPathOf(flags));
    const shown = flags["show-secrets"] ? config : hideSecrets(config);
    // A tree has no table: YAML, as it stands in the file.
    await writeOutput(formatOf(flags, "yaml") === "json" ? "json" : "yaml", shown, () => "");
  }
}
