import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "@oclif/core/command";
import { Config } from "@oclif/core/config";
import { Help } from "@oclif/core/help";
import { VERSION } from "../version.ts";

/** What each topic is about. */
export const TOPICS = {
  peers: { description: "The hosts of the cluster." },
  services: { description: "What carries traffic from one peer to another." },
  routes: { description: "Which traffic a service carries." },
  cluster: { description: "The cluster as a whole." },
  license: { description: "Make, check and show licenses." },
  compose: { description: "A cluster described in one file." },
  credentials: { description: "Who may speak to the cluster, and by which secrets." },
  cache: { description: "What completions know." },
  config: { description: "The clusters that this command knows." },
};

/** oclif's help with a usage line of the command's own flags: the global ones have a section of their own. */
export class ArcticHelp extends Help {
  protected override formatCommand(command: Command.Loadable): string {
    return super.formatCommand({ ...command, usage: command.usage ?? usageOf(command) });
  }
}

/** oclif's knowledge of every command, which help is made from. The built command has it in a manifest. */
export function loadConfig(): Promise<Config> {
  const here = dirname(fileURLToPath(import.meta.url));
  const isSource = import.meta.url.endsWith(".ts");
  return Config.load({
    root: isSource ? join(here, "..") : here,
    ignoreManifest: isSource,
    pjson: {
      name: "@arctic/cli",
      version: VERSION,
      description: "Joins Linux hosts into one network without a coordinator.",
      type: "module",
      oclif: { bin: "arctic", dirname: "arctic", commands: "./commands", topicSeparator: " ", topics: TOPICS },
    },
  } as Parameters<typeof Config.load>[0]);
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
