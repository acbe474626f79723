/** What the shell is told. `diff` uses 2 for "different" besides. */
export const EXIT = {
  ok: 0,
  general: 1,
  usage: 2,
  configuration: 3,
  connection: 4,
  authentication: 5,
  partial: 6,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A failure that a person can act on: what happened to which thing, and what to do next. Holds no secret. */
export class Failure extends Error {
  readonly exitCode: ExitCode;
  /** Upper snake case, as the API's codes. */
  readonly code: string;
  readonly next: string | undefined;
  readonly details: unknown;

  constructor(
    exitCode: ExitCode,
    code: string,
    message: string,
    more: { next?: string | undefined; details?: unknown } = {},
  ) {
    super(message);
    this.name = "Failure";
    this.exitCode = exitCode;
    this.code = code;
    this.next = more.next;
    this.details = more.details;
  }
}

export function usageFailure(message: string, next?: string): Failure {
  return new Failure(EXIT.usage, "USAGE", message, { next });
}

export function configFailure(message: string, next?: string): Failure {
  return new Failure(EXIT.configuration, "CONFIGURATION", message, { next });
}

/** The failure as a person reads it on stderr. */
export function failureText(failure: Failure): string {
  return failure.next === undefined ? `arctic: ${failure.message}` : `arctic: ${failure.message}\n  ${failure.next}`;
}

/** The failure as a program reads it on stderr. */
export function failureJson(failure: Failure): string {
  const { message, code, next, details } = failure;
  return JSON.stringify({
    error: message,
    code,
    ...(next === undefined ? {} : { next }),
    ...(details === undefined ? {} : { details }),
  });
}
