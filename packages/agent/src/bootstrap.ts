import {
  base64urlFromBytes,
  type ClientId,
  type ClusterId,
  type Crypto,
  checkLicense,
  createClusterNode,
  createId,
  createIdentity,
  type Effect,
  type Identity,
  type Input,
  type JsonObject,
  LIMITS,
  type License,
  type LicenseRoot,
  licenseStateAt,
  type Millis,
  rfc3339FromMs,
  type SignedRecord,
} from "@arctic/core";
import { hashSecret, sharedClientId } from "./api/credential.ts";
import { Problem, problemFromRejection } from "./api/problem.ts";
import type { Bootstrap, Bootstrapped } from "./api/schema.ts";
import { scopeName } from "./api/scope.ts";
import { discardPreparedKey, preparePeerKey, settlePeerKey } from "./state/peer-key.ts";
import type { Change, Facts, Store } from "./store/store.ts";

export interface BootstrapParts {
  readonly crypto: Crypto;
  readonly roots: readonly LicenseRoot[];
  readonly store: Store;
  readonly stateDir: string;
  readonly heartbeatEveryMs: number;
  readonly hostName: string;
  readonly addresses: readonly string[];
  readonly tlsFingerprint: string;
  readonly agentVersion: string;
}

/** What a bootstrap made. The secret is in `reply` and nowhere else. */
export interface NewPeer {
  readonly identity: Identity;
  readonly facts: Facts;
  readonly license: License;
  readonly reply: Bootstrapped;
}

/** The license in a bootstrap request, and whether the root that signed it may sign for its customer alone. Throws Problem. */
export function judgeLicense(crypto: Crypto, roots: readonly LicenseRoot[], document: unknown, now: Millis) {
  if (roots.length === 0) {
    throw new Problem(
      "LICENSE_INVALID",
      "no license root is configured here: set ARCTIC_LICENSE_ROOTS and restart the agent",
    );
  }
  const checked = checkLicense(crypto, roots, document);
  if (!checked.ok) throw problemFromRejection(checked.rejection);
  const license = checked.value;
  const state = licenseStateAt(license, now);
  if (state === "read_only" || state === "suspended") {
    throw new Problem(
      "LICENSE_EXPIRED",
      `the license ${license.license_id} expired at ${license.expires_at}: use a renewed one`,
    );
  }
  const root = roots.find((candidate) => candidate.key_id === license.key_id);
  return { license, isRootLimited: root?.customer_id !== undefined };
}

/**
 * Makes this host a peer, all of it or nothing: the key is prepared beside its place, one transaction holds everything
 * else, then the key takes its place. A start after a kill finishes or clears away what is between. Throws Problem and
 * StoreError.
 */
export function bootstrapPeer(parts: BootstrapParts, license: License, request: Bootstrap, now: Millis): NewPeer {
  const { crypto, store, stateDir } = parts;
  if (store.refusal !== undefined) throw store.refusal;
  const identity = createIdentity(crypto, now);
  const clusterId = createId("clu", crypto, now);
  const clientId = sharedClientId(clusterId);
  const secret = `sec_${base64urlFromBytes(crypto.randomBytes(32))}`;
  const facts = factsOf(identity, license, clusterId, clientId, request, now);
  preparePeerKey(stateDir, identity.secretKey);
  try {
    const records = firstRecords(parts, identity, license, facts, request, secret, now);
    store.commit({ ...records, facts, license });
  } catch (error) {
    discardPreparedKey(stateDir);
    throw error;
  }
  settlePeerKey(stateDir);
  return { identity, facts, license, reply: replyOf(parts, facts, license, secret) };
}

function factsOf(
  identity: Identity,
  license: License,
  clusterId: ClusterId,
  clientId: ClientId,
  request: Bootstrap,
  now: Millis,
): Facts {
  return {
    peer_id: identity.peerId,
    public_key: base64urlFromBytes(identity.publicKey),
    cluster_id: clusterId,
    customer_id: license.customer_id,
    client_id: clientId,
    bootstrapped_at: now,
    fresh_until: now + LIMITS.freshWindowMs,
    ...(request.accept_key === undefined ? {} : { accept_key: request.accept_key }),
    ...(request.addresses === undefined ? {} : { announced_addresses: request.addresses }),
  };
}

/** The peer's own record and the shared client's, signed by a node that lives for this alone. */
function firstRecords(
  parts: BootstrapParts,
  identity: Identity,
  license: License,
  facts: Facts,
  request: Bootstrap,
  secret: string,
  now: Millis,
): Change {
  const node = createClusterNode({
    crypto: parts.crypto,
    identity,
    roots: parts.roots,
    license,
    bootId: base64urlFromBytes(parts.crypto.randomBytes(16)),
    stored: { records: [], book: [], flags: {} },
    heartbeatEveryMs: parts.heartbeatEveryMs,
    startedAt: now,
  });
  const at = rfc3339FromMs(now);
  const peer: JsonObject = {
    name: request.name ?? parts.hostName.slice(0, 128),
    description: request.description ?? "",
    addresses: [...(request.addresses ?? parts.addresses)],
    api_access: "full",
    cluster: { id: facts.cluster_id, minted_by: identity.peerId, founded: false },
    tls_fingerprint: parts.tlsFingerprint,
    agent_version: parts.agentVersion,
    created_at: at,
  };
  const credential: JsonObject = {
    secret_hash: base64urlFromBytes(hashSecret(secret)),
    scopes: [scopeName("admin")],
    license_id: license.license_id,
    created_at: at,
    cluster_id: facts.cluster_id,
  };
  const effects = [
    ...written(node, { type: "write", kind: "peer", id: identity.peerId, body: peer }, now),
    ...written(node, { type: "write", kind: "credential", id: facts.client_id, body: credential }, now),
  ];
  return { records: effects.flatMap(recordsIn) };
}

function written(node: ReturnType<typeof createClusterNode>, input: Input, now: Millis): readonly Effect[] {
  const { effects, rejection } = node.handle(input, now);
  if (rejection !== undefined) throw problemFromRejection(rejection);
  return effects;
}

function recordsIn(effect: Effect): readonly SignedRecord[] {
  return effect.type === "persist" ? effect.records : [];
}

function replyOf(parts: BootstrapParts, facts: Facts, license: License, secret: string): Bootstrapped {
  return {
    peer_id: facts.peer_id,
    peer_public_key: facts.public_key,
    client_id: facts.client_id,
    client_secret: secret,
    license_id: license.license_id,
    cluster_id: facts.cluster_id,
    customer_id: facts.customer_id,
    expires_at: license.expires_at,
    max_nodes: license.max_nodes,
    max_services: license.max_services,
    tls_fingerprint: parts.tlsFingerprint,
  };
}
