import { parse } from "@oclif/core/parser";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BaseCommand } from "../../src/base-command.ts";
import { COMMANDS } from "../../src/commands.ts";
import { quickParse } from "../../src/quick-parse.ts";

const commands = await Promise.all(Object.values(COMMANDS).map(async (load) => (await load()).default));

/** A command and words that might stand behind it: its own flags, near misses, values good and bad. */
const line = fc.constantFrom(...commands).chain((command) => {
  const flags = { ...command.flags, ...BaseCommand.baseFlags };
  const names = Object.keys(flags);
  const chars = Object.values(flags).flatMap(({ char }) => (char === undefined ? [] : [`-${char}`]));
  const options = Object.values(flags).flatMap((flag) => (flag.type === "option" ? (flag.options ?? []) : []));
  const word = fc.oneof(
    fc.constantFrom(...names).map((name) => `--${name}`),
    fc.constantFrom(...names).map((name) => `--no-${name}`),
    fc.constantFrom(...names, "frob").map((name) => `--${name}=1`),
    fc.constantFrom(...chars, "-", "--", "-z", "-w1", "--frob"),
    fc.constantFrom(
      "alpha",
      "1",
      "0",
      "-1",
      "1.5",
      "",
      "a b",
      "json",
      "tcp",
      "a,b",
      "toString",
      "--__proto__",
      ...options,
    ),
  );
  return fc.tuple(fc.constant(command), fc.array(word, { maxLength: 6 }));
});

test("a line that is read the quick way is read alike by oclif", async () => {
  let quickOnes = 0;
  await fc.assert(
    fc.asyncProperty(line, async ([command, argv]) => {
      const flags = { ...command.flags, ...BaseCommand.baseFlags };
      const args = command.args ?? {};
      const quick = await quickParse(argv, flags, args);
      if (quick === undefined) return;
      quickOnes += 1;
      const full = await parse([...argv], { flags, args });
      expect(quick).toEqual({ flags: full.flags, args: full.args });
    }),
    { numRuns: 5000 },
  );
  expect(quickOnes).toBeGreaterThan(200);
});
