import * as z from "zod";
import { base, type Operation } from "../operation.ts";
import { clientId } from "../schema/fields.ts";
import {
  clusterCredentialsSchema,
  createCredentialSchema,
  createdCredentialSchema,
  credentialListQuery,
  credentialListSchema,
  rotatedSchema,
} from "../schema.ts";

const oneClient = z.strictObject({ client_id: clientId });

/** Who may speak to the API, and by which secrets. */
export const credentialOperations = {
  listCredentials: {
    ...base,
    method: "GET",
    path: "/v1/credentials",
    access: "credentials.read",
    summary: "The clients of the cluster, without their secrets",
    query: credentialListQuery,
    reply: credentialListSchema,
  },
  createCredential: {
    ...base,
    method: "POST",
    path: "/v1/credentials",
    access: "credentials.write",
    effect: "write",
    place: "entry",
    summary: "Makes a client with at most the caller's scopes; its secret is in this reply alone",
    body: createCredentialSchema,
    reply: createdCredentialSchema,
    status: 201,
  },
  deleteCredential: {
    ...base,
    method: "DELETE",
    path: "/v1/credentials/{client_id}",
    access: "credentials.write",
    effect: "write",
    license: "lasting",
    place: "entry",
    summary: "Revokes a client everywhere, its tokens too",
    params: oneClient,
    reply: undefined,
    status: 204,
  },
  getClusterCredentials: {
    ...base,
    method: "GET",
    path: "/v1/cluster/credentials",
    access: "admin",
    summary: "The shared client and which of its secrets are accepted until when; no secret",
    reply: clusterCredentialsSchema,
  },
  rotateClusterCredentials: {
    ...base,
    method: "POST",
    path: "/v1/cluster/credentials/rotate",
    access: "credentials.write",
    effect: "write",
    place: "entry",
    summary: "Gives the shared client a new secret, in this reply alone; the one before works for another 24 hours",
    reply: rotatedSchema,
  },
} as const satisfies Record<string, Operation>;
