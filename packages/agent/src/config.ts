import { readSettingsFile, type SettingsFile } from "./config-file.ts";
import { ABSENT, type AgentConfig, FIELDS, fileKeyOf, ROWS, SETTINGS, type Setting } from "./settings.ts";

/** The place of the configuration file where `--config` names none; a host without it is set up by the environment alone. */
export const DEFAULT_CONFIG_PATH = "/etc/arctic/agent.yaml";

type Environment = Readonly<Record<string, string | undefined>>;
export type ConfigResult =
  | { readonly ok: true; readonly config: AgentConfig }
  /** One line a wrong value, each naming its place: a variable, or a line of the file. */
  | { readonly ok: false; readonly problems: readonly string[] };

/** Reads the settings from the environment alone; a value that cannot be meant is refused, never bent. */
export function configFromEnvironment(environment: Environment = process.env): ConfigResult {
  return configFrom(environment, { entries: new Map(), problems: [] });
}

/** Reads the settings from a file and the environment, which wins. */
export function configFromFile(path: string, environment: Environment = process.env): ConfigResult {
  return configFrom(environment, readSettingsFile(path, new Set(SETTINGS.map(fileKeyOf))));
}

/** Who watches over this process, as a service manager says it in the environment (sd_notify(3), sd_watchdog_enabled(3)). */
export interface Supervision {
  /** A path, or an abstract name after an `@`. */
  readonly socket: string;
  /** How often it wants to hear that the process lives; absent where it does not. */
  readonly watchdogMs: number | undefined;
}

export function supervisionFromEnvironment(
  pid: number,
  environment: Environment = process.env,
): Supervision | undefined {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = environment;
  if (NOTIFY_SOCKET === undefined || !/^[/@]./.test(NOTIFY_SOCKET)) return undefined;
  const isForUs = WATCHDOG_PID === undefined || WATCHDOG_PID === String(pid);
  const limitMs = isForUs && /^[1-9]\d{0,12}$/.test(WATCHDOG_USEC ?? "") ? Number(WATCHDOG_USEC) / 1000 : undefined;
  return { socket: NOTIFY_SOCKET, watchdogMs: limitMs };
}

function configFrom(environment: Environment, file: SettingsFile): ConfigResult {
  const problems = [...misspelt(environment), ...file.problems];
  const config: Record<string, unknown> = {};
  for (const field of FIELDS) {
    const { fallback, expected, parse } = ROWS[field];
    let value = parse(fallback);
    // What the environment overrules is judged all the same: one day it is not there.
    for (const { text, place } of givenFor(ROWS[field], environment, file)) {
      value = parse(text);
      if (value === undefined) problems.push(`${place}=${text} is not ${expected}`);
    }
    config[field] = value === ABSENT ? undefined : value;
  }
  // Without a problem every field went through its own row's parser.
  return problems.length > 0 ? { ok: false, problems } : { ok: true, config: config as unknown as AgentConfig };
}

/** What is set for it, the weaker first. */
function givenFor(setting: Setting, environment: Environment, file: SettingsFile) {
  const key = fileKeyOf(setting);
  const entry = file.entries.get(key);
  return [
    { text: entry?.text ?? "", place: `${entry?.place}: ${key}` },
    { text: environment[setting.name] ?? "", place: setting.name },
  ].filter(({ text }) => text !== "");
}

/** An environment holds much that is not ours, so only a name that is almost a setting's is refused. */
function misspelt(environment: Environment): string[] {
  const names = SETTINGS.map((setting) => setting.name);
  return Object.keys(environment).flatMap((given) => {
    if (names.includes(given) || !/^(ARCTIC|API|CLUSTER|LOG|ALLOW)_/.test(given)) return [];
    const meant = names.find((name) => isAlmost(given, name));
    return meant === undefined ? [] : [`${given} is no setting: did you mean ${meant}?`];
  });
}

/** Two texts that one slip of the hand tells apart: a letter more, less, changed, or two swapped. */
function isAlmost(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const left = a.slice(start, a.length - end);
  const right = b.slice(start, b.length - end);
  return (left.length <= 1 && right.length <= 1) || (left.length === 2 && left === [...right].reverse().join(""));
}
