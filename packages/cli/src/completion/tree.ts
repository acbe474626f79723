import type { CommandClass } from "../commands.ts";

export interface KnownFlag {
  readonly char?: string;
  readonly takesValue: boolean;
  readonly options?: readonly string[];
  /** What stands for the value in the help, such as FILE. */
  readonly helpValue?: string;
  readonly summary: string;
}

export interface KnownCommand {
  readonly summary: string;
  /** In their order. */
  readonly args: readonly { readonly name: string; readonly options?: readonly string[] }[];
  readonly flags: Readonly<Record<string, KnownFlag>>;
}

/** Every command by its id, `topic:verb`. */
export type CommandTree = Readonly<Record<string, KnownCommand>>;

/** The file beside the built command in which the tree stands, so that a completion loads no command. */
export const TREE_FILE = "completion.json";

/** What a completion needs of a command's declaration. */
export function knownCommand(command: CommandClass): KnownCommand {
  const flags = { ...command.flags, ...command.baseFlags };
  return {
    summary: command.summary ?? "",
    args: Object.entries(command.args ?? {}).map(([name, { options }]) => ({
      name,
      ...(options === undefined ? {} : { options }),
    })),
    flags: Object.fromEntries(Object.entries(flags).flatMap(([name, flag]) => knownFlags(name, flag))),
  };
}

type Declared = CommandClass["baseFlags"][keyof CommandClass["baseFlags"]];

/** A flag with a negation is two. */
function knownFlags(name: string, flag: Declared): [string, KnownFlag][] {
  const known: KnownFlag = {
    takesValue: flag.type === "option",
    summary: flag.summary ?? "",
    ...(flag.char === undefined ? {} : { char: flag.char }),
    ...(flag.type === "option" && flag.options !== undefined ? { options: flag.options } : {}),
    ...("helpValue" in flag && typeof flag.helpValue === "string" ? { helpValue: flag.helpValue } : {}),
  };
  const isNegated = flag.type === "boolean" && "allowNo" in flag && flag.allowNo === true;
  return isNegated
    ? [
        [name, known],
        [`no-${name}`, known],
      ]
    : [[name, known]];
}
