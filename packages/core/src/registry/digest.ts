import type { Crypto } from "../crypto/crypto.ts";
import { concatBytes } from "../encoding/framing.ts";
import type { RecordKey } from "./record.ts";
import { Sketch } from "./sketch.ts";

export const BUCKETS = 256;
/** How much of a bucket's hash travels when two registries are compared; the whole hash stays local. */
export const BUCKET_MARK_BYTES = 8;

/** What a digest covers of a record: `lp(key) lp(version) content-hash`; the key is ASCII, the version its decimal text. */
export function digestEntry(key: RecordKey, version: number, contentHash: Uint8Array): Uint8Array {
  const digits = String(version);
  const entry = new Uint8Array(8 + key.length + digits.length + contentHash.length);
  writeAscii(entry, writeAscii(entry, 0, key), digits);
  entry.set(contentHash, entry.length - contentHash.length);
  return entry;
}

/**
 * SHA-256 over 256 bucket hashes. A record's bucket is the first byte of SHA-256 of its registry key; a bucket hashes
 * its entries in the order of the keys' bytes. One change costs one bucket.
 * A sketch of the same records is kept beside it.
 */
export class Digest {
  readonly sketch: Sketch;
  readonly #crypto: Pick<Crypto, "sha256">;
  readonly #entryOf: (key: RecordKey) => Uint8Array | undefined;
  /** Each in the order of its keys, which is that of their bytes, since they are ASCII. A bucket that is shared with the digest that this one was forked from is copied before its first change. */
  readonly #buckets: RecordKey[][];
  readonly #isShared: boolean[];
  readonly #hashes: (Uint8Array | undefined)[];
  #root: Uint8Array | undefined;

  constructor(crypto: Pick<Crypto, "sha256">, entryOf: (key: RecordKey) => Uint8Array | undefined, from?: Digest) {
    this.#crypto = crypto;
    this.#entryOf = entryOf;
    this.#root = from?.root();
    this.#buckets = from === undefined ? Array.from({ length: BUCKETS }, () => []) : [...from.#buckets];
    this.#isShared = new Array(BUCKETS).fill(from !== undefined);
    this.#hashes = from === undefined ? new Array(BUCKETS).fill(crypto.sha256(new Uint8Array())) : [...from.#hashes];
    this.sketch = new Sketch(from?.sketch);
  }

  /** To be called after a record came under a key, with the content hash that it replaced, if any. */
  put(key: RecordKey, bucket: number, hash: Uint8Array, replaced: Uint8Array | undefined): void {
    if (replaced === undefined) insertSorted(this.#ownBucket(bucket), key);
    else this.sketch.toggle(replaced, -1);
    this.sketch.toggle(hash, 1);
    this.#forget(bucket);
  }

  /** To be called after the record under a key was dropped. */
  drop(key: RecordKey, bucket: number, hash: Uint8Array): void {
    const keys = this.#ownBucket(bucket);
    const index = placeOf(keys, key);
    if (keys[index] !== key) return;
    keys.splice(index, 1);
    this.sketch.toggle(hash, -1);
    this.#forget(bucket);
  }

  root(): Uint8Array {
    if (this.#root !== undefined) return this.#root;
    const hashes = new Uint8Array(BUCKETS * 32);
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) hashes.set(this.#hashOf(bucket), bucket * 32);
    this.#root = this.#crypto.sha256(hashes);
    return this.#root;
  }

  /** The first bytes of every bucket's hash. */
  marks(): readonly Uint8Array[] {
    return Array.from({ length: BUCKETS }, (_, bucket) => this.#hashOf(bucket).subarray(0, BUCKET_MARK_BYTES));
  }

  keysIn(bucket: number): readonly RecordKey[] {
    return this.#buckets[bucket] ?? [];
  }

  #hashOf(bucket: number): Uint8Array {
    const known = this.#hashes[bucket];
    if (known !== undefined) return known;
    const hash = this.#crypto.sha256(concatBytes(...this.keysIn(bucket).flatMap((key) => this.#entryOf(key) ?? [])));
    this.#hashes[bucket] = hash;
    return hash;
  }

  #ownBucket(bucket: number): RecordKey[] {
    const keys = this.#buckets[bucket] ?? [];
    if (!this.#isShared[bucket]) return keys;
    const copy = [...keys];
    this.#buckets[bucket] = copy;
    this.#isShared[bucket] = false;
    return copy;
  }

  #forget(bucket: number): void {
    this.#hashes[bucket] = undefined;
    this.#root = undefined;
  }
}

/** Where a key is in a sorted list, or would be. */
function placeOf(keys: readonly RecordKey[], key: RecordKey): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insertSorted(keys: RecordKey[], key: RecordKey): void {
  const last = keys.at(-1);
  if (last === undefined || last < key) keys.push(key);
  else keys.splice(placeOf(keys, key), 0, key);
}

/** `u32be(len) || text`; answers where it ends. */
function writeAscii(bytes: Uint8Array, at: number, text: string): number {
  bytes[at + 2] = text.length >> 8;
  bytes[at + 3] = text.length & 0xff;
  for (let index = 0; index < text.length; index += 1) bytes[at + 4 + index] = text.charCodeAt(index);
  return at + 4 + text.length;
}
