import { environmentOf } from "./environment.ts";
import { EXIT, Failure, usageFailure } from "./failure.ts";

/** Every error that a command ends with, as a failure. Errors of the API's client are told by `ClientFailures`. */
export function failureFromError(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof Error)) return new Failure(EXIT.general, "INTERNAL", `internal error: ${String(error)}`);
  if (isParseError(error)) return usageFailure(lowerFirst(firstParagraph(error.message)), "--help shows the usage.");
  const stack = environmentOf().isDebugging ? error.stack : undefined;
  return new Failure(EXIT.general, "INTERNAL", `internal error: ${error.message}`, {
    next: stack ?? "This is a bug in arctic. ARCTIC_DEBUG=1 shows where it happened.",
  });
}

/** What oclif throws for a line that does not fit the command's flags and arguments. */
function isParseError(error: Error): boolean {
  return "oclif" in error;
}

function firstParagraph(message: string): string {
  return message.replace(/\nSee more help with --help$/, "").trim();
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
