import { Agent, type AgentOptions, type IncomingMessage, request } from "node:http";
import { Duplex } from "node:stream";
import { systemClock } from "../../clock.ts";
import type { Endpoint } from "./endpoint.ts";
import { ConnectionError, reasonOf, TlsMismatchError } from "./error.ts";
import { type Opened, openSocket, type Trust } from "./opening.ts";

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly timeoutMs: number;
  /** Whether it may be sent twice where the first sending is in doubt. */
  readonly isRepeatable: boolean;
}

export interface WireReply {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** A reply whose body has not ended. */
export interface WireStream {
  readonly status: number;
  /** The whole body, where it is one that ends. */
  readonly text: () => Promise<string>;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** An event stream is never silent for longer: it sends a heartbeat every 15 s. */
const SILENT_MS = 45_000;

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
  /** Streams last, so they take no place that calls wait for. */
  readonly #streaming: Agent;

  constructor(endpoint: Endpoint, trust: Trust | undefined, connectTimeoutMs: number) {
    this.endpoint = endpoint;
    const open = (opened: Opened) => openSocket(endpoint, trust, connectTimeoutMs, opened);
    this.#kept = new CheckedAgent(open, { keepAlive: true, maxSockets: 8 });
    this.#single = new CheckedAgent(open, { keepAlive: false, maxSockets: 8 });
    this.#streaming = new CheckedAgent(open, { keepAlive: false });
  }

  /**
   * Throws ConnectionError or TlsMismatchError. A kept connection may have died unseen, which leaves open whether a
   * request on it was heard: what may be repeated is sent again on a new one, and nothing else uses a kept one.
   */
  async send(wire: WireRequest): Promise<WireReply> {
    if (!wire.isRepeatable) return this.#sendOver(this.#single, wire);
    try {
      return await this.#sendOver(this.#kept, wire);
    } catch (error) {
      if (error instanceof StaleConnectionError) return this.#sendOver(this.#single, wire);
      throw error;
    }
  }

  /**
   * Sends the request and hands the reply over as it comes, for as long as it comes. Throws ConnectionError or
   * TlsMismatchError; the chunks throw ConnectionError where nothing comes for 45 s.
   */
  stream(wire: WireRequest, signal: AbortSignal | undefined): Promise<WireStream> {
    const { endpoint } = this;
    return new Promise((resolve, reject) => {
      const outgoing = this.#request(this.#streaming, wire, signal);
      const cancel = systemClock.after(wire.timeoutMs, () => outgoing.destroy(new Error(lateAfter(wire.timeoutMs))));
      outgoing.on("error", (error) => {
        cancel();
        const isTold = error instanceof TlsMismatchError || error instanceof ConnectionError;
        reject(isTold ? error : new ConnectionError(endpoint.text, reasonOf(error), false));
      });
      outgoing.on("response", (incoming) => {
        cancel();
        resolve({
          status: incoming.statusCode ?? 0,
          text: () => readText(incoming),
          chunks: chunksOf(incoming, endpoint, signal),
        });
      });
      outgoing.end();
    });
  }

  close(): void {
    this.#kept.destroy();
    this.#single.destroy();
    this.#streaming.destroy();
  }

  #request(agent: Agent, wire: WireRequest, signal: AbortSignal | undefined) {
    return request({
      agent,
      method: wire.method,
      path: wire.path,
      headers: { host: hostHeader(this.endpoint), ...bodyHeaders(wire.body), ...wire.headers },
      ...(signal === undefined ? {} : { signal }),
    });
  }

  #sendOver(agent: Agent, wire: WireRequest): Promise<WireReply> {
    const { endpoint } = this;
    return new Promise((resolve, reject) => {
      let wasSent = false;
      const outgoing = this.#request(agent, wire, undefined);
      const cancel = systemClock.after(wire.timeoutMs, () => {
        fail(lateAfter(wire.timeoutMs));
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
        // What was found while the connection was opened is told as it is.
        if (error instanceof TlsMismatchError || error instanceof ConnectionError) reject(error);
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

/** Node's agent takes a socket by callback, so a connection can be judged before a request is written to it. */
class CheckedAgent extends Agent {
  readonly #open: (opened: Opened) => void;

  constructor(open: (opened: Opened) => void, options: AgentOptions) {
    super(options);
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

/** By events: an async iterator over a stream takes Node a millisecond to make ready, which a short command notices. */
function readText(incoming: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    incoming.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > MAX_REPLY_BYTES) incoming.destroy(new Error("the reply is too large"));
      chunks.push(chunk);
    });
    incoming.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    incoming.on("error", reject);
    incoming.on("close", () => reject(new Error("the connection was closed in the middle of the reply")));
  });
}

/** The body as it comes. Ends quietly when aborted. */
async function* chunksOf(
  incoming: IncomingMessage,
  endpoint: Endpoint,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const watch = () =>
    systemClock.after(SILENT_MS, () => incoming.destroy(new Error(`nothing was heard for ${SILENT_MS / 1000} s`)));
  let cancel = watch();
  try {
    for await (const chunk of incoming) {
      cancel();
      cancel = watch();
      yield chunk as Uint8Array;
    }
  } catch (error) {
    if (signal?.aborted !== true) throw new ConnectionError(endpoint.text, reasonOf(error), true);
  } finally {
    cancel();
    incoming.destroy();
  }
}

function lateAfter(timeoutMs: number): string {
  return `no answer within ${timeoutMs} ms`;
}

function bodyHeaders(body: string | undefined): Record<string, string> {
  return body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
}

function hostHeader(endpoint: Endpoint): string {
  return `${endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
}
