import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Agent, type IncomingMessage, request } from "node:http";
import { isIP, type Socket, connect as tcpConnect } from "node:net";
import { Duplex } from "node:stream";
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from "node:tls";
import { systemClock } from "../../clock.ts";
import { type Endpoint, parseEndpoint } from "./endpoint.ts";
import { ConnectionError, TlsMismatchError } from "./error.ts";

/** By what a server is known over TLS: the SHA-256 of its certificate, or an authority's certificates in a file. */
export type Trust =
  | { readonly type: "fingerprints"; readonly sha256: readonly string[] }
  | { readonly type: "ca_file"; readonly path: string };

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly timeoutMs: number;
}

export interface WireReply {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** Replies beyond this are cut off with an error. */
const MAX_REPLY_BYTES = 32 * 1024 * 1024;

/**
 * Connections to one agent. Each is checked against `trust` after the TLS handshake and before the first byte of a
 * request, so that no secret reaches a server that is not the agent.
 */
export class Connection {
  readonly endpoint: Endpoint;
  readonly #kept: Agent;
  readonly #single: Agent;

  constructor(endpoint: Endpoint, trust: Trust | undefined, connectTimeoutMs: number) {
    this.endpoint = endpoint;
    const open = (opened: Opened) => openSocket(endpoint, trust, connectTimeoutMs, opened);
    this.#kept = new CheckedAgent(open, true);
    this.#single = new CheckedAgent(open, false);
  }

  /**
   * Throws ConnectionError or TlsMismatchError. A kept connection may have died unseen, which leaves open whether a
   * request on it was heard: reads are sent again on a new one, and writes never use a kept one.
   */
  async send(wire: WireRequest): Promise<WireReply> {
    if (wire.method !== "GET") return this.#sendOver(this.#single, wire);
    try {
      return await this.#sendOver(this.#kept, wire);
    } catch (error) {
      if (error instanceof StaleConnectionError) return this.#sendOver(this.#single, wire);
      throw error;
    }
  }

  close(): void {
    this.#kept.destroy();
    this.#single.destroy();
  }

  #sendOver(agent: Agent, wire: WireRequest): Promise<WireReply> {
    const { endpoint } = this;
    return new Promise((resolve, reject) => {
      let wasSent = false;
      const outgoing = request({
        agent,
        method: wire.method,
        path: wire.path,
        headers: { host: hostHeader(endpoint), ...bodyHeaders(wire.body), ...wire.headers },
      });
      const cancel = systemClock.after(wire.timeoutMs, () => {
        fail(`no answer within ${wire.timeoutMs} ms`);
        outgoing.destroy();
      });
      const fail = (reason: string) => {
        cancel();
        reject(new ConnectionError(endpoint.text, reason, wasSent));
      };
      outgoing.on("socket", () => {
        wasSent = true;
      });
      outgoing.on("error", (error) => {
        cancel();
        if (error instanceof TlsMismatchError) reject(error);
        else if (outgoing.reusedSocket) reject(new StaleConnectionError(endpoint.text, reasonOf(error), wasSent));
        else fail(reasonOf(error));
      });
      outgoing.on("response", (incoming) => {
        readText(incoming).then(
          (text) => {
            cancel();
            resolve({ status: incoming.statusCode ?? 0, contentType: incoming.headers["content-type"] ?? "", text });
          },
          (error) => fail(reasonOf(error)),
        );
      });
      outgoing.end(wire.body);
    });
  }
}

/** A kept connection ended before it brought an answer. */
class StaleConnectionError extends ConnectionError {}

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

/** What an opening comes to: a connection that was judged and found good, or why there is none. */
type Opened = (outcome: Socket | Error) => void;

/** Node's agent takes a socket by callback, so a connection can be judged before a request is written to it. */
class CheckedAgent extends Agent {
  readonly #open: (opened: Opened) => void;

  constructor(open: (opened: Opened) => void, keepAlive: boolean) {
    super({ keepAlive, maxSockets: 8 });
    this.#open = open;
  }

  override createConnection(_options: unknown, callback?: (error: Error | null, stream: Duplex) => void): undefined {
    this.#open((outcome) => {
      // Node's types ask for a stream beside an error, which it then ignores.
      if (outcome instanceof Error) callback?.(outcome, new Duplex());
      else callback?.(null, outcome);
    });
    return undefined;
  }
}

function openSocket(endpoint: Endpoint, trust: Trust | undefined, timeoutMs: number, opened: Opened): void {
  if (!endpoint.isTls) {
    const socket = tcpConnect({ host: endpoint.host, port: endpoint.port });
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
    ...(isIP(endpoint.host) === 0 ? { servername: endpoint.host } : {}),
    ...options,
  });
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
  return createHash("sha256").update(socket.getPeerCertificate().raw).digest("hex");
}

async function readText(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    length += chunk.length;
    if (length > MAX_REPLY_BYTES) throw new Error("the reply is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function bodyHeaders(body: string | undefined): Record<string, string> {
  return body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
}

function hostHeader(endpoint: Endpoint): string {
  return `${endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ECONNREFUSED") return "nothing listens there (connection refused)";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "the host name does not resolve";
  if (code === "ECONNRESET") return "the connection was reset";
  return error.message;
}
