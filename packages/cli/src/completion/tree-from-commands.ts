import { COMMANDS } from "../commands.ts";
import { type CommandTree, knownCommand } from "./tree.ts";

/** The tree as the commands themselves declare it; loads them all. */
export async function treeFromCommands(): Promise<CommandTree> {
  const entries = Object.entries(COMMANDS).map(async ([id, load]) => {
    const { default: command } = await load();
    return [id, knownCommand(command)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
