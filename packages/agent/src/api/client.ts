import type { PeerId, ServiceId } from "@arctic/core";
import { systemClock } from "../clock.ts";
import { Connection, type Trust } from "./client/connection.ts";
import { parseEndpoint } from "./client/endpoint.ts";
import { ApiError, ConnectionError, TlsMismatchError } from "./client/error.ts";
import { type Parts, pathOf } from "./client/request.ts";
import {
  type BodyOf,
  OPERATIONS,
  type Operation,
  type OperationName,
  type QueryOf,
  type ReplyOf,
  TOKEN_PATH,
  tokenReplySchema,
} from "./operations.ts";
import { type Peer, problemSchema, type Service, type Token } from "./schema.ts";

export { fetchTlsFingerprint, type Trust } from "./client/connection.ts";
export { isLoopbackHost, parseEndpoint } from "./client/endpoint.ts";
export { ApiError, ConnectionError, TlsMismatchError } from "./client/error.ts";
export type {
  AddPeer,
  Bootstrap,
  Bootstrapped,
  ClusterIdentity,
  ClusterStatus,
  CreateService,
  LicenseReply,
  Peer,
  ProblemCode,
  Readiness,
  Route,
  RouteInput,
  Service,
  Token,
  Traffic,
  UpdatePeer,
  UpdateService,
} from "./schema.ts";
export {
  addPeerSchema,
  createServiceSchema,
  PROBLEM_CODES,
  routeInputSchema,
  updatePeerSchema,
  updateServiceSchema,
} from "./schema.ts";
export { parseScope, SCOPES, type Scope, scopeName } from "./scope.ts";

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
  /** Sends every call but health, identity, bootstrap and token on to this peer (`X-Arctic-Peer`). */
  readonly peer?: PeerId;
  /** For one request, opening its connection included. 30 s where left out. */
  readonly timeoutMs?: number;
}

/**
 * The API, one method a route. Methods throw ApiError (the agent refused), ConnectionError (no answer) or
 * TlsMismatchError (another server answered). Safe calls go on to the next endpoint when one does not answer;
 * a write does so only while nothing of it was sent.
 */
export type Client = ReturnType<typeof createClient>;

export function createClient(options: ClientOptions) {
  return clientOver(new Session(options), options.peer);
}

function clientOver(session: Session, peer: PeerId | undefined) {
  const call = <N extends OperationName>(name: N, parts: Parts = {}): Promise<ReplyOf<N>> =>
    session.call(OPERATIONS[name], parts, RELAYED.has(name) ? peer : undefined) as Promise<ReplyOf<N>>;

  return {
    getLive: () => call("getLive"),
    /** Answers with the checks also where the peer is not ready (503). */
    getReady: () => session.readiness(),
    /** Prometheus text. */
    getMetrics: () => session.text("/metrics"),
    getToken: () => session.token(),
    bootstrap: (body: BodyOf<"bootstrap">) => call("bootstrap", { body }),
    getLicense: () => call("getLicense"),

    listPeers: (query: QueryOf<"listPeers"> = {}) => call("listPeers", { query }),
    /** All pages of `listPeers`. */
    allPeers: (query: QueryOf<"listPeers"> = {}): Promise<Peer[]> =>
      allPages(
        (cursor) => call("listPeers", { query: { ...query, ...cursor } }),
        (page) => page.peers,
      ),
    getPeer: (peerId: PeerId) => call("getPeer", { params: { peer_id: peerId } }),
    addPeer: (body: BodyOf<"addPeer">) => call("addPeer", { body }),
    updatePeer: (peerId: PeerId, body: BodyOf<"updatePeer">) =>
      call("updatePeer", { params: { peer_id: peerId }, body }),
    deletePeer: (peerId: PeerId) => call("deletePeer", { params: { peer_id: peerId } }),
    removeSelf: () => call("removeSelf"),

    listServices: (query: QueryOf<"listServices"> = {}) => call("listServices", { query }),
    /** All pages of `listServices`. */
    allServices: (query: QueryOf<"listServices"> = {}): Promise<Service[]> =>
      allPages(
        (cursor) => call("listServices", { query: { ...query, ...cursor } }),
        (page) => page.services,
      ),
    getService: (serviceId: ServiceId) => call("getService", { params: { service_id: serviceId } }),
    createService: (body: BodyOf<"createService">) => call("createService", { body }),
    updateService: (serviceId: ServiceId, body: BodyOf<"updateService">) =>
      call("updateService", { params: { service_id: serviceId }, body }),
    deleteService: (serviceId: ServiceId) => call("deleteService", { params: { service_id: serviceId } }),

    listRoutes: (serviceId: ServiceId) => call("listRoutes", { params: { service_id: serviceId } }),
    addRoutes: (serviceId: ServiceId, body: BodyOf<"addRoutes">) =>
      call("addRoutes", { params: { service_id: serviceId }, body }),
    updateRoute: (serviceId: ServiceId, routeId: number, body: BodyOf<"updateRoute">) =>
      call("updateRoute", { params: { service_id: serviceId, route_id: routeId }, body }),
    deleteRoute: (serviceId: ServiceId, routeId: number) =>
      call("deleteRoute", { params: { service_id: serviceId, route_id: routeId } }),

    getIdentity: () => call("getIdentity"),
    getStatus: () => call("getStatus"),
    sync: () => call("sync"),

    /** The same connections and token, with calls sent on to another peer. */
    viaPeer: (other: PeerId | undefined) => clientOver(session, other),
    /** The endpoint that answered last. */
    currentEndpoint: () => session.currentEndpoint,
    close: () => session.close(),
  };
}

/** Calls about the peer that answers, or that have to be answered before a relay could be. */
const RELAYED: ReadonlySet<OperationName> = new Set(
  (Object.keys(OPERATIONS) as OperationName[]).filter(
    (name) => !["getLive", "getReady", "getDiscovery", "getJwks", "bootstrap", "getIdentity"].includes(name),
  ),
);

const TOKEN_MARGIN_MS = 30_000;

/** Endpoints, the one that worked last, and the token in memory. */
class Session {
  readonly #options: ClientOptions;
  readonly #timeoutMs: number;
  #connections: Connection[];
  #token: { readonly value: Token; readonly renewAt: number } | undefined;

  constructor(options: ClientOptions) {
    if (options.endpoints.length === 0) throw new TypeError("a client needs at least one endpoint");
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#connections = options.endpoints.map(
      (text) => new Connection(parseEndpoint(text), options.trust, this.#timeoutMs),
    );
  }

  get currentEndpoint(): string {
    return this.#connections[0]?.endpoint.text ?? "";
  }

  async call(operation: Operation, parts: Parts, peer: PeerId | undefined): Promise<unknown> {
    const first = await this.#attempt(operation, parts, peer);
    const isStale = first.status === 401 && this.#options.auth?.type === "credentials" && operation.access !== "public";
    if (isStale) this.#token = undefined;
    const { status, text, endpoint } = isStale ? await this.#attempt(operation, parts, peer) : first;
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

  async readiness() {
    const { status, text, endpoint } = await this.#send("GET", OPERATIONS.getReady.path, {}, undefined);
    if (status !== 200 && status !== 503) throw problemOf(endpoint, status, text);
    const parsed = OPERATIONS.getReady.reply.safeParse(jsonOf(endpoint, text));
    if (parsed.success) return parsed.data;
    throw problemOf(endpoint, status, text);
  }

  async text(path: string): Promise<string> {
    const { status, text, endpoint } = await this.#send("GET", path, await this.#authHeaders(), undefined);
    if (status !== 200) throw problemOf(endpoint, status, text);
    return text;
  }

  /** A token for the credentials, from memory while it lasts. */
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
    return parsed.data;
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  async #attempt(operation: Operation, parts: Parts, peer: PeerId | undefined) {
    const headers: Record<string, string> = operation.access === "public" ? {} : await this.#authHeaders();
    if (peer !== undefined) headers["x-arctic-peer"] = peer;
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
        const reply = await connection.send({ method, path, headers, body, timeoutMs: this.#timeoutMs });
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

function problemOf(endpoint: string, status: number, text: string): ApiError {
  try {
    const parsed = problemSchema.safeParse(JSON.parse(text));
    if (parsed.success) {
      const { error, code, details, error_description } = parsed.data;
      const message = typeof error_description === "string" ? error_description : error;
      return new ApiError(endpoint, status, code, message, details);
    }
  } catch {
    // Not JSON: something else than an agent answered.
  }
  return new ApiError(
    endpoint,
    status,
    "REPLY_MALFORMED",
    `${endpoint} answered ${status} without an Arctic problem; is it an agent?`,
  );
}

function jsonOf(endpoint: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(endpoint, 200, "REPLY_MALFORMED", `${endpoint} did not answer with JSON; is it an agent?`);
  }
}

async function allPages<P extends { readonly next_cursor?: string | undefined }, T>(
  load: (cursor: { readonly cursor?: string }) => Promise<P>,
  itemsOf: (page: P) => readonly T[],
): Promise<T[]> {
  const items: T[] = [];
  let page = await load({});
  items.push(...itemsOf(page));
  while (page.next_cursor !== undefined) {
    page = await load({ cursor: page.next_cursor });
    items.push(...itemsOf(page));
  }
  return items;
}
