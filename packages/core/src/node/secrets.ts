import { hasShape } from "../encoding/shape.ts";
import { groupBy } from "../group-by.ts";
import { type ClientId, type ClusterId, isId, ulidOf } from "../identity/id.ts";
import { type CredentialBody, credentialShape } from "../kinds/credential.ts";
import { rotationShape } from "../kinds/rotation.ts";
import * as LIMITS from "../limits.ts";
import { isTombstone, type SignedRecord } from "../registry/record.ts";
import { type Millis, msFromRfc3339 } from "../time.ts";
import {
  type AcceptedSecret,
  acceptedSecrets,
  countingCredential,
  currentSecret,
  type Secret,
  type SecretName,
} from "../trust/secrets.ts";
import type { NodeState } from "./state.ts";

type CredentialsByClient = ReadonlyMap<ClientId, readonly (SignedRecord & { readonly body: CredentialBody })[]>;

/** The shared client of a cluster bears the cluster id's ULID, so that it is found without a pointer. */
const sharedClientOf = (clusterId: ClusterId): ClientId => `cli_${ulidOf(clusterId)}`;

/**
 * Which secrets open, computed from the records of credentials and rotations. What cannot be computed is remembered:
 * when this peer learned that a secret which was current for it had lost.
 */
export class Secrets {
  readonly #state: NodeState;
  readonly #currentByClient = new Map<ClientId, SecretName>();
  /** Asked for at every change of who belongs. */
  readonly #clusterByRecord = new WeakMap<SignedRecord, ClusterId | undefined>();

  constructor(state: NodeState) {
    this.#state = state;
    const credentials = this.#credentialsOf();
    for (const client of credentials.keys()) this.#remember(client, credentials);
  }

  /** To be called when records were applied. */
  changed(records: readonly SignedRecord[], now: Millis): void {
    const clients = new Set(records.flatMap((record) => clientIn(record) ?? []));
    if (clients.size === 0) return;
    const credentials = this.#credentialsOf(clients);
    for (const client of clients) {
      const before = this.#currentByClient.get(client);
      const current = this.#remember(client, credentials);
      if (before !== undefined && current !== undefined && current.name !== before && current.replaces !== before)
        this.#note(before, now);
    }
  }

  /**
   * To be called when the elected cluster id, the ids that members bear beside it, or the credentials may have changed.
   * All but the elected cluster's shared client count as replaced from then on. An id that nobody bears any more, and
   * that has no credential, opens nothing and is forgotten: a member may bear as many as it likes, one after the other.
   */
  outlived(elected: ClusterId | undefined, aliases: readonly ClusterId[], now: Millis): void {
    if (elected === undefined) return;
    const known = this.#state.flags.outlivedClusters ?? {};
    const others = new Set(this.#clustersOfCredentials());
    for (const id of aliases) others.add(id);
    others.delete(elected);
    const isSame = known[elected] === undefined && Object.keys(known).length === others.size;
    if (isSame && [...others].every((id) => known[id] !== undefined)) return;
    this.#state.setFlags({ outlivedClusters: Object.fromEntries([...others].map((id) => [id, known[id] ?? now])) });
  }

  /** The secrets of a client that open; none for one that is unknown or was revoked. */
  accepted(client: ClientId, elected: ClusterId | undefined, now: Millis): AcceptedSecret[] {
    if (this.#isRevoked(client)) return [];
    const id = `clu_${ulidOf(client)}` as const;
    return acceptedSecrets(this.#secretsOf(client, this.#credentialsOf(new Set([client]))), {
      now,
      graceMs: LIMITS.secretGraceMs,
      replacedAt: new Map(Object.entries(this.#state.flags.replacedSecrets ?? {}) as [SecretName, Millis][]),
      outlivedAt: id === elected ? undefined : this.#state.flags.outlivedClusters?.[id],
    });
  }

  /** The clusters of which a held credential says that it is their shared client. */
  #clustersOfCredentials(): ClusterId[] {
    const clusters: ClusterId[] = [];
    for (const { record } of this.#state.registry.ofKind("credential")) {
      if (!this.#clusterByRecord.has(record)) this.#clusterByRecord.set(record, clusterOf(record));
      const cluster = this.#clusterByRecord.get(record);
      if (cluster !== undefined) clusters.push(cluster);
    }
    return clusters;
  }

  #remember(client: ClientId, credentials: CredentialsByClient): Secret | undefined {
    const current = currentSecret(this.#secretsOf(client, credentials));
    if (current !== undefined) this.#currentByClient.set(client, current.name);
    return current;
  }

  #note(name: SecretName, now: Millis): void {
    const known = Object.entries(this.#state.flags.replacedSecrets ?? {});
    const recent = known.filter(([, at]) => at > now - LIMITS.secretGraceMs);
    this.#state.setFlags({ replacedSecrets: { ...Object.fromEntries(recent), [name]: now } });
  }

  #isRevoked(client: ClientId): boolean {
    for (const { record } of this.#state.registry.ofKind("revocation")) if (record.id === client) return true;
    return false;
  }

  #secretsOf(client: ClientId, credentials: CredentialsByClient): Secret[] {
    const credential = countingCredential(
      credentials.get(client) ?? [],
      (owner) => this.#state.standingOf(owner) === "revoked",
    );
    if (credential === undefined) return [];
    const { version, body } = credential;
    const secrets: Secret[] = [
      {
        name: client,
        secretHash: body.secret_hash,
        version,
        rotatedAt: msFromRfc3339(body.created_at) ?? 0,
        replaces: undefined,
      },
    ];
    for (const { record } of this.#state.registry.ofKind("rotation")) {
      if (isTombstone(record) || !hasShape(rotationShape, record.body)) continue;
      const { body } = record;
      if (body.client_id !== client || !isId("rot", record.id)) continue;
      const rotatedAt = msFromRfc3339(body.rotated_at) ?? 0;
      const replaces = body.replaces ?? client;
      secrets.push({
        name: record.id,
        secretHash: body.secret_hash,
        version: record.version,
        rotatedAt,
        replaces,
      });
    }
    return secrets;
  }

  /** Of some clients, or of all. */
  #credentialsOf(clients?: ReadonlySet<string>): CredentialsByClient {
    const found: (SignedRecord & { readonly body: CredentialBody })[] = [];
    for (const { record } of this.#state.registry.ofKind("credential")) {
      if (isTombstone(record) || clients?.has(record.id) === false) continue;
      if (hasShape(credentialShape, record.body)) found.push(record as never);
    }
    return groupBy(found, ({ id }) => id as ClientId);
  }
}

/** The cluster whose shared client a credential is. */
function clusterOf(record: SignedRecord): ClusterId | undefined {
  const cluster = isTombstone(record) ? undefined : record.body.cluster_id;
  return isId("clu", cluster) && sharedClientOf(cluster) === record.id ? cluster : undefined;
}

/** The client whose secrets a record may change. */
function clientIn(record: SignedRecord): ClientId | undefined {
  if (record.kind === "credential") return isId("cli", record.id) ? record.id : undefined;
  if (record.kind !== "rotation" || isTombstone(record) || !hasShape(rotationShape, record.body)) return undefined;
  return record.body.client_id;
}
