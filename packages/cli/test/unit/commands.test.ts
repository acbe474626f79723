import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { BaseCommand } from "../../src/base-command.ts";
import { COMMANDS } from "../../src/commands.ts";

interface FlagLike {
  readonly char?: string;
  readonly required?: boolean;
  readonly summary?: string;
  readonly type: string;
}
interface CommandLike {
  readonly summary?: string;
  readonly examples?: readonly string[];
  readonly args?: Readonly<Record<string, { readonly required?: boolean; readonly ignoreStdin?: boolean }>>;
  readonly flags?: Readonly<Record<string, FlagLike>>;
}

const root = fileURLToPath(new URL("../../src/commands", import.meta.url));
const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
const commands = await Promise.all(
  files.map(async (entry): Promise<[string, CommandLike]> => {
    const path = join(entry.parentPath, entry.name);
    const { default: command } = (await import(path)) as { default: CommandLike };
    return [relative(root, path).replace(/\.ts$/, "").replaceAll("/", " "), command];
  }),
);
commands.sort(([a], [b]) => (a < b ? -1 : 1));

test("these are the commands and their flags", () => {
  const lines = commands.map(([id, { args = {}, flags = {} }]) =>
    [id, ...Object.entries(args).map(argText), ...Object.entries(flags).map(flagText)].join(" "),
  );
  expect(lines).toMatchSnapshot();
});

test("the table of commands is the folder", () => {
  expect(Object.keys(COMMANDS).sort()).toEqual(commands.map(([id]) => id.replaceAll(" ", ":")).sort());
});

test("these are the flags of every command", () => {
  expect(Object.entries(BaseCommand.baseFlags as Record<string, FlagLike>).map(flagText)).toMatchSnapshot();
});

describe.each(commands)("arctic %s", (id, command) => {
  test("says what it does and shows examples", () => {
    expect(command.summary).toMatch(/^[A-Z].*\.$/);
    expect(command.examples?.length).toBeGreaterThan(0);
    for (const flag of Object.values(command.flags ?? {})) expect(flag.summary).toMatch(/\.$/);
  });

  test("does not read its arguments from stdin", () => {
    for (const arg of Object.values(command.args ?? {})) expect(arg.ignoreStdin).toBe(true);
    expect(id).toBeDefined();
  });
});

function argText([name, arg]: [string, { readonly required?: boolean }]): string {
  return arg.required ? name.toUpperCase() : `[${name.toUpperCase()}]`;
}

function flagText([name, flag]: [string, FlagLike]): string {
  const text = `${flag.char === undefined ? "" : `-${flag.char}|`}--${name}${flag.type === "option" ? "=" : ""}`;
  return flag.required ? text : `[${text}]`;
}
