import type { Crypto } from "../crypto/crypto.ts";
import { base64urlFromBytes } from "../encoding/base64url.ts";
import { utf8FromText } from "../encoding/utf8.ts";
import type { PeerId } from "../identity/id.ts";
import { Digest, digestEntry } from "./digest.ts";
import { isLasting } from "./horizon.ts";
import { DIGEST_GROUPS, type DigestGroup, type KindTable } from "./kind.ts";
import { LayeredMap } from "./layered-map.ts";
import type { Hashed } from "./merge.ts";
import { isTombstone, type LiveRecord, type RecordKey, recordKey, type SignedRecord } from "./record.ts";

export interface Held extends Hashed {
  readonly key: RecordKey;
  readonly group: DigestGroup;
  readonly bucket: number;
  readonly digestEntry: Uint8Array;
  /** The record as it travels. */
  readonly text: string;
}

/** The records that a peer holds, by key, owner and kind, with the three digests kept beside them. Judges nothing. */
export class Registry {
  /** How often a record was put or dropped: what was computed of the records holds until then. */
  changes = 0;
  readonly #crypto: Pick<Crypto, "sha256">;
  readonly #kinds: KindTable;
  readonly #heldByKey: LayeredMap<RecordKey, Held>;
  /** A list that is shared with a fork is copied before it is changed. */
  readonly #keysByOwner: LayeredMap<PeerId, ReadonlySet<RecordKey>>;
  readonly #heldByKind = new Map<string, LayeredMap<RecordKey, Held>>();
  readonly #countByOwnerAndPlace: LayeredMap<string, number>;
  readonly #heldBySignature: LayeredMap<string, Held>;
  readonly #digests: Readonly<Record<DigestGroup, Digest>>;
  /** Owners whose key set was copied or made here. */
  readonly #ownSets = new Set<PeerId>();
  readonly #isUnderstoodByRecord = new WeakMap<SignedRecord, boolean>();
  #hashes: Readonly<Record<DigestGroup, string>> | undefined;
  #hashedAt = 0;
  /** No record that ends by its age has a version outside of these. */
  #versions: VersionSpan;

  /** `base`: begins with what another registry holds, which must not change any more; what changes here is kept here. */
  constructor(crypto: Pick<Crypto, "sha256">, kinds: KindTable, base?: RegistryBase) {
    this.#crypto = crypto;
    this.#kinds = kinds;
    this.#heldByKey = new LayeredMap(base?.heldByKey);
    this.#keysByOwner = new LayeredMap(base?.keysByOwner);
    this.#countByOwnerAndPlace = new LayeredMap(base?.countByOwnerAndPlace);
    this.#heldBySignature = new LayeredMap(base?.heldBySignature);
    this.#versions = base?.versions ?? NO_VERSIONS;
    for (const [kind, held] of base?.heldByKind ?? []) this.#heldByKind.set(kind, new LayeredMap(held));
    const digest = (group: DigestGroup) =>
      new Digest(crypto, (key) => this.#heldByKey.get(key)?.digestEntry, base?.digests[group]);
    this.#digests = { peers: digest("peers"), services: digest("services"), others: digest("others") };
  }

  get size(): number {
    return this.#heldByKey.size;
  }

  /** SHA-256 of each group, base64url. The same object until something changes. */
  get hashes(): Readonly<Record<DigestGroup, string>> {
    if (this.#hashes === undefined) {
      this.#hashedAt = this.changes;
      const [peers, services, others] = DIGEST_GROUPS.map((group) => base64urlFromBytes(this.#digests[group].root()));
      this.#hashes = { peers: peers ?? "", services: services ?? "", others: others ?? "" };
    }
    return this.#hashes;
  }

  /** The same, where little has changed since they were computed last; else they take some milliseconds in a large registry. */
  get hashesAtHand(): Readonly<Record<DigestGroup, string>> | undefined {
    return this.changes > this.#hashedAt + FEW_CHANGES ? undefined : this.hashes;
  }

  digest(group: DigestGroup): Digest {
    return this.#digests[group];
  }

  held(key: RecordKey): Held | undefined {
    return this.#heldByKey.get(key);
  }

  get(kind: string, owner: PeerId, id: string): SignedRecord | undefined {
    return this.#heldByKey.get(recordKey({ kind, owner, id }))?.record;
  }

  /** Whether a record with a signature is held whose text, as it travels, is a given one; the key of each is added to `keys`. */
  heldTexts(keys: RecordKey[] = []): (signature: string, text: string) => boolean {
    return (signature, text) => {
      const held = this.#heldBySignature.get(signature);
      if (held?.text !== text) return false;
      keys.push(held.key);
      return true;
    };
  }

  get versions(): VersionSpan {
    return this.#versions;
  }

  /** To be called when all records were looked at: what the span is without those that are gone. */
  narrowVersions(): void {
    let span = NO_VERSIONS;
    for (const { record } of this.all()) span = this.#widened(span, record);
    this.#versions = span;
  }

  put(record: SignedRecord, hash: Uint8Array): Held {
    const key = recordKey(record);
    const before = this.#heldByKey.get(key);
    const group = before?.group ?? this.#kinds.get(record.kind)?.group ?? "others";
    const bucket = before?.bucket ?? this.#crypto.sha256(utf8FromText(key))[0] ?? 0;
    const entry = digestEntry(key, record.version, hash);
    // A view, so that the hash is held once.
    const text = JSON.stringify(record);
    const held: Held = { key, record, hash: entry.subarray(-hash.length), group, bucket, digestEntry: entry, text };
    this.#hashes = undefined;
    this.changes += 1;
    this.#heldByKey.set(key, held);
    if (before === undefined) this.#ownSet(record.owner).add(key);
    else {
      this.#count(before.record, -1);
      this.#heldBySignature.delete(before.record.signature);
    }
    this.#heldBySignature.set(record.signature, held);
    this.#versions = this.#widened(this.#versions, record);
    this.#count(record, 1);
    this.#ofKind(record.kind).set(key, held);
    this.#digests[group].put(key, bucket, hash, before?.hash);
    return held;
  }

  drop(key: RecordKey): void {
    const held = this.#heldByKey.get(key);
    if (held === undefined) return;
    this.#hashes = undefined;
    this.changes += 1;
    this.#heldByKey.delete(key);
    this.#heldBySignature.delete(held.record.signature);
    this.#count(held.record, -1);
    this.#ofKind(held.record.kind).delete(key);
    this.#ownSet(held.record.owner).delete(key);
    this.#digests[held.group].drop(key, held.bucket, held.hash);
  }

  all(): Iterable<Held> {
    return this.#heldByKey.values();
  }

  ofKind(kind: string): Iterable<Held> {
    return this.#heldByKind.get(kind)?.values() ?? [];
  }

  ofGroup(group: DigestGroup): Iterable<Held> {
    return this.#inGroup(group);
  }

  ofOwner(owner: PeerId): readonly Held[] {
    return [...(this.#keysByOwner.get(owner) ?? [])].flatMap((key) => this.#heldByKey.get(key) ?? []);
  }

  owners(): Iterable<PeerId> {
    return this.#keysByOwner.keys();
  }

  /** How many live records, or tombstones, an owner has of a kind, or of those that share its place. */
  countOf(kind: string, owner: PeerId, isDead: boolean): number {
    return this.#countByOwnerAndPlace.get(`${owner}|${this.placeOf(kind)}|${isDead}`) ?? 0;
  }

  /** What a kind counts as: kinds that are not known here share one place, since anybody can make up names of kinds. */
  placeOf(kind: string): string {
    if (this.#kinds.has(kind)) return kind;
    return kind.endsWith("!") ? "unknown!" : "unknown";
  }

  /**
   * False for a live record whose body does not have the shape that its kind has here: a newer version may mean it
   * well, so it is held, hashed and passed on, but not read.
   */
  isUnderstood({ record }: Held): boolean {
    if (isTombstone(record)) return true;
    const known = this.#isUnderstoodByRecord.get(record);
    if (known !== undefined) return known;
    const isUnderstood = this.#kinds.get(record.kind)?.checkBody(record.body, record.owner) === undefined;
    this.#isUnderstoodByRecord.set(record, isUnderstood);
    return isUnderstood;
  }

  /** The live record under a key, where its body is understood. */
  liveOne(kind: string, owner: PeerId, id: string): LiveRecord | undefined {
    const held = this.#heldByKey.get(recordKey({ kind, owner, id }));
    return held === undefined || isTombstone(held.record) || !this.isUnderstood(held) ? undefined : held.record;
  }

  /** Live records of a kind whose bodies are understood, in the order of (owner, id). */
  live(kind: string): LiveRecord[] {
    const living: Held[] = [];
    for (const held of this.ofKind(kind)) if (!isTombstone(held.record) && this.isUnderstood(held)) living.push(held);
    return living
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .flatMap(({ record }) => (isTombstone(record) ? [] : [record]));
  }

  /** What this registry holds, to begin others with. This registry must not change afterwards. */
  base(): RegistryBase {
    return {
      heldByKey: this.#heldByKey.flattened(),
      keysByOwner: this.#keysByOwner.flattened(),
      countByOwnerAndPlace: this.#countByOwnerAndPlace.flattened(),
      heldByKind: new Map([...this.#heldByKind].map(([kind, held]) => [kind, held.flattened()])),
      digests: this.#digests,
      heldBySignature: this.#heldBySignature.flattened(),
      versions: this.#versions,
    };
  }

  #widened(span: VersionSpan, record: SignedRecord): VersionSpan {
    const { version } = record;
    if ((version >= span.lowest && version <= span.highest) || isLasting(this.#kinds.get(record.kind), record))
      return span;
    return { lowest: Math.min(span.lowest, version), highest: Math.max(span.highest, version) };
  }

  #count(record: SignedRecord, change: 1 | -1): void {
    const { kind, owner } = record;
    const isDead = isTombstone(record);
    const place = `${owner}|${this.placeOf(kind)}|${isDead}`;
    this.#countByOwnerAndPlace.set(place, this.countOf(kind, owner, isDead) + change);
  }

  #ofKind(kind: string): LayeredMap<RecordKey, Held> {
    const found = this.#heldByKind.get(kind);
    if (found !== undefined) return found;
    const created = new LayeredMap<RecordKey, Held>();
    this.#heldByKind.set(kind, created);
    return created;
  }

  #ownSet(owner: PeerId): Set<RecordKey> {
    const found = this.#keysByOwner.get(owner);
    // A set that is not copied here may be shared with other registries.
    if (found !== undefined && this.#ownSets.has(owner)) return found as Set<RecordKey>;
    const created = new Set(found);
    this.#ownSets.add(owner);
    this.#keysByOwner.set(owner, created);
    return created;
  }

  *#inGroup(group: DigestGroup): Generator<Held> {
    for (const held of this.#heldByKey.values()) if (held.group === group) yield held;
  }
}

const FEW_CHANGES = 16;

/** The contents of a registry that others begin with. */
export interface RegistryBase {
  readonly heldByKey: ReadonlyMap<RecordKey, Held>;
  readonly keysByOwner: ReadonlyMap<PeerId, ReadonlySet<RecordKey>>;
  readonly countByOwnerAndPlace: ReadonlyMap<string, number>;
  readonly heldByKind: ReadonlyMap<string, ReadonlyMap<RecordKey, Held>>;
  readonly digests: Readonly<Record<DigestGroup, Digest>>;
  readonly heldBySignature: ReadonlyMap<string, Held>;
  readonly versions: VersionSpan;
}

interface VersionSpan {
  readonly lowest: number;
  readonly highest: number;
}

const NO_VERSIONS: VersionSpan = { lowest: Number.POSITIVE_INFINITY, highest: Number.NEGATIVE_INFINITY };
