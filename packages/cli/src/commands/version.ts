import { BaseCommand } from "../base-command.ts";
import { VERSION } from "../version.ts";

export default class Version extends BaseCommand {
  static override summary = "Show the versions of this command and of its runtime.";
  static override examples = ["<%= config.bin %> <%= command.id %>", "<%= config.bin %> <%= command.id %> --json"];

  async run(): Promise<void> {
    const { flags } = await this.parse(Version);
    const value = { arctic: VERSION, node: process.versions.node, platform: `${process.platform}-${process.arch}` };
    await this.print(flags, value, () => `arctic ${value.arctic} (node ${value.node}, ${value.platform})`);
  }
}
