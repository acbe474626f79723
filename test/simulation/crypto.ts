import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { type Crypto, nobleCrypto } from "@arctic/core";
import type { Random } from "./random.ts";

const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");
const publicKeys = new Map<string, KeyObject>();
const secretKeys = new Map<string, KeyObject>();
const torsionFree = new Map<string, boolean>();

/** Real signatures (OpenSSL), randomness from the seed. Keys are cached over all peers of a run, which is only speed. */
export function createSimulatedCrypto(random: Random): Crypto {
  return {
    sign: (key, message) => new Uint8Array(sign(null, message, secretKey(key))),
    verify: (key, message, signature) => {
      try {
        return verify(null, message, publicKey(key), signature);
      } catch {
        return false;
      }
    },
    isTorsionFree: (key) => remembered(torsionFree, key, () => nobleCrypto.isTorsionFree?.(key) ?? false),
    publicKeyOf: (key) =>
      new Uint8Array(
        createPublicKey(secretKey(key)).export({ format: "der", type: "spki" }).subarray(SPKI_HEAD.length),
      ),
    sha256: (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()),
    randomBytes: (length) => random.bytes(length),
  };
}

function publicKey(raw: Uint8Array): KeyObject {
  return remembered(publicKeys, raw, () =>
    createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), format: "der", type: "spki" }),
  );
}

function secretKey(raw: Uint8Array): KeyObject {
  return remembered(secretKeys, raw, () =>
    createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, raw]), format: "der", type: "pkcs8" }),
  );
}

function remembered<T>(map: Map<string, T>, raw: Uint8Array, create: () => T): T {
  const name = Buffer.from(raw).toString("latin1");
  const known = map.get(name);
  if (known !== undefined) return known;
  const created = create();
  map.set(name, created);
  return created;
}
