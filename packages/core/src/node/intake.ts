import { isSealedBy } from "../crypto/signed.ts";
import { isAcceptableKey } from "../crypto/strict-ed25519.ts";
import { bytesFromBase64url } from "../encoding/base64url.ts";
import type { JsonObject } from "../encoding/json.ts";
import { inGossipOrder } from "../gossip/pages.ts";
import { doesIdCommitToKey, isId, type PeerId } from "../identity/id.ts";
import * as LIMITS from "../limits.ts";
import { isAhead, isBeyondHorizon, isLasting } from "../registry/horizon.ts";
import type { KindDefinition } from "../registry/kind.ts";
import { compareRecords, isEquivocation } from "../registry/merge.ts";
import {
  checkRecordShape,
  isTombstone,
  type RecordKey,
  recordKey,
  type SignedRecord,
  versionAt,
} from "../registry/record.ts";
import type { Held } from "../registry/registry.ts";
import type { Rejection } from "../rejection.ts";
import { accept, type Result, refuse } from "../result.ts";
import type { Millis } from "../time.ts";
import type { LinkId } from "./input.ts";
import { keepLatest } from "./keep-latest.ts";
import { type Room, roomFor } from "./quota.ts";
import type { NodeState } from "./state.ts";

/** What became of a frame's records. */
export interface IntakeReport {
  readonly applied: number;
  readonly rejections: readonly Rejection[];
}

/** A record, and the link that it came by; a local write has none. */
interface Offered {
  readonly record: SignedRecord;
  readonly from: LinkId | undefined;
}

/** The only way into the registry: every record, local or remote, is judged here, the cheap checks first, the signature last. */
export class Intake {
  readonly #state: NodeState;
  /** (owner, key) pairs of the present frame that were found to belong together: a record may be tried many times. */
  readonly #committed = new Set<string>();
  readonly #keyBytesByKey = new Map<string, Uint8Array>();
  /** Records of owners whose admission may be on its way on another link, or behind what waits on this one. Not judged yet. */
  readonly #earlyByOwner = new Map<PeerId, Offered[]>();

  constructor(state: NodeState) {
    this.#state = state;
  }

  /**
   * Takes up what may be taken up of the records in one frame. An admission and what the admitted peer wrote may come in
   * any order, so records of unknown owners wait for their owner's admission: those of the latest few owners, and
   * few of each. Stops at the first fault of the sender beyond `faultsLeft`: bad signatures must not cost more than good ones.
   */
  take(values: readonly unknown[], from: LinkId | undefined, now: Millis, faultsLeft: number): IntakeReport {
    this.#committed.clear();
    const rejections: Rejection[] = [];
    let applied = 0;
    const shaped: SignedRecord[] = [];
    for (const value of values) {
      const checked = checkRecordShape(value);
      if (checked.ok) shaped.push(checked.value);
      else rejections.push(checked.rejection);
    }
    let faults = rejections.filter(({ fault }) => fault === "sender").length;
    const queue: Offered[] = inGossipOrder(shaped).map((record) => ({ record, from }));
    const early = this.#earlyByOwner;
    const unknown: PeerId[] = [];
    for (let index = 0; index < queue.length && faults <= faultsLeft; index += 1) {
      const offered = queue[index];
      if (offered === undefined) break;
      const { record } = offered;
      const verdict = this.#takeOne(record, offered.from, now);
      if (verdict === undefined) {
        applied += 1;
        if (record.kind === "admission" && isId("peer", record.id)) {
          queue.push(...(early.get(record.id) ?? []));
          early.delete(record.id);
        }
      } else if (verdict.code === "record_owner_unknown") {
        unknown.push(record.owner);
        const waiting = early.get(record.owner) ?? [];
        early.delete(record.owner);
        early.set(record.owner, waiting);
        // Several neighbours may say the same.
        const kept = waiting.slice(0, LIMITS.earlyPerOwner);
        if (!kept.some((one) => one.record.signature === record.signature)) waiting.push(offered);
      } else if (offered.from === from) {
        // What came earlier by another link is not this one's fault.
        rejections.push(verdict);
        if (verdict.fault === "sender") faults += 1;
      }
    }
    for (const owner of unknown) {
      const waiting = early.get(owner);
      if (waiting === undefined) continue;
      rejections.push(refuse("record_owner_unknown", owner).rejection);
      waiting.splice(0, waiting.length - LIMITS.earlyPerOwner);
    }
    keepLatest(early, LIMITS.earlyOwners);
    return { applied, rejections };
  }

  #takeOne(record: SignedRecord, from: LinkId | undefined, now: Millis): Rejection | undefined {
    const state = this.#state;
    const judged = this.#judge(record, now);
    if (!judged.ok) return judged.rejection;
    const { held, hash, room } = judged.value;
    const incoming = { record, hash };
    if (held !== undefined && isEquivocation(held, incoming)) {
      const isNewer = compareRecords(incoming, held) > 0;
      const [kept, other] = isNewer ? [record, held.record] : [held.record, record];
      state.keepEvidence(held.key, { kept, other });
      state.outbox.notify({ type: "equivocation", key: held.key, kept, other });
      if (!isNewer) return refuse("record_superseded").rejection;
    }
    if (record.owner === state.self && from !== undefined && versionAt(record.version) >= state.startedAt) {
      // Written by this run while the clock was elsewhere: what it wrote since must be put above it.
      if (state.ownSignatures.has(record.signature) && !isTombstone(record)) {
        state.outrun.push(record);
        return refuse("record_superseded").rejection;
      }
      // Two of its own tombstones say the same: the higher one is taken, as everybody else has it.
      if (!state.ownSignatures.has(record.signature)) {
        state.becomeCloned();
        return refuse("identity_cloned").rejection;
      }
    }
    if (room.type === "evict") this.#drop(room.held.key);
    if (room.type === "full") {
      // There is no place for the tombstone, but what it ends is ended.
      this.#drop(recordKey(record));
      return refuse("record_quota", `${record.kind}: ${room.limit}`).rejection;
    }
    this.apply(record, hash, from);
    if (record.owner === state.self && from !== undefined && record.version > state.highestOwnAtStart)
      this.#endOwnBeyondHorizon(now);
    return undefined;
  }

  /** Makes a judged record current. */
  apply(record: SignedRecord, hash: Uint8Array, from: LinkId | undefined): void {
    const state = this.#state;
    const { key } = state.registry.put(record, hash);
    state.keyByPeer.set(record.owner, record.key);
    state.outbox.keep(key, record);
    state.applied.push({ key, record, from });
    state.noteTrust(record);
  }

  #judge(record: SignedRecord, now: Millis): Result<{ held: Held | undefined; hash: Uint8Array; room: Room }> {
    const { registry, crypto, customerId, kinds } = this.#state;
    if (record.customer_id !== customerId) return refuse("record_foreign", record.customer_id);
    const held = registry.held(recordKey(record));
    if (held !== undefined) {
      if (held.record.version === record.version && held.record.signature === record.signature)
        return refuse("record_held");
      const isBeatenWithoutHash =
        isTombstone(held.record) !== isTombstone(record)
          ? isTombstone(held.record)
          : held.record.version > record.version;
      if (isBeatenWithoutHash) return refuse("record_superseded");
    }
    if (!this.#doesIdCommit(record)) return refuse("record_key_mismatch");
    const kind = kinds.get(record.kind);
    const isLastingRecord = isLasting(kind, record);
    if (isAhead(record, now)) return refuse("record_ahead");
    const isOwnLive = record.owner === this.#state.self && !isTombstone(record);
    if (!isLastingRecord && !isOwnLive && isBeyondHorizon(record, now)) return refuse("record_too_old");
    const owner = this.#judgeOwner(record, isLastingRecord);
    if (!owner.ok) return owner;
    const head = kind === undefined ? accept(record) : checkHead(kind, record);
    if (!head.ok) return head;
    const signed = this.#state.ahead.signedBytesOf(record);
    if (!signed.ok) return signed;
    const bytes = signed.value;
    const hash = crypto.sha256(bytes);
    if (held !== undefined && compareRecords({ record, hash }, held) === 0) return refuse("record_held");
    const isFirstOfItsState = held === undefined || (isTombstone(record) && !isTombstone(held.record));
    const room: Room = isFirstOfItsState ? roomFor(registry, record, kind) : { type: "free" };
    if (room.type === "full" && held === undefined) return refuse("record_quota", `${record.kind}: ${room.limit}`);
    const publicKey = this.#keyBytes(record);
    const isSealed = isSealedBy(crypto, "record", publicKey, record as unknown as JsonObject, bytes);
    if (!isSealed) return refuse("record_signature_invalid");
    if (!this.#isKeyAcceptable(record)) return refuse("record_key_mismatch", "the key is not acceptable");
    return accept({ held, hash, room });
  }

  #doesIdCommit(record: SignedRecord): boolean {
    const pair = `${record.owner} ${record.key}`;
    if (this.#state.isKeyOf(record.owner, record.key) || this.#committed.has(pair)) return true;
    const publicKey = bytesFromBase64url(record.key);
    if (publicKey === undefined || !doesIdCommitToKey(this.#state.crypto, record.owner, publicKey)) return false;
    this.#committed.add(pair);
    return true;
  }

  /** Bytes of the keys of known owners are kept, so that a provider which remembers them finds them again. */
  #keyBytes(record: SignedRecord): Uint8Array {
    const known = this.#keyBytesByKey.get(record.key);
    if (known !== undefined) return known;
    const bytes = bytesFromBase64url(record.key) ?? new Uint8Array();
    if (this.#state.isKeyOf(record.owner, record.key)) this.#keyBytesByKey.set(record.key, bytes);
    return bytes;
  }

  #isKeyAcceptable(record: SignedRecord): boolean {
    if (this.#state.isKeyOf(record.owner, record.key)) return true;
    return isAcceptableKey(bytesFromBase64url(record.key) ?? new Uint8Array(), this.#state.crypto);
  }

  #judgeOwner(record: SignedRecord, isLastingRecord: boolean): Result<SignedRecord> {
    if (record.owner === this.#state.self) return accept(record);
    const standing = this.#state.membership.isAdmitted(record.owner) ? this.#state.standingOf(record.owner) : undefined;
    if (standing === "member" || (standing !== undefined && isLastingRecord)) return accept(record);
    if (standing === undefined) return refuse("record_owner_unknown", record.owner);
    return refuse("record_owner_ended", record.owner);
  }

  /**
   * What came back is newer than anything that this disk ever wrote, so the disk is a restored one: what is older than
   * the horizon was forgotten everywhere, and may have been deleted since.
   */
  #endOwnBeyondHorizon(now: Millis): void {
    const { registry, kinds, self } = this.#state;
    for (const { key, record } of registry.ofOwner(self)) {
      if (isTombstone(record) || isLasting(kinds.get(record.kind), record) || !isBeyondHorizon(record, now)) continue;
      this.#drop(key);
    }
  }

  #drop(key: RecordKey): void {
    this.#state.registry.drop(key);
    this.#state.outbox.drop(key);
    this.#state.dropped.push(key);
    this.#state.forgetMembership();
  }
}

function checkHead(kind: KindDefinition, record: SignedRecord): Result<SignedRecord> {
  const idComplaint = kind.checkId(record.id, record.owner);
  if (idComplaint !== undefined) return refuse("record_malformed", idComplaint);
  return isTombstone(record) && !kind.isDeletable ? refuse("record_not_deletable", kind.name) : accept(record);
}
