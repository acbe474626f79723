import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SOURCES = {
  arctic: "packages/cli/src/main.ts",
  "arctic-agent": "packages/agent/src/main.ts",
  "arctic-dataplane": "packages/dataplane/src/main.ts",
} as const;
const BUILT = {
  arctic: "packages/cli/bin/arctic.js",
  "arctic-agent": "packages/agent/dist/main.js",
  "arctic-dataplane": "packages/dataplane/dist/main.js",
} as const;

/**
 * What Node is given to run one of our programs: options, and the file. `npm test` builds the packages, and has the
 * programs tested as they are installed (ARCTIC_TEST_BUILT); vitest by itself takes the sources as they are.
 */
export function programArguments(name: keyof typeof SOURCES): string[] {
  const path = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));
  if (process.env.ARCTIC_TEST_BUILT !== "1")
    return ["--conditions=arctic-source", "--disable-warning=ExperimentalWarning", path(SOURCES[name])];
  const file = path(BUILT[name]);
  // As its first line starts it.
  const [, options = ""] = /^#!.*\bnode\b ?(.*)/.exec(readFileSync(file, "utf8")) ?? [];
  return [...options.split(" ").filter((option) => option !== ""), file];
}
