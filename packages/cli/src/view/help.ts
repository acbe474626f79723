import type { Command } from "@oclif/core/command";
import { Help } from "@oclif/core/help";

/** oclif's help with a usage line of the command's own flags: the global ones have a section of their own. */
export class ArcticHelp extends Help {
  protected override formatCommand(command: Command.Loadable): string {
    return super.formatCommand({ ...command, usage: command.usage ?? usageOf(command) });
  }
}

function usageOf(command: Command.Loadable): string {
  const args = Object.values(command.args).map((arg) => {
    const name = arg.name.toUpperCase();
    return arg.required === true ? name : `[${name}]`;
  });
  const required = Object.values(command.flags)
    .filter((flag) => flag.required === true && flag.helpGroup === undefined)
    .map((flag) => `--${flag.name} ${flagValue(flag)}`);
  return ["<%= command.id %>", ...args, ...required, "[FLAGS]"].join(" ");
}

function flagValue(flag: Command.Flag.Cached): string {
  const value = flag.type === "option" ? flag.helpValue : undefined;
  return typeof value === "string" ? value : flag.name.toUpperCase();
}
