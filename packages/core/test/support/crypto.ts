import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import type { Crypto } from "../../src/crypto/crypto.ts";
import { isTorsionFree } from "../../src/crypto/noble-crypto.ts";

/** DER heads of an Ed25519 key (RFC 8410): the raw 32 bytes follow. */
const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");
const publicKeyByRaw = new Map<string, KeyObject>();
const secretKeyByRaw = new Map<string, KeyObject>();
const torsionByRaw = new Map<string, boolean>();

/** node:crypto (OpenSSL) as a provider, the second one beside noble. Its random bytes are a stream drawn from the label. */
export function createTestCrypto(label: string): Crypto {
  let drawn = 0;
  let pool = Buffer.alloc(0);
  return {
    sign: (key, message) => new Uint8Array(sign(null, message, secretKey(key))),
    verify: (key, message, signature) => {
      try {
        return verify(null, message, publicKey(key), signature);
      } catch {
        return false;
      }
    },
    isTorsionFree: (key) => remembered(torsionByRaw, key, () => isTorsionFree(key)),
    publicKeyOf: (key) =>
      new Uint8Array(
        createPublicKey(secretKey(key)).export({ format: "der", type: "spki" }).subarray(SPKI_HEAD.length),
      ),
    sha256: (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()),
    randomBytes: (length) => {
      while (pool.length < length) {
        pool = Buffer.concat([pool, createHash("sha256").update(`arctic test stream ${label} ${drawn}`).digest()]);
        drawn += 1;
      }
      const bytes = new Uint8Array(pool.subarray(0, length));
      pool = pool.subarray(length);
      return bytes;
    },
  };
}

function publicKey(raw: Uint8Array): KeyObject {
  return remembered(publicKeyByRaw, raw, () =>
    createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), format: "der", type: "spki" }),
  );
}

function secretKey(raw: Uint8Array): KeyObject {
  return remembered(secretKeyByRaw, raw, () =>
    createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, raw]), format: "der", type: "pkcs8" }),
  );
}

function remembered<T>(valueByRaw: Map<string, T>, raw: Uint8Array, create: () => T): T {
  const name = Buffer.from(raw).toString("latin1");
  const known = valueByRaw.get(name);
  if (known !== undefined) return known;
  const created = create();
  valueByRaw.set(name, created);
  return created;
}
