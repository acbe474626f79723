import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The built agent, as it is installed. */
export const MAIN = fileURLToPath(new URL("../../packages/agent/dist/main.js", import.meta.url));

/** The options of Node in the program's first line. */
export function programOptions(): string[] {
  const [, options = ""] = /^#!.* node (.*)/.exec(readFileSync(MAIN, "utf8")) ?? [];
  return options.split(" ");
}
