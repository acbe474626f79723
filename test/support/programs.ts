import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SOURCES = {
  arctic: new URL("../../packages/cli/src/main.ts", import.meta.url),
  "arctic-agent": new URL("../../packages/agent/src/main.ts", import.meta.url),
  "arctic-dataplane": new URL("../../packages/dataplane/src/main.ts", import.meta.url),
};
const BUILT = {
  arctic: new URL("../../packages/cli/bin/arctic.js", import.meta.url),
  "arctic-agent": new URL("../../packages/agent/dist/main.js", import.meta.url),
  "arctic-dataplane": new URL("../../packages/dataplane/dist/main.js", import.meta.url),
};

/**
 * What Node is given to run one of our programs: options, and the file. `npm test` builds the packages, and has the
 * programs tested as they are installed (ARCTIC_TEST_BUILT); vitest by itself takes the sources as they are.
 */
export function programArguments(name: keyof typeof SOURCES): string[] {
  if (process.env.ARCTIC_TEST_BUILT !== "1")
    return ["--conditions=arctic-source", "--disable-warning=ExperimentalWarning", fileURLToPath(SOURCES[name])];
  const file = fileURLToPath(BUILT[name]);
  // As its first line starts it.
  const [, options = ""] = /^#!.*\bnode\b ?(.*)/.exec(readFileSync(file, "utf8")) ?? [];
  return [...options.split(" ").filter((option) => option !== ""), file];
}
