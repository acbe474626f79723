import { writeFileSync } from "node:fs";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../base-command.ts";
import { formatCompose } from "../../compose/canonical-text.ts";
import { fileFlag } from "../../compose-flags.ts";
import { EXIT, Failure } from "../../failure.ts";
import { readSource } from "../../files.ts";

export default class ComposeFmt extends BaseCommand {
  static override summary = "Lay out a compose file in its one form.";
  static override description =
    "Orders the fields and the spaces and keeps comments and values. Writes to stdout, or with --write into the file; " +
    "with --check it writes nothing and exits 1 where the file is laid out otherwise.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> -f cluster.yaml",
    "<%= config.bin %> <%= command.id %> -f cluster.yaml --write",
  ];
  static override flags = {
    file: fileFlag,
    write: Flags.boolean({ char: "w", summary: "Write into the file.", exclusive: ["check"] }),
    check: Flags.boolean({ summary: "Only say whether the file is laid out so." }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ComposeFmt);
    const text = readSource(flags.file, "the compose file");
    const formatted = formatCompose(text, flags.file);
    const isFormatted = formatted === text;
    if (flags.check && !isFormatted) {
      throw new Failure(EXIT.general, "NOT_FORMATTED", `${flags.file} is laid out otherwise.`, {
        next: `arctic compose fmt -f ${flags.file} --write`,
      });
    }
    if (!flags.check && !flags.write) {
      process.stdout.write(formatted);
      return;
    }
    if (flags.write && !isFormatted) writeFileSync(flags.file, formatted);
    await this.print(flags, { file: flags.file, changed: flags.write && !isFormatted }, () =>
      isFormatted ? `${flags.file} is laid out so already.` : `${flags.file} is laid out anew.`,
    );
  }
}
