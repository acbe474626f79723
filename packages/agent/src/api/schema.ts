/** Every shape of the API, once: the server checks by it, the client reads by it, OpenAPI is made from it. */
export { type Bootstrap, type Bootstrapped, bootstrappedSchema, bootstrapSchema } from "./schema/bootstrap.ts";
export {
  type ClusterIdentity,
  type ClusterStatus,
  identitySchema,
  statusSchema,
  syncSchema,
} from "./schema/cluster.ts";
export { type Check, liveSchema, type Readiness, readySchema } from "./schema/health.ts";
export { type LicenseReply, licenseReplySchema } from "./schema/license.ts";
export {
  type AddPeer,
  addPeerSchema,
  type Peer,
  peerListQuery,
  peerListSchema,
  peerSchema,
  type UpdatePeer,
  updatePeerSchema,
} from "./schema/peer.ts";
export { PROBLEM_CODES, type ProblemBody, type ProblemCode, problemSchema } from "./schema/problem.ts";
export {
  addedRoutesSchema,
  addRoutesSchema,
  type CreateService,
  createServiceSchema,
  type Route,
  type RouteInput,
  routeInputSchema,
  routeListSchema,
  routeSchema,
  type Service,
  serviceListQuery,
  serviceListSchema,
  serviceSchema,
  type Traffic,
  type UpdateService,
  updateServiceSchema,
} from "./schema/service.ts";
export { discoverySchema, jwksSchema, type Token, tokenSchema } from "./schema/token.ts";
