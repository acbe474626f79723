import type { Crypto } from "../crypto/crypto.ts";
import { compareBytes, concatBytes, lengthPrefixed } from "../encoding/framing.ts";
import type { RecordKey } from "./record.ts";

export const BUCKETS = 256;
/** How much of a bucket's hash travels when two registries are compared; the whole hash stays local. */
export const BUCKET_MARK_BYTES = 8;

interface Entry {
  readonly keyBytes: Uint8Array;
  readonly bytes: Uint8Array;
}

/**
 * SHA-256 over 256 bucket hashes. A record's bucket is the first byte of SHA-256 of its registry key; a bucket hashes
 * its entries `lp(key) lp(version) content-hash` in the order of the keys' bytes. One change costs one bucket.
 */
export class Digest {
  readonly #crypto: Pick<Crypto, "sha256">;
  readonly #buckets: Map<RecordKey, Entry>[] = Array.from({ length: BUCKETS }, () => new Map());
  readonly #hashes: (Uint8Array | undefined)[] = new Array(BUCKETS).fill(undefined);
  #root: Uint8Array | undefined;

  constructor(crypto: Pick<Crypto, "sha256">) {
    this.#crypto = crypto;
  }

  put(key: RecordKey, keyBytes: Uint8Array, bucket: number, version: number, contentHash: Uint8Array): void {
    this.#buckets[bucket]?.set(key, {
      keyBytes,
      bytes: concatBytes(lengthPrefixed(keyBytes, String(version)), contentHash),
    });
    this.#forget(bucket);
  }

  drop(key: RecordKey, bucket: number): void {
    if (this.#buckets[bucket]?.delete(key)) this.#forget(bucket);
  }

  root(): Uint8Array {
    this.#root ??= this.#crypto.sha256(
      concatBytes(...Array.from({ length: BUCKETS }, (_, bucket) => this.#hashOf(bucket))),
    );
    return this.#root;
  }

  /** The first bytes of every bucket's hash. */
  marks(): readonly Uint8Array[] {
    return Array.from({ length: BUCKETS }, (_, bucket) => this.#hashOf(bucket).subarray(0, BUCKET_MARK_BYTES));
  }

  keysIn(bucket: number): Iterable<RecordKey> {
    return this.#buckets[bucket]?.keys() ?? [];
  }

  #hashOf(bucket: number): Uint8Array {
    const known = this.#hashes[bucket];
    if (known !== undefined) return known;
    const entries = [...(this.#buckets[bucket]?.values() ?? [])].sort((a, b) => compareBytes(a.keyBytes, b.keyBytes));
    const hash = this.#crypto.sha256(concatBytes(...entries.map((entry) => entry.bytes)));
    this.#hashes[bucket] = hash;
    return hash;
  }

  #forget(bucket: number): void {
    this.#hashes[bucket] = undefined;
    this.#root = undefined;
  }
}
