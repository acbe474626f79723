import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from "node:crypto";
import type { Crypto } from "@arctic/core";

/** Keys that are kept as parsed objects, which makes a verification about ten times cheaper. */
const CACHED_KEYS = 4096;

/** DER heads of an Ed25519 key (RFC 8410): the raw 32 bytes follow. */
const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");

/** node:crypto (OpenSSL) as core's provider. Core's strict rule stands in front of `verify`. */
export function createNodeCrypto(): Crypto {
  const publicKeyByRaw = new Map<string, KeyObject>();
  const secretKeyByRaw = new Map<string, KeyObject>();
  const publicKey = (raw: Uint8Array) =>
    cached(publicKeyByRaw, raw, () => createPublicKey({ key: der(SPKI_HEAD, raw), format: "der", type: "spki" }));
  const secretKey = (raw: Uint8Array) =>
    cached(secretKeyByRaw, raw, () => createPrivateKey({ key: der(PKCS8_HEAD, raw), format: "der", type: "pkcs8" }));

  return {
    sign: (key, message) => new Uint8Array(sign(null, message, secretKey(key))),
    verify: (key, message, signature) => {
      try {
        return verify(null, message, publicKey(key), signature);
      } catch {
        return false;
      }
    },
    publicKeyOf: (key) => {
      const spki = createPublicKey(secretKey(key)).export({ format: "der", type: "spki" });
      return new Uint8Array(spki.subarray(SPKI_HEAD.length));
    },
    sha256: (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()),
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
  };
}

function der(head: Buffer, raw: Uint8Array): Buffer {
  if (raw.length !== 32) throw new RangeError("an Ed25519 key has 32 bytes");
  return Buffer.concat([head, raw]);
}

/** The key object for the raw bytes; the oldest gives way when the map is full. */
function cached(keyByRaw: Map<string, KeyObject>, raw: Uint8Array, create: () => KeyObject): KeyObject {
  const name = Buffer.from(raw).toString("latin1");
  const held = keyByRaw.get(name);
  if (held !== undefined) return held;
  const key = create();
  if (keyByRaw.size >= CACHED_KEYS) {
    for (const oldest of keyByRaw.keys()) {
      keyByRaw.delete(oldest);
      break;
    }
  }
  keyByRaw.set(name, key);
  return key;
}
