import { readFileSync } from "node:fs";
import { join } from "node:path";
import { oversizedSources, pathsOfThisMachine, resolvedAddresses } from "./house-rules.mjs";
import { packageNames } from "./packages.mjs";
import { pinnedNode, root } from "./pinned-node.mjs";
import { pathOfPinnedNode, quiet } from "./run.mjs";
import { main, step } from "./say.mjs";
import { setup } from "./setup.mjs";

/** `npm run check`: everything that can be said of the code without running it. Runs all, then exits 1 if any failed. */
await main(async () => {
  await setup();
  const failures = await inParallel(checks(), 2);
  for (const { words, output } of failures) process.stderr.write(`\n── ${words}\n${output.trimEnd()}\n`);
  process.stdout.write(
    failures.length === 0
      ? "clean\n"
      : `\n${failures.length} failed: ${failures.map(({ words }) => words).join("; ")}\n`,
  );
  return failures.length === 0 ? 0 : 1;
});

/** Slow ones first. Each resolves to undefined, or to what is wrong. */
function checks() {
  return [
    { words: "types of everything (tsc)", find: tool("typescript/bin/tsc", "-p", ".") },
    { words: "types of core alone (tsc)", find: tool("typescript/bin/tsc", "-p", "packages/core") },
    {
      words: "arrows between the rooms (dependency-cruiser)",
      find: tool("dependency-cruiser/bin/dependency-cruiser.mjs", "packages", "--config"),
    },
    { words: "unused files, exports, dependencies (knip)", find: tool("knip/bin/knip.js") },
    ...packageNames.flatMap((name) => [
      {
        words: `${name} as others install it (publint)`,
        find: tool("publint/src/cli.js", "run", "--strict", `packages/${name}`),
      },
      ...(exportsCode(name)
        ? [
            {
              words: `${name}'s types as others see them (attw)`,
              find: tool("@arethetypeswrong/cli/dist/index.js", "--pack", `packages/${name}`, "--profile", "esm-only"),
            },
          ]
        : []),
    ]),
    {
      words: "core's reference from its comments (typedoc)",
      find: tool("typedoc/bin/typedoc", "--emit", "none", "--logLevel", "Warn"),
    },
    { words: "style (biome)", find: tool("@biomejs/biome/bin/biome", "check", "--error-on-warnings", ".") },
    { words: "no path of this machine in a tracked file", find: pathsOfThisMachine },
    { words: "no address in the lock file", find: resolvedAddresses },
    { words: "no source file over 400 lines", find: oversizedSources },
  ];
}

function tool(path, ...args) {
  return async () => {
    const { code, output } = await quiet(pinnedNode(), [join(root, "node_modules", path), ...args], {
      env: { NO_COLOR: "1", PATH: pathOfPinnedNode() },
    });
    return code === 0 ? undefined : output || `exit ${code}`;
  };
}

/** The command alone has nothing to import, so no types that could be wrong. */
function exportsCode(name) {
  const manifest = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
  return Object.keys(manifest.exports).some((path) => path !== "./package.json");
}

async function inParallel(all, lanes) {
  const queue = [...all];
  const failures = [];
  const lane = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { words, find } = next;
      const run = async () => {
        const output = await find();
        if (output !== undefined) {
          failures.push({ words, output });
          throw new Error(words);
        }
      };
      await step(words, run).catch(() => {});
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return failures;
}
