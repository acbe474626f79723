import * as z from "zod";
import { pageQuery, peerId, serviceId } from "./schema/fields.ts";
import {
  addedRoutesSchema,
  addPeerSchema,
  addRoutesSchema,
  bootstrappedSchema,
  bootstrapSchema,
  createServiceSchema,
  discoverySchema,
  identitySchema,
  jwksSchema,
  licenseReplySchema,
  liveSchema,
  peerListQuery,
  peerListSchema,
  peerSchema,
  readySchema,
  routeInputSchema,
  routeListSchema,
  routeSchema,
  serviceListQuery,
  serviceListSchema,
  serviceSchema,
  statusSchema,
  syncSchema,
  tokenSchema,
  updatePeerSchema,
  updateServiceSchema,
} from "./schema.ts";
import type { Scope } from "./scope.ts";

/** Who may call: nobody in particular, any valid token, a token with the scope, or the operation judges for itself. */
export type Access = "public" | "any_token" | "own_rule" | Scope;

/** One row of the API. `{name}` in the path is a parameter. */
export interface Operation {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly access: Access;
  /** Whether it is answered before the bootstrap. */
  readonly before: "always" | "bootstrapped";
  /** `write`: refused while the license is read-only or suspended. `lasting`: answered in every license state. */
  readonly effect: "read" | "write" | "lasting";
  readonly summary: string;
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  /** Of a JSON request body; `undefined` where there is none. */
  readonly body: z.ZodType | undefined;
  /** Of the reply's JSON body; `undefined` for 204. */
  readonly reply: z.ZodType | undefined;
  readonly status: 200 | 201 | 204;
}

const none = z.strictObject({});
const page = z.strictObject(pageQuery);
const onePeer = z.strictObject({ peer_id: peerId });
const oneService = z.strictObject({ service_id: serviceId });
const oneRoute = z.strictObject({ service_id: serviceId, route_id: z.coerce.number().int().min(1) });
const base = { params: none, query: none, body: undefined, status: 200, before: "bootstrapped" } as const;

/** The API as one table; server, client and OpenAPI are all read from it. */
export const OPERATIONS = {
  getLive: {
    ...base,
    method: "GET",
    path: "/livez",
    access: "public",
    before: "always",
    effect: "lasting",
    summary: "Whether the process runs",
    reply: liveSchema,
  },
  getReady: {
    ...base,
    method: "GET",
    path: "/readyz",
    access: "public",
    before: "always",
    effect: "lasting",
    summary: "Whether the peer can do its work, check by check; 503 when not",
    reply: readySchema,
  },
  getDiscovery: {
    ...base,
    method: "GET",
    path: "/.well-known/openid-configuration",
    access: "public",
    effect: "lasting",
    summary: "Where tokens are issued (RFC 8414)",
    reply: discoverySchema,
  },
  getJwks: {
    ...base,
    method: "GET",
    path: "/.well-known/jwks.json",
    access: "public",
    effect: "lasting",
    summary: "The keys of all members, by which tokens are verified",
    reply: jwksSchema,
  },
  bootstrap: {
    ...base,
    method: "POST",
    path: "/v1/bootstrap",
    access: "own_rule",
    before: "always",
    effect: "lasting",
    summary: "Makes this host a peer: identity, cluster id, shared client",
    body: bootstrapSchema,
    reply: bootstrappedSchema,
    status: 201,
  },
  getLicense: {
    ...base,
    method: "GET",
    path: "/v1/license",
    access: "any_token",
    effect: "lasting",
    summary: "The license document and its state",
    reply: licenseReplySchema,
  },
  listPeers: {
    ...base,
    method: "GET",
    path: "/v1/peers",
    access: "peers.read",
    effect: "read",
    summary: "All peers, ended ones included",
    query: peerListQuery,
    reply: peerListSchema,
  },
  getPeer: {
    ...base,
    method: "GET",
    path: "/v1/peers/{peer_id}",
    access: "peers.read",
    effect: "read",
    summary: "One peer",
    params: onePeer,
    reply: peerSchema,
  },
  addPeer: {
    ...base,
    method: "POST",
    path: "/v1/peers",
    access: "peers.write",
    effect: "write",
    summary: "Joins the peer at an address to this cluster",
    body: addPeerSchema,
    reply: peerSchema,
    status: 201,
  },
  updatePeer: {
    ...base,
    method: "PUT",
    path: "/v1/peers/{peer_id}",
    access: "peers.write",
    effect: "write",
    summary: "Changes what a peer says of itself; relayed to it",
    params: onePeer,
    body: updatePeerSchema,
    reply: peerSchema,
  },
  removeSelf: {
    ...base,
    method: "DELETE",
    path: "/v1/peers/self",
    access: "peers.write",
    effect: "lasting",
    summary: "Leaves the cluster; final for this peer's id",
    reply: undefined,
    status: 204,
  },
  deletePeer: {
    ...base,
    method: "DELETE",
    path: "/v1/peers/{peer_id}",
    access: "peers.write",
    effect: "lasting",
    summary: "Revokes a peer everywhere, for good",
    params: onePeer,
    reply: undefined,
    status: 204,
  },
  listServices: {
    ...base,
    method: "GET",
    path: "/v1/services",
    access: "services.read",
    effect: "read",
    summary: "All services of the cluster",
    query: serviceListQuery,
    reply: serviceListSchema,
  },
  getService: {
    ...base,
    method: "GET",
    path: "/v1/services/{service_id}",
    access: "services.read",
    effect: "read",
    summary: "One service with its routes and live state",
    params: oneService,
    reply: serviceSchema,
  },
  createService: {
    ...base,
    method: "POST",
    path: "/v1/services",
    access: "services.write",
    effect: "write",
    summary: "Creates a service on its source peer; relayed to it",
    body: createServiceSchema,
    reply: serviceSchema,
    status: 201,
  },
  updateService: {
    ...base,
    method: "PUT",
    path: "/v1/services/{service_id}",
    access: "services.write",
    effect: "write",
    summary: "Changes a service; relayed to its source peer",
    params: oneService,
    body: updateServiceSchema,
    reply: serviceSchema,
  },
  deleteService: {
    ...base,
    method: "DELETE",
    path: "/v1/services/{service_id}",
    access: "services.write",
    effect: "write",
    summary: "Deletes a service; relayed to its source peer",
    params: oneService,
    reply: undefined,
    status: 204,
  },
  listRoutes: {
    ...base,
    method: "GET",
    path: "/v1/services/{service_id}/routes",
    access: "services.read",
    effect: "read",
    summary: "The routes of a service",
    params: oneService,
    query: page,
    reply: routeListSchema,
  },
  addRoutes: {
    ...base,
    method: "POST",
    path: "/v1/services/{service_id}/routes",
    access: "services.write",
    effect: "write",
    summary: "Adds routes to a service",
    params: oneService,
    body: addRoutesSchema,
    reply: addedRoutesSchema,
    status: 201,
  },
  updateRoute: {
    ...base,
    method: "PUT",
    path: "/v1/services/{service_id}/routes/{route_id}",
    access: "services.write",
    effect: "write",
    summary: "Replaces a route",
    params: oneRoute,
    body: routeInputSchema,
    reply: routeSchema,
  },
  deleteRoute: {
    ...base,
    method: "DELETE",
    path: "/v1/services/{service_id}/routes/{route_id}",
    access: "services.write",
    effect: "write",
    summary: "Deletes a route",
    params: oneRoute,
    reply: undefined,
    status: 204,
  },
  getIdentity: {
    ...base,
    method: "GET",
    path: "/v1/cluster/identity",
    access: "public",
    effect: "lasting",
    summary: "Who answers here",
    reply: identitySchema,
  },
  getStatus: {
    ...base,
    method: "GET",
    path: "/v1/cluster/status",
    access: "peers.read",
    effect: "lasting",
    summary: "What this peer knows of every other, and whether they agree",
    reply: statusSchema,
  },
  sync: {
    ...base,
    method: "POST",
    path: "/v1/cluster/sync",
    access: "admin",
    effect: "lasting",
    summary: "A gossip round now",
    reply: syncSchema,
  },
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;
export type ReplyOf<N extends OperationName> =
  (typeof OPERATIONS)[N]["reply"] extends z.ZodType<infer T> ? T : undefined;
export type BodyOf<N extends OperationName> = (typeof OPERATIONS)[N]["body"] extends z.ZodType<infer T> ? T : undefined;
export type ParamsOf<N extends OperationName> = z.infer<(typeof OPERATIONS)[N]["params"]>;
export type QueryOf<N extends OperationName> = z.infer<(typeof OPERATIONS)[N]["query"]>;

/** The token endpoint stands beside the table: its body is a form and its errors are RFC 6749's. */
export const TOKEN_PATH = "/v1/oauth/token";
export const tokenReplySchema = tokenSchema;
