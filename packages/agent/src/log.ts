import { type Logger as PinoLogger, pino } from "pino";
import { hideSecrets } from "./hide-secrets.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** One line an event. `event` is its one name; fields are snake_case and never hold a secret. */
export interface Log {
  debug(event: string, fields?: Readonly<Record<string, unknown>>): void;
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface LogOptions {
  readonly format: "json" | "text";
  readonly level: LogLevel;
  /** Takes each finished line, its newline included. */
  readonly write: (line: string) => void;
}

/** A log whose level can be set while it is in use. */
export interface AdjustableLog extends Log {
  setLevel(level: LogLevel): void;
}

export function createLog(options: LogOptions): AdjustableLog {
  const write = (line: string) => {
    const safe = hideSecrets(line);
    options.write(options.format === "json" ? safe : textFromLine(safe));
  };
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // The last line of defence: these names hold secrets wherever they appear.
      redact: { paths: SECRET_PATHS, censor: "[hidden]" },
    },
    { write },
  );
  return {
    debug: (event, fields) => logAt(logger, "debug", event, fields),
    info: (event, fields) => logAt(logger, "info", event, fields),
    warn: (event, fields) => logAt(logger, "warn", event, fields),
    error: (event, fields) => logAt(logger, "error", event, fields),
    setLevel: (level) => {
      logger.level = level;
    },
  };
}

export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

const SECRET_NAMES = ["client_secret", "access_token", "authorization", "token", "secret", "secret_key", "private_key"];
const SECRET_PATHS = SECRET_NAMES.flatMap((name) => [name, `*.${name}`]);

function logAt(
  logger: PinoLogger,
  level: LogLevel,
  event: string,
  fields: Readonly<Record<string, unknown>> = {},
): void {
  logger[level]({ event, ...fields });
}

/** `time LEVEL event key=value …`, for a person at a terminal. */
function textFromLine(line: string): string {
  const { level, time, event, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const rest = Object.entries(fields).map(
    ([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return `${[time, String(level).toUpperCase().padEnd(5), event, ...rest].join(" ").replace(/[\r\n]+/g, " ")}\n`;
}
