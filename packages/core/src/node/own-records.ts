import { signedBytes } from "../crypto/signed.ts";
import type { JsonObject } from "../encoding/json.ts";
import { hasShape } from "../encoding/shape.ts";
import type { ClusterId, PeerId } from "../identity/id.ts";
import { claimShape, type PeerBody } from "../kinds/peer.ts";
import * as LIMITS from "../limits.ts";
import { isAhead, isBeyondHorizon, isLasting, renewAt } from "../registry/horizon.ts";
import {
  issueRecord,
  isTombstone,
  type LiveRecord,
  nextVersion,
  type RecordContent,
  type SignedRecord,
} from "../registry/record.ts";
import { accept, type Result, refuse } from "../result.ts";
import { type Millis, rfc3339FromMs } from "../time.ts";
import { type ClusterClaim, electClusterId, isMintedFor } from "../trust/cluster-id.ts";
import type { Intake } from "./intake.ts";
import { keepLatest } from "./keep-latest.ts";
import { checkLicensed, checkServiceLimit } from "./licensing.ts";
import { limitOf } from "./quota.ts";
import { type NodeState, touchesTrust } from "./state.ts";

/** What this peer writes: its operator's writes, its renewals, its admissions, the cluster id that it bears. */
export class OwnRecords {
  readonly #state: NodeState;
  readonly #intake: Intake;
  /** A claim is asked for much more often than it changes. */
  readonly #claimByRecord = new WeakMap<SignedRecord, ClusterClaim>();
  /** All members' claims, until the registry changes, and what they elected at an instant. */
  #claimed: { readonly changes: number; readonly claims: ClusterClaim[] } | undefined;
  #elected:
    | { readonly claims: readonly ClusterClaim[]; readonly at: Millis; readonly claim: ClusterClaim | undefined }
    | undefined;

  constructor(state: NodeState, intake: Intake) {
    this.#state = state;
    this.#intake = intake;
  }

  write(kind: string, id: string, body: JsonObject, now: Millis): Result<SignedRecord> {
    if (kind === "admission")
      return refuse("write_refused", "admissions are written by first contacts alone: use join");
    const definition = this.#state.kinds.get(kind);
    if (definition === undefined) return refuse("write_refused", `${kind} is no kind of record that is known here`);
    if (definition.lasting === "soft") return refuse("write_refused", `${kind} records are written by the node itself`);
    const content = kind === "peer" ? this.#withOwnCluster(body) : body;
    const complaint = definition.checkId(id, this.#state.self) ?? definition.checkBody(content, this.#state.self);
    if (complaint !== undefined) return refuse("write_refused", `${kind} ${id}: ${complaint}`);
    const open = this.#checkOpen(kind, now);
    if (!open.ok) return open;
    const held = this.#state.registry.get(kind, this.#state.self, id);
    if (held !== undefined && isTombstone(held))
      return refuse("write_refused", `${kind} ${id} was deleted, and a deleted id is never used again`);
    if (held === undefined && this.#state.registry.countOf(kind, this.#state.self, false) >= definition.limitPerOwner) {
      return refuse("record_quota", `${kind}: ${definition.limitPerOwner}`);
    }
    const room = kind === "service" && held === undefined ? checkServiceLimit(this.#state) : accept(undefined);
    if (!room.ok) return room;
    return this.#issue(kind, id, { body: content }, now, this.#highestRotation(kind, content));
  }

  /** Bears a cluster id of its own making, as after a bootstrap; refused to a peer that has company or no record yet. */
  found(clusterId: ClusterId, now: Millis): Result<SignedRecord> {
    const own = this.peerRecord();
    if (own === undefined) return refuse("write_refused", "a peer without a record of its own bears no cluster id");
    if (this.#state.members().length > 1)
      return refuse("write_refused", "only a peer that is alone founds a cluster: this one has other members");
    if (!isMintedFor(clusterId, this.#state.customerId, now))
      return refuse("write_refused", `${clusterId} was not made just now`);
    const cluster = { id: clusterId, minted_by: this.#state.self, founded: false };
    const result = this.#issue("peer", this.#state.self, { body: { ...own.body, cluster } }, now);
    if (result.ok) this.#state.outbox.notify({ type: "cluster_changed", clusterId, aliases: [] });
    return result;
  }

  delete(kind: string, id: string, now: Millis): Result<SignedRecord> {
    const open = this.#checkOpen(kind, now);
    if (!open.ok) return open;
    const held = this.#state.registry.get(kind, this.#state.self, id);
    if (held === undefined || isTombstone(held))
      return refuse("write_refused", `${kind} ${id} is not a live record of this peer`);
    if (this.#state.kinds.get(kind)?.isDeletable === false) return refuse("record_not_deletable", kind);
    const limit = limitOf(this.#state.kinds.get(kind), true);
    if (this.#state.registry.countOf(kind, this.#state.self, true) >= limit) {
      return refuse("record_quota", `${kind}: ${limit} were deleted in the last 30 days`);
    }
    return this.#issue(kind, id, { deleted: true }, now);
  }

  admit(newcomer: string, now: Millis): void {
    if (this.#state.registry.get("admission", this.#state.self, newcomer) !== undefined) return;
    this.#issue("admission", newcomer, { body: { introduced_at: rfc3339FromMs(now) } }, now);
  }

  /** Puts what is held above a record that this run wrote before and that came back with a higher version. */
  reissueAbove(record: SignedRecord, now: Millis): void {
    const held = this.#state.registry.get(record.kind, this.#state.self, record.id);
    if (held === undefined || isTombstone(held) || held.version > record.version) return;
    this.#issue(record.kind, record.id, { body: held.body }, now, record.version);
  }

  /** The peer's own record, while it has one. */
  peerRecord(): LiveRecord | undefined {
    const record = this.#state.registry.get("peer", this.#state.self, this.#state.self);
    return record === undefined || isTombstone(record) ? undefined : record;
  }

  /** Bears the id that the members' claims elect; sets `founded` only for what at least two bear. */
  adoptClusterId(now: Millis): void {
    const own = this.peerRecord();
    const elected = this.electedCluster(now);
    if (own === undefined || elected === undefined || !this.#canWrite()) return;
    const body = own.body as unknown as PeerBody;
    const hasCompany = this.#claims().length > 1;
    const cluster = { id: elected.id, minted_by: elected.mintedBy, founded: elected.founded || hasCompany };
    if (body.cluster.id === cluster.id && body.cluster.founded === cluster.founded) return;
    this.#issue("peer", this.#state.self, { body: { ...own.body, cluster } }, now);
    if (body.cluster.id !== cluster.id)
      this.#state.outbox.notify({ type: "cluster_changed", clusterId: cluster.id, aliases: this.aliases(now) });
  }

  /** The ids that members still bear beside the elected one. */
  aliases(now: Millis): ClusterId[] {
    const elected = this.electedCluster(now)?.id;
    return [...new Set(this.#claims().map((claim) => claim.id))].filter((id) => id !== elected).sort();
  }

  /** What this peer's own record says, whatever the others claim. */
  ownClaim(): ClusterClaim | undefined {
    const own = this.peerRecord();
    return own === undefined ? undefined : claimIn(own);
  }

  electedCluster(now: Millis): ClusterClaim | undefined {
    const claims = this.#claims();
    if (this.#elected?.claims !== claims || this.#elected.at !== now) {
      const isRevoked = (peer: PeerId) => this.#state.standingOf(peer) === "revoked";
      const claim = electClusterId(claims, { customerId: this.#state.customerId, now, isRevoked });
      this.#elected = { claims, at: now, claim };
    }
    return this.#elected.claim;
  }

  /** Signs anew what is due; answers when to look again. */
  renew(now: Millis): Millis {
    let next = now + 24 * 3_600_000;
    if (!this.#canWrite()) return next;
    const isRightClock = this.#state.clockTrust() === "agrees";
    for (const held of this.#state.registry.ofOwner(this.#state.self)) {
      const { record } = held;
      if (isAhead(record, now) && isRightClock) {
        // Written while the clock was ahead: nobody has taken it, so it is written once more at the present.
        const content = isTombstone(record) ? { deleted: true as const } : { body: record.body };
        this.#issue(record.kind, record.id, content, now);
        continue;
      }
      if (isTombstone(record) || isLasting(this.#state.kinds.get(record.kind), record)) continue;
      const dueAt = renewAt(record, held.bucket / 256);
      if (dueAt <= now) this.#issue(record.kind, record.id, { body: record.body }, now);
      else next = Math.min(next, dueAt);
    }
    return next;
  }

  /** Drops what is older than the horizon; own live records excepted, own tombstones included. */
  prune(now: Millis): void {
    // One bad sample of a clock must not end what everybody else keeps.
    if (this.#state.clockTrust() === "differs") return;
    const { lowest, highest } = this.#state.registry.versions;
    // Most looks find nothing, and a registry can be large.
    if (!isBeyondHorizon({ version: lowest }, now) && !isAhead({ version: highest }, now)) return;
    for (const held of [...this.#state.registry.all()]) {
      const isOwnLive = held.record.owner === this.#state.self && !isTombstone(held.record);
      const isTooOld =
        !isLasting(this.#state.kinds.get(held.record.kind), held.record) && isBeyondHorizon(held.record, now);
      // A clock that was corrected shows what it let in too early.
      const isTooNew = held.record.owner !== this.#state.self && isAhead(held.record, now);
      if (isOwnLive || !(isTooOld || isTooNew)) continue;
      this.#state.registry.drop(held.key);
      this.#state.outbox.drop(held.key);
      this.#state.dropped.push(held.key);
      if (touchesTrust(held.record)) this.#state.forgetMembership();
    }
    this.#state.registry.narrowVersions();
  }

  /** Refuses an operator's write that the license forbids, or that comes before this peer knows what it wrote before. */
  #checkOpen(kind: string, now: Millis): Result<undefined> {
    const { writesFrom } = this.#state;
    if (now >= writesFrom) this.#state.writesFrom = 0;
    else if (kind !== "peer") return refuse("not_merged_yet", `try again after ${rfc3339FromMs(writesFrom)}`);
    return checkLicensed(this.#state, kind);
  }

  /** A rotation stands above every other of its client that is known, so that it is the current one. */
  #highestRotation(kind: string, body: JsonObject): number | undefined {
    if (kind !== "rotation") return undefined;
    const versions = [...this.#state.registry.ofKind("rotation")]
      .filter(({ record }) => !isTombstone(record) && record.body.client_id === body.client_id)
      .map(({ record }) => record.version);
    return versions.length === 0 ? undefined : Math.max(...versions);
  }

  #canWrite(): boolean {
    return this.#state.flags.isCloned !== true && this.#state.isTakingPart();
  }

  #issue(kind: string, id: string, content: RecordContent, now: Millis, above?: number): Result<SignedRecord> {
    const { crypto, identity, registry, customerId, flags } = this.#state;
    if (flags.isCloned === true) return refuse("identity_cloned");
    if (!this.#state.isTakingPart()) return refuse("peer_left");
    const version = nextVersion(above ?? registry.get(kind, this.#state.self, id)?.version, now);
    let record: SignedRecord;
    try {
      record = issueRecord(crypto, identity, { kind, id, version, customerId }, content);
    } catch (error) {
      return refuse(
        "write_refused",
        `${kind} ${id}: ${error instanceof Error ? error.message : "it is not canonical JSON"}`,
      );
    }
    const bytes = signedBytes("record", record as unknown as JsonObject);
    // What receivers would refuse must not be written: the owner would hold it alone.
    if (bytes.length > LIMITS.recordBytes) return refuse("record_too_large", `${kind} ${id}: ${bytes.length} bytes`);
    this.#remember(record.signature);
    this.#intake.apply(record, crypto.sha256(bytes), undefined);
    return accept(record);
  }

  #remember(signature: string): void {
    const { ownSignatures } = this.#state;
    ownSignatures.add(signature);
    keepLatest(ownSignatures, 4096);
  }

  /** The cluster part of the peer record is the node's to write; only the first one comes from outside, from the bootstrap. */
  #withOwnCluster(body: JsonObject): JsonObject {
    const own = this.peerRecord();
    return own?.body.cluster === undefined ? body : { ...body, cluster: own.body.cluster };
  }

  #claims(): readonly ClusterClaim[] {
    const { changes } = this.#state.registry;
    if (this.#claimed?.changes === changes) return this.#claimed.claims;
    const claims: ClusterClaim[] = [];
    for (const { record } of this.#state.registry.ofKind("peer")) {
      if (isTombstone(record) || !this.#state.isMember(record.owner)) continue;
      const claim = this.#claimIn(record);
      if (claim !== undefined) claims.push(claim);
    }
    this.#claimed = { changes, claims };
    return claims;
  }

  #claimIn(record: LiveRecord): ClusterClaim | undefined {
    const known = this.#claimByRecord.get(record);
    if (known !== undefined) return known;
    const claim = claimIn(record);
    if (claim !== undefined) this.#claimByRecord.set(record, claim);
    return claim;
  }
}

function claimIn(record: LiveRecord): ClusterClaim | undefined {
  const claim: unknown = record.body.cluster;
  return hasShape(claimShape, claim) ? { id: claim.id, mintedBy: claim.minted_by, founded: claim.founded } : undefined;
}
