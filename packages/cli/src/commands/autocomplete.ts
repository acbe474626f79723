import * as Args from "@oclif/core/args";
import { BaseCommand } from "../base-command.ts";
import { SCRIPTS, SHELLS } from "../completion/scripts.ts";

export default class Autocomplete extends BaseCommand {
  static override summary = "Write the completion script of a shell.";
  static override description =
    "Read by the shell's own start file. Peers and services are completed by name and id, from a cache that listing " +
    "them keeps fresh and arctic cache refresh renews.";
  static override examples = [
    `echo 'eval "$(<%= config.bin %> <%= command.id %> bash)"' >> ~/.bashrc`,
    `echo 'eval "$(<%= config.bin %> <%= command.id %> zsh)"' >> ~/.zshrc`,
    "<%= config.bin %> <%= command.id %> fish > ~/.config/fish/completions/arctic.fish",
  ];
  static override args = {
    shell: Args.string({ required: true, ignoreStdin: true, options: [...SHELLS], description: "bash, zsh or fish." }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Autocomplete);
    const shell = SHELLS.find((one) => one === args.shell) ?? "bash";
    await this.print(flags, { shell, script: SCRIPTS[shell] }, () => SCRIPTS[shell].trimEnd());
  }
}
