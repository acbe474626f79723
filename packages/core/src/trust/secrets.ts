import type { ClientId, PeerId, RotationId } from "../identity/id.ts";
import type { SignedRecord } from "../registry/record.ts";
import type { Millis } from "../time.ts";

/** Names one secret of a client: the client for the one that it was made with, else the rotation. */
export type SecretName = ClientId | RotationId;

/** One secret that a client has or had, as its credential or a rotation says. Only the hash is known. */
export interface Secret {
  readonly name: SecretName;
  /** SHA-256 of the secret, base64url. */
  readonly secretHash: string;
  readonly version: number;
  readonly rotatedAt: Millis;
  /** The secret that it follows; absent for the first. */
  readonly replaces: SecretName | undefined;
}

/** A secret that opens, and until when; without end while it is current. */
export interface AcceptedSecret {
  readonly secret: Secret;
  readonly until: Millis | undefined;
}

/**
 * Of the credential records under one client id the one that counts: those of revoked owners only where there is no
 * other, so that who dates a record back to get in front of a client's own loses it with its membership; then the lowest
 * version, then the smallest owner.
 */
export function countingCredential<R extends Pick<SignedRecord, "owner" | "version">>(
  records: Iterable<R>,
  isRevoked: (owner: PeerId) => boolean,
): R | undefined {
  let counting: R | undefined;
  for (const record of records) if (counting === undefined || isBefore(record, counting, isRevoked)) counting = record;
  return counting;
}

function isBefore(
  a: Pick<SignedRecord, "owner" | "version">,
  b: Pick<SignedRecord, "owner" | "version">,
  isRevoked: (owner: PeerId) => boolean,
): boolean {
  const [isARevoked, isBRevoked] = [isRevoked(a.owner), isRevoked(b.owner)];
  if (isARevoked !== isBRevoked) return isBRevoked;
  return a.version === b.version ? a.owner < b.owner : a.version < b.version;
}

/** The current secret: the rotation with the highest version, or the first secret where there is none. */
export function currentSecret(secrets: readonly Secret[]): Secret | undefined {
  return secrets.reduce<Secret | undefined>(
    (best, secret) => (best === undefined || isHigher(secret, best) ? secret : best),
    undefined,
  );
}

/**
 * The secrets of one client that open at an instant. What a rotation replaces works for `graceMs` from it; what lost
 * against a rotation made at the same time works for `graceMs` from the moment at which this peer learned of the
 * winner, or from the winner's own time where it was never current here. A client that a merge of clusters replaced
 * is all grace.
 * @param replacedAt when a secret that was current here was found to have lost
 * @param outlivedAt for the shared client of a cluster that another one outlived: since when
 */
export function acceptedSecrets(
  secrets: readonly Secret[],
  facts: {
    readonly now: Millis;
    readonly graceMs: number;
    readonly replacedAt: ReadonlyMap<SecretName, Millis>;
    readonly outlivedAt: Millis | undefined;
  },
): AcceptedSecret[] {
  const current = currentSecret(secrets);
  if (current === undefined) return [];
  const { now, graceMs, replacedAt, outlivedAt } = facts;
  const endOfClient = outlivedAt === undefined ? undefined : outlivedAt + graceMs;
  return secrets.flatMap((secret) => {
    const end = secret === current ? undefined : endOfSecret(secret, current, secrets, replacedAt) + graceMs;
    const ends = [end, endOfClient].filter((at) => at !== undefined);
    const until = ends.length === 0 ? undefined : Math.min(...ends);
    return until === undefined || now < until ? [{ secret, until }] : [];
  });
}

function endOfSecret(
  secret: Secret,
  current: Secret,
  secrets: readonly Secret[],
  replacedAt: ReadonlyMap<SecretName, Millis>,
): Millis {
  const successors = secrets.filter(({ replaces }) => replaces === secret.name).map(({ rotatedAt }) => rotatedAt);
  if (successors.length > 0) return Math.min(...successors);
  return replacedAt.get(secret.name) ?? current.rotatedAt;
}

function isHigher(a: Secret, b: Secret): boolean {
  if ((a.replaces === undefined) !== (b.replaces === undefined)) return b.replaces === undefined;
  return a.version === b.version ? a.name > b.name : a.version > b.version;
}
