import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { benchPackages } from "./debian.mjs";
import { root } from "./pinned-node.mjs";
import { pinned } from "./run.mjs";
import { Failure, main, step } from "./say.mjs";
import { setup } from "./setup.mjs";

/** `npm run bench -- NAME [FLAGS]`: bench/NAME.ts on sources; without a name, the names. */
await main(async () => {
  const [name, ...flags] = process.argv.slice(2);
  const names = benches();
  if (name === undefined) {
    process.stdout.write(`npm run bench -- NAME [--json]\n\n${names.map((one) => `  ${one}\n`).join("")}`);
    return 0;
  }
  if (!names.includes(name))
    throw new Failure(`There is no bench "${name}". There are: ${names.join(", ") || "none yet"}.`);
  await setup({ debian: process.getuid?.() === 0 ? (benchPackages[name] ?? []) : [] });
  const output = [];
  const code = await step(`bench ${name}`, () =>
    pinned(["--conditions=arctic-source", "--expose-gc", `bench/${name}.ts`, ...flags], {
      onOutput: (part) => output.push(part),
    }),
  );
  process.stdout.write(Buffer.concat(output));
  return code;
});

function benches() {
  const folder = join(root, "bench");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.slice(0, -3))
    .sort();
}
