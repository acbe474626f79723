import { BaseCommand } from "../../base-command.ts";
import { TEMPLATE } from "../../compose/template.ts";
import { fileFlag } from "../../compose-flags.ts";
import { writeNew } from "../../files.ts";

export default class ComposeInit extends BaseCommand {
  static override summary = "Write an example compose file to start from.";
  static override description = "Refuses to replace a file.";
  static override examples = ["<%= config.bin %> <%= command.id %>", "<%= config.bin %> <%= command.id %> -f lab.yaml"];
  static override flags = { file: fileFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(ComposeInit);
    writeNew(flags.file, TEMPLATE, 0o644, "the compose file");
    await this.print(
      flags,
      { file: flags.file },
      () => `${flags.file} is written. Edit it, then: arctic compose apply -f ${flags.file} --save-config`,
    );
  }
}
