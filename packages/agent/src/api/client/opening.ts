import { readFileSync } from "node:fs";
import { isIP, type Socket, connect as tcpConnect } from "node:net";
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from "node:tls";
import { systemClock } from "../../clock.ts";
import { type Endpoint, parseEndpoint } from "./endpoint.ts";
import { ConnectionError, reasonOf, TlsMismatchError } from "./error.ts";

/** By what a server is known over TLS: the SHA-256 of its certificate, or an authority's certificates in a file. */
export type Trust =
  | { readonly type: "fingerprints"; readonly sha256: readonly string[] }
  | { readonly type: "ca_file"; readonly path: string };

/** What an opening comes to: a connection that was judged and found good, or why there is none. */
export type Opened = (outcome: Socket | Error) => void;

/** SHA-256 of the certificate that a server shows, lower-case hex. Sends nothing beyond the TLS handshake. */
export function fetchTlsFingerprint(endpoint: string, timeoutMs: number): Promise<string> {
  const parsed = parseEndpoint(endpoint);
  if (!parsed.isTls) throw new TypeError(`${endpoint} is plain HTTP, which shows no certificate`);
  return new Promise((resolve, reject) => {
    const socket = openTls(parsed, {}, timeoutMs, (error) => {
      if (error !== undefined) return reject(error);
      const fingerprint = fingerprintOf(socket);
      socket.destroy();
      resolve(fingerprint);
    });
  });
}

/** Opens a connection and judges it by `trust`; nothing of a request is sent on one that is not trusted. */
export function openSocket(endpoint: Endpoint, trust: Trust | undefined, timeoutMs: number, opened: Opened): void {
  if (!endpoint.isTls) {
    const socket = tcpConnect({ host: endpoint.host, port: endpoint.port, noDelay: true });
    once(socket, "connect", endpoint, timeoutMs, (error) => opened(error ?? socket));
  } else if (trust === undefined) {
    opened(new ConnectionError(endpoint.text, "there is no fingerprint or CA to know the server by", false));
  } else if (trust.type === "ca_file") {
    const options = { ca: readFileSync(trust.path), rejectUnauthorized: true };
    const socket = openTls(endpoint, options, timeoutMs, (error) => opened(error ?? socket));
  } else {
    const socket = openTls(endpoint, {}, timeoutMs, (error) => opened(error ?? pinned(socket, endpoint, trust.sha256)));
  }
}

function pinned(socket: TLSSocket, endpoint: Endpoint, sha256: readonly string[]): Socket | Error {
  const fingerprint = fingerprintOf(socket);
  if (sha256.includes(fingerprint)) return socket;
  socket.destroy();
  return new TlsMismatchError(endpoint.text, fingerprint);
}

function openTls(
  endpoint: Endpoint,
  options: ConnectionOptions,
  timeoutMs: number,
  callback: (error: Error | undefined) => void,
): TLSSocket {
  const socket = tlsConnect({
    host: endpoint.host,
    port: endpoint.port,
    minVersion: "TLSv1.3",
    rejectUnauthorized: false,
    // No authority but those in `options`; Node would parse its hundred and more otherwise.
    ca: [],
    ...(isIP(endpoint.host) === 0 ? { servername: endpoint.host } : {}),
    ...options,
  });
  socket.setNoDelay(true);
  once(socket, "secureConnect", endpoint, timeoutMs, callback);
  return socket;
}

/** Calls back once: on the event, the first error, the other side's close, or after the timeout. */
function once(
  socket: Socket,
  event: "connect" | "secureConnect",
  endpoint: Endpoint,
  timeoutMs: number,
  callback: (error: Error | undefined) => void,
): void {
  const settle = (error?: Error) => {
    cancel();
    socket.removeListener(event, onOpen);
    socket.removeListener("error", onError);
    socket.removeListener("close", onClose);
    if (error !== undefined) {
      socket.on("error", () => undefined);
      socket.destroy();
    }
    callback(error);
  };
  const failed = (reason: string) => settle(new ConnectionError(endpoint.text, reason, false));
  const onOpen = () => settle();
  const onError = (error: Error) => failed(reasonOf(error));
  const onClose = () => failed("the connection was closed during its opening");
  const cancel = systemClock.after(timeoutMs, () => failed(`no connection within ${timeoutMs} ms`));
  socket.once(event, onOpen).once("error", onError).once("close", onClose);
}

function fingerprintOf(socket: TLSSocket): string {
  return (socket.getPeerX509Certificate()?.fingerprint256 ?? "").replaceAll(":", "").toLowerCase();
}
