import { DEFAULT_CONFIG_PATH } from "./config.ts";
import { fileKeyOf, SETTINGS, type Setting } from "./settings.ts";

/** The table of settings as docs/agent.md shows it; a test holds the two together. */
export function settingsAsMarkdown(): string {
  const rows = SETTINGS.map((setting) => [
    `\`${setting.name}\``,
    `\`${fileKeyOf(setting)}\``,
    setting.fallback === "" ? "" : `\`${setting.fallback}\``,
    setting.text,
    TAKEN[setting.taken],
  ]);
  const head = ["variable", "in the file", "where not set", "meaning", "a change counts"];
  const widths = head.map((text, column) => Math.max(text.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

/** What `arctic-agent --help` prints. */
export function helpText(): string {
  const width = Math.max(...SETTINGS.map(({ name }) => name.length));
  const fallbackWidth = Math.max(...SETTINGS.map(({ fallback }) => fallback.length));
  const row = ({ name, fallback, text, taken }: Setting) =>
    `  ${name.padEnd(width)}  ${fallback.padEnd(fallbackWidth)}  ${text}${taken === "reload" ? " [SIGHUP]" : ""}`;
  return `arctic-agent: one host's part in an Arctic cluster.

Usage: arctic-agent [--config FILE]
       arctic-agent backup FILE [--config FILE]     the peer's identity and state, online, into a new file (0600)
       arctic-agent restore FILE [--config FILE]    the same, into an empty state directory
       arctic-agent --help | --version

Settings (name, value where it is not set, meaning), from the environment or from the file, where the environment wins:
${SETTINGS.map(row).join("\n")}

In the file, YAML, a setting is a line "key: value"; its key is the name in lower case without ARCTIC_, so API_PORT is
api_port and ARCTIC_STATE_DIR is state_dir. Without --config it is ${DEFAULT_CONFIG_PATH}, where there is one.
SIGHUP reads it again and takes up the settings marked [SIGHUP]; the others count from the next start on.
SIGTERM and SIGINT end the agent within five seconds. Exit codes: 0 done, 1 failed, 2 wrong use, 3 wrong configuration.
`;
}

const TAKEN = { reload: "at SIGHUP", restart: "at the next start" } as const;
