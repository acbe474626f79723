/** The agent answered and refused. `code` is one of the API's codes, or text that this client does not know. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string;
  readonly details: unknown;
  readonly endpoint: string;

  constructor(endpoint: string, status: number, code: string, message: string, details?: unknown) {
    super(message);
    this.endpoint = endpoint;
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/** No answer came. `wasSent` says whether the agent may have acted on the request all the same. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly endpoint: string;
  readonly wasSent: boolean;

  constructor(endpoint: string, message: string, wasSent: boolean) {
    super(`${endpoint}: ${message}`);
    this.endpoint = endpoint;
    this.wasSent = wasSent;
  }
}

/** Who answered does not hold the pinned certificate; nothing of the request was sent. */
export class TlsMismatchError extends Error {
  override readonly name = "TlsMismatchError";
  readonly endpoint: string;
  /** SHA-256 of the certificate that was shown, lower-case hex. */
  readonly fingerprint: string;

  constructor(endpoint: string, fingerprint: string) {
    super(
      `${endpoint} shows a certificate that is not one of the pinned ones (SHA-256 ${fingerprint}); nothing was sent`,
    );
    this.endpoint = endpoint;
    this.fingerprint = fingerprint;
  }
}

/** What went wrong on a connection, for a person. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ECONNREFUSED") return "nothing listens there (connection refused)";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "the host name does not resolve";
  if (code === "ECONNRESET") return "the connection was reset";
  return error.message;
}
