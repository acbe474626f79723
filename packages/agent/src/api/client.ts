import type { ClientId, PeerId, ServiceId } from "@arctic/core";
import { allPages } from "./client/reply.ts";
import type { Parts } from "./client/request.ts";
import { type CallHeaders, type ClientOptions, Session } from "./client/session.ts";
import { type BodyOf, OPERATIONS, type OperationName, type QueryOf, type ReplyOf } from "./operations.ts";
import type { ClusterEvent, Credential, Peer, Service } from "./schema.ts";

export { isLoopbackHost, parseEndpoint } from "./client/endpoint.ts";
export { ApiError, ConnectionError, TlsMismatchError } from "./client/error.ts";
export { fetchTlsFingerprint, type Trust } from "./client/opening.ts";
export type { ClientAuth, ClientOptions, KeptToken, TokenStore } from "./client/session.ts";
export type {
  AddPeer,
  Bootstrap,
  Bootstrapped,
  ClusterCredentials,
  ClusterEvent,
  ClusterIdentity,
  ClusterStatus,
  CreateCredential,
  CreatedCredential,
  CreateService,
  Credential,
  DeletedPeer,
  InitCluster,
  InitiatedCluster,
  LicenseReply,
  Peer,
  ProblemCode,
  Readiness,
  Rotated,
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

/**
 * The API, one method a route. Methods throw ApiError (the agent refused), ConnectionError (no answer) or
 * TlsMismatchError (another server answered). Safe calls go on to the next endpoint when one does not answer;
 * a write does so only while nothing of it was sent.
 */
export type Client = ReturnType<typeof createClient>;

export function createClient(options: ClientOptions) {
  return clientOver(new Session(options), { peer: options.peer, idempotencyKey: undefined });
}

function clientOver(session: Session, extra: CallHeaders) {
  const call = <N extends OperationName>(name: N, parts: Parts = {}): Promise<ReplyOf<N>> =>
    session.call(OPERATIONS[name], parts, NEVER_RELAYED.has(name) ? { ...extra, peer: undefined } : extra) as Promise<
      ReplyOf<N>
    >;

  return {
    getLive: () => call("getLive"),
    /** Answers with the checks also where the peer is not ready (503). */
    getReady: () => session.readiness(extra),
    /** Prometheus text. */
    getMetrics: () => session.text("/metrics", extra),
    getToken: () => session.token(),
    getDiscovery: () => call("getDiscovery"),
    getJwks: () => call("getJwks"),
    bootstrap: (body: BodyOf<"bootstrap">) => call("bootstrap", { body }),

    /** Opens the door for a first contact again, for an hour. */
    reopen: (body: BodyOf<"reopen"> = {}) => call("reopen", { body }),

    getLicense: () => call("getLicense"),
    /** Puts in a successor of the license that holds; the same one again changes nothing. */
    putLicense: (license: object) => call("putLicense", { body: { license } }),

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
    /** Revokes a peer; names whom it brought in and which clients it made, and revokes those too where asked. */
    deletePeer: (peerId: PeerId, query: QueryOf<"deletePeer"> = {}) =>
      call("deletePeer", { params: { peer_id: peerId }, query }),
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

    listCredentials: (query: QueryOf<"listCredentials"> = {}) => call("listCredentials", { query }),
    /** All pages of `listCredentials`. */
    allCredentials: (query: QueryOf<"listCredentials"> = {}): Promise<Credential[]> =>
      allPages(
        (cursor) => call("listCredentials", { query: { ...query, ...cursor } }),
        (page) => page.credentials,
      ),
    /** The reply alone holds the secret. */
    createCredential: (body: BodyOf<"createCredential"> = {}) => call("createCredential", { body }),
    deleteCredential: (clientId: ClientId) => call("deleteCredential", { params: { client_id: clientId } }),

    getIdentity: () => call("getIdentity"),
    getStatus: () => call("getStatus"),
    initCluster: (body: BodyOf<"initCluster"> = {}) => call("initCluster", { body }),
    sync: () => call("sync"),
    getClusterCredentials: () => call("getClusterCredentials"),
    /** The reply alone holds the new secret; the one before works for another 24 hours. */
    rotateClusterCredentials: () => call("rotateClusterCredentials"),

    /** Changes from now on, `opened` first. Throws ConnectionError when cut off; nothing is replayed after that. */
    events: (options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<ClusterEvent, void, undefined> =>
      session.events(extra, options.signal),

    /** The same connections and token, with calls sent on to another peer. */
    viaPeer: (other: PeerId | undefined) => clientOver(session, { ...extra, peer: other }),
    /** The same, with a name for the one write that follows: sent again under it, it is done once at most. 16 to 64 letters, digits, _ and -. */
    withIdempotencyKey: (key: string) => clientOver(session, { ...extra, idempotencyKey: key }),
    /** The endpoint that answered last. */
    currentEndpoint: () => session.currentEndpoint,
    close: () => session.close(),
  };
}

/** A host that is no peer yet is reached by itself alone; keys and discovery are the same everywhere. */
const NEVER_RELAYED: ReadonlySet<OperationName> = new Set(["bootstrap", "getDiscovery", "getJwks"]);
