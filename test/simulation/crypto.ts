import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from "node:crypto";
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
      // Every peer of a run checks the same records: each is really checked once.
      const name = `${latin1(signature)}${latin1(key)}${latin1(hash("sha256", message, "buffer"))}`;
      const known = verdicts.get(name);
      if (known !== undefined) return known;
      const verdict = isVerified(key, message, signature);
      if (verdicts.size > 100_000) verdicts.clear();
      verdicts.set(name, verdict);
      return verdict;
    },
    isTorsionFree: (key) => remembered(torsionFree, key, () => nobleCrypto.isTorsionFree?.(key) ?? false),
    publicKeyOf: (key) =>
      new Uint8Array(
        createPublicKey(secretKey(key)).export({ format: "der", type: "spki" }).subarray(SPKI_HEAD.length),
      ),
    sha256: (bytes) => new Uint8Array(hash("sha256", bytes, "buffer")),
    randomBytes: (length) => random.bytes(length),
  };
}

const verdicts = new Map<string, boolean>();

function isVerified(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(null, message, publicKey(key), signature);
  } catch {
    return false;
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
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
