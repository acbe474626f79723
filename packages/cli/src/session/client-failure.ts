import { ApiError, ConnectionError, TlsMismatchError } from "@arctic/agent/client";
import { EXIT, Failure } from "../failure.ts";

/** What the API's client throws, with its exit code and the next step. Other errors are handed back as they are. */
export function failureFromClient(error: unknown): unknown {
  if (error instanceof ConnectionError) {
    return new Failure(EXIT.connection, "CONNECTION", `${error.message}.`, {
      next: error.wasSent
        ? "The request was sent, so the agent may have acted on it: look before you repeat it."
        : "Is the agent running there, and may this host reach it? arctic health --url … asks it.",
    });
  }
  if (error instanceof TlsMismatchError) {
    return new Failure(EXIT.connection, "TLS_FINGERPRINT", `${error.message}.`, {
      next:
        "Something may stand between this host and the agent. If the agent was made anew, compare with what its host " +
        "says (arctic cluster identity there) and pass that with --tls-fingerprint.",
    });
  }
  if (error instanceof ApiError) {
    return new Failure(exitCodeOf(error), error.code, `${sentence(error.message)} (${error.code}, ${error.endpoint})`, {
      next: nextSteps[error.code],
      details: error.details,
    });
  }
  return error;
}

const nextSteps: Readonly<Record<string, string | undefined>> = {
  UNAUTHORIZED:
    "Is it the right cluster? arctic config view shows it; --token or --recovery-token-file replaces its client.",
  TOKEN_EXPIRED: "Get a new token, or leave --token out and let the configured client get one.",
  FORBIDDEN: "The client lacks the scope for this.",
  API_INTERNAL_ONLY: "Send it through another member: --url of that one, and --peer to name this one.",
  NOT_BOOTSTRAPPED: "Bootstrap it first: arctic bootstrap --url … --license-file …",
  ALREADY_BOOTSTRAPPED: "It is a peer already: arctic cluster identity --url … shows which.",
  HANDSHAKE_FAILED:
    "A fresh peer accepts its first contact for one hour after its bootstrap, and only with the key that --accept-key named.",
  LICENSE_MISMATCH: "Both hosts need a license of the same customer.",
  LICENSE_EXPIRED: "Renew it: arctic license renew, then arctic license update.",
  CANNOT_REVOKE_CURRENT:
    "Revoke it as another client, or give the shared client a new secret: arctic credentials rotate.",
  REPLY_MALFORMED: "Does a proxy stand between, or does something else listen there? --url names the agent itself.",
  STORAGE_FULL: "Make room on that host. Nothing was changed.",
  NODE_LIMIT_EXCEEDED: "Renew the license with a higher --max-nodes.",
  SERVICE_LIMIT_EXCEEDED: "Renew the license with a higher --max-services.",
  PEER_UNREACHABLE: "arctic cluster status shows who sees whom. Nothing was changed.",
  OUTCOME_UNKNOWN: "It may have happened: look before you repeat it.",
  RATE_LIMITED: "Wait a minute.",
};

function exitCodeOf(error: ApiError) {
  // No agent answers so: a proxy between, or another server.
  if (error.code === "REPLY_MALFORMED") return EXIT.connection;
  return error.status === 401 || error.status === 403 ? EXIT.authentication : EXIT.general;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
