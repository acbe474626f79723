import type { PeerId } from "@arctic/core";
import { systemClock } from "../../clock.ts";
import { OPERATIONS, type Operation, TOKEN_PATH, tokenReplySchema } from "../operations.ts";
import type { ClusterEvent, Token } from "../schema.ts";
import { Connection } from "./connection.ts";
import { parseEndpoint } from "./endpoint.ts";
import { ApiError, ConnectionError, TlsMismatchError } from "./error.ts";
import { eventsIn } from "./event-stream.ts";
import type { Trust } from "./opening.ts";
import { jsonOf, problemOf } from "./reply.ts";
import { type Parts, pathOf } from "./request.ts";

/** How a caller is known. Secrets stay in memory and go to servers that `trust` accepts only. */
export type ClientAuth =
  | { readonly type: "none" }
  | { readonly type: "token"; readonly token: string }
  | { readonly type: "credentials"; readonly clientId: string; readonly clientSecret: string }
  | { readonly type: "recovery"; readonly token: string };

export interface ClientOptions {
  /** `https://host:port` or `host:port` (TLS), `http://` on loopback only; tried in order, the last that worked first. */
  readonly endpoints: readonly string[];
  /** Needed for every endpoint over TLS. */
  readonly trust?: Trust;
  readonly auth?: ClientAuth;
  /** Sends every call but bootstrap and token on to this peer (`X-Arctic-Peer`). */
  readonly peer?: PeerId;
  /** For one request, opening its connection included. 30 s where left out. */
  readonly timeoutMs?: number;
  /** Keeps the token of `credentials` beyond this client. In memory alone where left out. */
  readonly tokens?: TokenStore;
}

/** A token, and the Unix milliseconds from which on another one is asked for. */
export interface KeptToken {
  readonly value: Token;
  readonly renewAt: number;
}

/** Where a token stands between processes. It opens for up to an hour what the secret opens: keep it as safe. */
export interface TokenStore {
  read(): KeptToken | undefined;
  keep(token: KeptToken): void;
}

/** What goes with each call of one client over a session. */
export interface CallHeaders {
  /** The peer that answers, where it is not the one that is called. */
  readonly peer: PeerId | undefined;
  /** Names a write, so that sending it again does it once at most. */
  readonly idempotencyKey: string | undefined;
}

const TOKEN_MARGIN_MS = 30_000;

/** Endpoints, the one that worked last, and the token in memory. */
export class Session {
  readonly #options: ClientOptions;
  readonly #timeoutMs: number;
  #connections: Connection[];
  #token: KeptToken | undefined;

  constructor(options: ClientOptions) {
    if (options.endpoints.length === 0) throw new TypeError("a client needs at least one endpoint");
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#token = options.auth?.type === "credentials" ? options.tokens?.read() : undefined;
    this.#connections = options.endpoints.map(
      (text) => new Connection(parseEndpoint(text), options.trust, this.#timeoutMs),
    );
  }

  get currentEndpoint(): string {
    return this.#connections[0]?.endpoint.text ?? "";
  }

  async call(operation: Operation, parts: Parts, extra: CallHeaders): Promise<unknown> {
    const first = await this.#attempt(operation, parts, extra);
    const isStale = first.status === 401 && this.#options.auth?.type === "credentials" && operation.access !== "public";
    if (isStale) this.#token = undefined;
    const { status, text, endpoint } = isStale ? await this.#attempt(operation, parts, extra) : first;
    if (status !== operation.status) throw problemOf(endpoint, status, text);
    if (operation.reply === undefined) return undefined;
    const parsed = operation.reply.safeParse(jsonOf(endpoint, text));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw new ApiError(
      endpoint,
      status,
      "REPLY_MALFORMED",
      `the agent's reply has no valid ${issue?.path.join(".")}: ${issue?.message}`,
    );
  }

  /** Answers with the checks also where the peer is not ready (503). */
  async readiness(extra: CallHeaders) {
    const { status, text, endpoint } = await this.#attempt(OPERATIONS.getReady, {}, extra);
    if (status !== 200 && status !== 503) throw problemOf(endpoint, status, text);
    const parsed = OPERATIONS.getReady.reply.safeParse(jsonOf(endpoint, text));
    if (parsed.success) return parsed.data;
    throw problemOf(endpoint, status, text);
  }

  async text(path: string, extra: CallHeaders): Promise<string> {
    const headers = { ...(await this.#authHeaders()), ...headersOf(extra) };
    const { status, text, endpoint } = await this.#send("GET", path, headers, undefined);
    if (status !== 200) throw problemOf(endpoint, status, text);
    return text;
  }

  /** A token for the credentials, from memory or the store while it lasts. */
  async token(): Promise<Token> {
    const { auth } = this.#options;
    if (auth?.type !== "credentials") throw new TypeError("a token needs a client id and its secret");
    if (this.#token !== undefined && systemClock.now() < this.#token.renewAt) return this.#token.value;
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: auth.clientId,
      client_secret: auth.clientSecret,
    });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const { status, text, endpoint } = await this.#send("POST", TOKEN_PATH, headers, form.toString(), true);
    if (status !== 200) throw problemOf(endpoint, status, text);
    const parsed = tokenReplySchema.safeParse(jsonOf(endpoint, text));
    if (!parsed.success)
      throw new ApiError(endpoint, status, "REPLY_MALFORMED", "the agent's token reply is malformed");
    this.#token = { value: parsed.data, renewAt: systemClock.now() + parsed.data.expires_in * 1000 - TOKEN_MARGIN_MS };
    this.#options.tokens?.keep(this.#token);
    return parsed.data;
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  /** The events from the moment on at which the first one, `opened`, has come. Ends after `closed`, or when aborted. */
  async *events(extra: CallHeaders, signal: AbortSignal | undefined): AsyncGenerator<ClusterEvent, void, undefined> {
    const headers = { ...(await this.#authHeaders()), ...headersOf(extra), accept: "text/event-stream" };
    const [connection] = this.#connections;
    if (connection === undefined) throw new TypeError("a client needs at least one endpoint");
    const wire = {
      method: "GET",
      path: OPERATIONS.getEvents.path,
      headers,
      body: undefined,
      timeoutMs: this.#timeoutMs,
      isRepeatable: true,
    };
    const stream = await connection.stream(wire, signal);
    const { endpoint } = connection;
    if (stream.status !== 200) throw problemOf(endpoint.text, stream.status, await stream.text());
    for await (const event of eventsIn(stream.chunks)) {
      yield event;
      if (event.type === "closed") return;
    }
    if (signal?.aborted !== true) throw new ConnectionError(endpoint.text, "the event stream was cut off", true);
  }

  async #attempt(operation: Operation, parts: Parts, extra: CallHeaders) {
    const isOpen = operation.access === "public" && extra.peer === undefined;
    const headers: Record<string, string> = isOpen ? {} : await this.#authHeaders();
    Object.assign(headers, headersOf(extra));
    const body = parts.body === undefined ? undefined : JSON.stringify(parts.body);
    if (body !== undefined) headers["content-type"] = "application/json";
    return this.#send(operation.method, pathOf(operation, parts), headers, body);
  }

  async #authHeaders(): Promise<Record<string, string>> {
    const auth = this.#options.auth ?? { type: "none" };
    switch (auth.type) {
      case "none":
        return {};
      case "token":
        return { authorization: `Bearer ${auth.token}` };
      case "recovery":
        return { "x-arctic-recovery": auth.token };
      case "credentials":
        return { authorization: `Bearer ${(await this.token()).access_token}` };
    }
  }

  async #send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: string | undefined,
    isSafe = method === "GET",
  ) {
    const failures: (ConnectionError | TlsMismatchError)[] = [];
    for (const connection of [...this.#connections]) {
      try {
        const wire = { method, path, headers, body, timeoutMs: this.#timeoutMs, isRepeatable: isSafe };
        const reply = await connection.send(wire);
        this.#connections = [connection, ...this.#connections.filter((other) => other !== connection)];
        return { ...reply, endpoint: connection.endpoint.text };
      } catch (error) {
        if (!(error instanceof ConnectionError || error instanceof TlsMismatchError)) throw error;
        failures.push(error);
        if (error instanceof ConnectionError && error.wasSent && !isSafe) throw error;
      }
    }
    throw summaryOf(failures);
  }
}

function headersOf({ peer, idempotencyKey }: CallHeaders): Record<string, string> {
  return {
    ...(peer === undefined ? {} : { "x-arctic-peer": peer }),
    ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
  };
}

/** One failure as it is; several as one that names them all. A wrong certificate weighs more than silence. */
function summaryOf(failures: readonly (ConnectionError | TlsMismatchError)[]): Error {
  const mismatch = failures.find((failure) => failure instanceof TlsMismatchError);
  const [first] = failures;
  if (mismatch !== undefined) return mismatch;
  if (first === undefined) return new Error("no endpoint was tried");
  if (failures.length === 1) return first;
  const rest = failures.slice(1).map((failure) => failure.message);
  return new ConnectionError(
    first.endpoint,
    [first.message.slice(first.endpoint.length + 2), ...rest].join("; "),
    false,
  );
}
