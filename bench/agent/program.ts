import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The built agent, as it is installed. */
export const MAIN = fileURLToPath(new URL("../../packages/agent/dist/main.js", import.meta.url));

const UNIT = fileURLToPath(new URL("../../packaging/systemd/arctic-agent.service", import.meta.url));

/** What the unit file sets for the program. */
export function programEnvironment(): Record<string, string> {
  const [, settings = ""] = /^Environment=(.*)$/m.exec(readFileSync(UNIT, "utf8")) ?? [];
  return Object.fromEntries(settings.split(" ").map((setting) => setting.split("=") as [string, string]));
}

/** The options of Node in the program's first line. */
export function programOptions(): string[] {
  const [, options = ""] = /^#!.* node (.*)/.exec(readFileSync(MAIN, "utf8")) ?? [];
  return options.split(" ");
}
