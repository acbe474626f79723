import type { SignatureCheck } from "../crypto/crypto.ts";
import { bytesFromBase64url } from "../encoding/base64url.ts";
import { decodeMessage, type Message } from "../gossip/message.ts";
import * as LIMITS from "../limits.ts";
import { checkRecordShape, checkSignedBytes, type RecordKey, type SignedRecord } from "../registry/record.ts";
import type { Registry } from "../registry/registry.ts";
import type { Result } from "../result.ts";
import { keepLatest } from "./keep-latest.ts";

/** So many frames are kept as they were read until they are heard. */
const FRAMES_KEPT = 8;

/** The message in a frame without the records that were held when it was read, and their keys. */
interface Read {
  readonly decoded: Result<Message>;
  readonly shown: readonly RecordKey[];
  /** The bytes under signatures, of those records whose signatures were asked for. */
  readonly bytesByRecord: Map<SignedRecord, Result<Uint8Array>>;
}

/** Reads frames, some of them before they are heard: the host has their signatures checked meanwhile. Each is read once. */
export class Ahead {
  readonly #registry: Registry;
  readonly #readByFrame = new Map<string, Read>();
  #heard: Read | undefined;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** The message in a frame that is heard. */
  hear(frame: string): Read {
    this.#heard = this.#readByFrame.get(frame) ?? this.#read(frame);
    this.#readByFrame.delete(frame);
    return this.#heard;
  }

  /** The signatures of the records in a frame that are not held, as they will be checked. Empty for what cannot be read. */
  signaturesIn(frame: string): SignatureCheck[] {
    const read = this.#read(frame);
    // No honest frame of records is much longer than a page.
    if (frame.length <= 2 * LIMITS.pageBytes) this.#readByFrame.set(frame, read);
    keepLatest(this.#readByFrame, FRAMES_KEPT);
    const { decoded } = read;
    if (!decoded.ok || !("records" in decoded.value)) return [];
    return decoded.value.records.flatMap((record) => checkOf(record, read));
  }

  /** The bytes under a record's signature, as they were made for its check, or are made now. */
  signedBytesOf(record: SignedRecord): Result<Uint8Array> {
    return this.#heard?.bytesByRecord.get(record) ?? checkSignedBytes(record);
  }

  #read(frame: string): Read {
    const shown: RecordKey[] = [];
    return { decoded: decodeMessage(frame, this.#registry.heldTexts(shown)), shown, bytesByRecord: new Map() };
  }
}

function checkOf(value: unknown, { bytesByRecord }: Read): SignatureCheck | [] {
  const shaped = checkRecordShape(value);
  if (!shaped.ok) return [];
  const [publicKey, signature] = [shaped.value.key, shaped.value.signature].map(bytesFromBase64url);
  const bytes = checkSignedBytes(shaped.value);
  if (publicKey?.length !== 32 || signature?.length !== 64 || !bytes.ok) return [];
  bytesByRecord.set(shaped.value, bytes);
  return { publicKey, message: bytes.value, signature };
}
