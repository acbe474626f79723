/** Every shape of the API, once: the server checks by it, the client reads by it, OpenAPI is made from it. */
export {
  type Bootstrap,
  type Bootstrapped,
  bootstrappedSchema,
  bootstrapSchema,
  reopenedSchema,
  reopenSchema,
} from "./schema/bootstrap.ts";
export {
  type ClusterIdentity,
  type ClusterStatus,
  type InitCluster,
  type InitiatedCluster,
  identitySchema,
  initClusterSchema,
  initiatedClusterSchema,
  statusSchema,
  syncSchema,
} from "./schema/cluster.ts";
export {
  type ClusterCredentials,
  type CreateCredential,
  type CreatedCredential,
  type Credential,
  clusterCredentialsSchema,
  createCredentialSchema,
  createdCredentialSchema,
  credentialListQuery,
  credentialListSchema,
  type Rotated,
  rotatedSchema,
} from "./schema/credential.ts";
export { type ClusterEvent, eventSchema } from "./schema/event.ts";
export { type Check, liveSchema, type Readiness, readySchema } from "./schema/health.ts";
export { type LicenseReply, licenseReplySchema, putLicenseSchema } from "./schema/license.ts";
export {
  type AddPeer,
  addPeerSchema,
  type DeletedPeer,
  deletedPeerSchema,
  deletePeerQuery,
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
