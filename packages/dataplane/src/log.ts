import pino from "pino";

export type Log = pino.Logger;

export interface LogOptions {
  readonly format: "json" | "text";
  readonly level: "debug" | "info" | "warn" | "error";
  /** Where lines go, each with its end; standard output when absent. */
  readonly write?: (line: string) => void;
}

/** One line an event; the message is the event's name. Nothing secret is handed to it: keys stay in the tunnel and Pegasus. */
export function createLog({ format, level, write = writeToStdout }: LogOptions): Log {
  const settings: pino.LoggerOptions = {
    level,
    base: null,
    messageKey: "event",
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  return pino(settings, { write: (line) => write(format === "json" ? line : textLine(line)) });
}

const writeToStdout = (line: string): void => {
  process.stdout.write(line);
};

/** `12:00:00.000Z info plan_applied services=2 peers=1` */
function textLine(json: string): string {
  const { time, level, event, ...rest } = JSON.parse(json) as Record<string, unknown>;
  const fields = Object.entries(rest).map(
    ([key, value]) =>
      `${key}=${typeof value === "string" || typeof value === "object" ? JSON.stringify(value) : String(value)}`,
  );
  return `${[String(time).slice(11), level, event, ...fields].join(" ")}\n`;
}

/** Tells of each line or transaction that was run, and of what was refused. */
export const commandLogger = (log: Log) => (kind: string, text: string, error: string | undefined) => {
  if (error === undefined) log.debug({ kind, text }, "kernel_changed");
  else log.warn({ kind, text, error }, "kernel_refused");
};
