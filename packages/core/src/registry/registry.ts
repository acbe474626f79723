import type { Crypto } from "../crypto/crypto.ts";
import { base64urlFromBytes } from "../encoding/base64url.ts";
import { utf8FromText } from "../encoding/utf8.ts";
import type { PeerId } from "../identity/id.ts";
import { Digest } from "./digest.ts";
import { DIGEST_GROUPS, type DigestGroup, type KindTable } from "./kind.ts";
import type { Hashed } from "./merge.ts";
import { isTombstone, type LiveRecord, type RecordKey, recordKey, type SignedRecord } from "./record.ts";

export interface Held extends Hashed {
  readonly key: RecordKey;
  readonly group: DigestGroup;
  readonly bucket: number;
}

/** The records that a peer holds, by key, owner and kind, with the three digests kept beside them. Judges nothing. */
export class Registry {
  readonly #crypto: Pick<Crypto, "sha256">;
  readonly #kinds: KindTable;
  readonly #heldByKey = new Map<RecordKey, Held>();
  readonly #keysByOwner = new Map<PeerId, Set<RecordKey>>();
  readonly #heldByKind = new Map<string, Map<RecordKey, Held>>();
  readonly #countByOwnerAndKind = new Map<string, number>();
  readonly #digests: Readonly<Record<DigestGroup, Digest>>;

  constructor(crypto: Pick<Crypto, "sha256">, kinds: KindTable) {
    this.#crypto = crypto;
    this.#kinds = kinds;
    this.#digests = { peers: new Digest(crypto), services: new Digest(crypto), others: new Digest(crypto) };
  }

  get size(): number {
    return this.#heldByKey.size;
  }

  get hashes(): Record<DigestGroup, string> {
    const [peers, services, others] = DIGEST_GROUPS.map((group) => base64urlFromBytes(this.#digests[group].root()));
    return { peers: peers ?? "", services: services ?? "", others: others ?? "" };
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

  put(record: SignedRecord, hash: Uint8Array): Held {
    const key = recordKey(record);
    const before = this.#heldByKey.get(key);
    const keyBytes = utf8FromText(key);
    const group = before?.group ?? this.#kinds.get(record.kind)?.group ?? "others";
    const bucket = before?.bucket ?? this.#crypto.sha256(keyBytes)[0] ?? 0;
    const held: Held = { key, record, hash, group, bucket };
    this.#heldByKey.set(key, held);
    if (before !== undefined) this.#count(before.record, -1);
    this.#count(record, 1);
    setIn(this.#heldByKind, record.kind, () => new Map<RecordKey, Held>()).set(key, held);
    setIn(this.#keysByOwner, record.owner, () => new Set<RecordKey>()).add(key);
    this.#digests[group].put(key, keyBytes, bucket, record.version, hash);
    return held;
  }

  drop(key: RecordKey): void {
    const held = this.#heldByKey.get(key);
    if (held === undefined) return;
    this.#heldByKey.delete(key);
    this.#count(held.record, -1);
    this.#heldByKind.get(held.record.kind)?.delete(key);
    this.#keysByOwner.get(held.record.owner)?.delete(key);
    this.#digests[held.group].drop(key, held.bucket);
  }

  all(): Iterable<Held> {
    return this.#heldByKey.values();
  }

  ofKind(kind: string): Iterable<Held> {
    return this.#heldByKind.get(kind)?.values() ?? [];
  }

  ofOwner(owner: PeerId): readonly Held[] {
    return [...(this.#keysByOwner.get(owner) ?? [])].flatMap((key) => this.#heldByKey.get(key) ?? []);
  }

  owners(): Iterable<PeerId> {
    return this.#keysByOwner.keys();
  }

  /** How many live records, or tombstones, of a kind an owner has. */
  countOf(kind: string, owner: PeerId, isDead: boolean): number {
    return this.#countByOwnerAndKind.get(`${owner}|${kind}|${isDead}`) ?? 0;
  }

  /** Live records of a kind, in the order of (owner, id). */
  live(kind: string): LiveRecord[] {
    const records: LiveRecord[] = [];
    for (const { record } of this.ofKind(kind)) if (!isTombstone(record)) records.push(record);
    return records.sort((a, b) => (recordKey(a) < recordKey(b) ? -1 : 1));
  }

  #count(record: SignedRecord, change: 1 | -1): void {
    const { kind, owner } = record;
    const isDead = isTombstone(record);
    this.#countByOwnerAndKind.set(`${owner}|${kind}|${isDead}`, this.countOf(kind, owner, isDead) + change);
  }
}

function setIn<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const created = create();
  map.set(key, created);
  return created;
}
