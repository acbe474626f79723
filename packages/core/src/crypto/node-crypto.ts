import type { Crypto, SignatureCheck } from "./crypto.ts";
import { torsionCheckFrom, type X25519Module } from "./torsion-by-x25519.ts";

/** What of `node:crypto` is used, in a form that needs no types of Node: pass the module itself. */
export interface NodeCryptoModule extends X25519Module {
  sign(algorithm: null, message: Uint8Array, key: never): Uint8Array;
  verify(
    algorithm: null,
    message: Uint8Array,
    key: never,
    signature: Uint8Array,
    callback?: (error: Error | null, isRight: boolean) => void,
  ): boolean;
  hash(algorithm: "sha256", bytes: Uint8Array, encoding: "buffer"): Uint8Array;
  randomBytes(length: number): Uint8Array;
}

/** A provider that can check signatures on other threads before they are asked for. */
export interface NodeCrypto extends Crypto {
  /**
   * Checks signatures on libuv's thread pool; `verify` then answers from memory, once each. At most 4,096 verdicts wait.
   * Stops early where more than `maxWrong` are wrong: who sends such things gets no threads. Never rejects.
   */
  verifyAhead(checks: readonly SignatureCheck[], maxWrong?: number): Promise<void>;
}

/** Keys that are kept as parsed objects, which makes a verification about ten times cheaper. */
const CACHED_KEYS = 4096;

/** DER heads of an Ed25519 key (RFC 8410): the raw 32 bytes follow. */
const SPKI_HEAD = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);
const PKCS8_HEAD = Uint8Array.of(
  ...[0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20],
);

/**
 * A provider over Node's own `node:crypto` (OpenSSL), some ten times as fast as noble: `cryptoFromNode(await
 * import("node:crypto"))`. Core's strict rule (RFC 8032, 5.1.7, without its leniencies) stands in front of `verify`, so that
 * both accept the same signatures. Needs Node 22. Keeps up to 4,096 keys of each kind parsed.
 */
export function cryptoFromNode(node: NodeCryptoModule): NodeCrypto {
  const verdicts = new Verdicts();
  const few = new FewBytes(node);
  const publicKeyByRaw = new Map<string, never>();
  const secretKeyByRaw = new Map<string, never>();
  const publicKey = (raw: Uint8Array) =>
    cached(publicKeyByRaw, raw, () => node.createPublicKey(der(SPKI_HEAD, raw, "spki")));
  const secretKey = (raw: Uint8Array) =>
    cached(secretKeyByRaw, raw, () => node.createPrivateKey(der(PKCS8_HEAD, raw, "pkcs8")));

  return {
    sign: (key, message) => new Uint8Array(node.sign(null, message, secretKey(key))),
    verify: (key, message, signature) => {
      const known = verdicts.take({ publicKey: key, message, signature });
      if (known !== undefined) return known;
      try {
        return node.verify(null, message, publicKey(key), signature);
      } catch {
        return false;
      }
    },
    verifyAhead: async (checks, maxWrong = 20) => {
      let wrong = 0;
      for (let from = 0; from < checks.length && wrong <= maxWrong; from += SLICE) {
        const slice = checks.slice(from, from + SLICE);
        const found = await Promise.all(slice.map((check) => verdictOnPool(node, check, publicKey)));
        for (const [index, check] of slice.entries()) {
          const isRight = found[index] ?? false;
          verdicts.put(check, isRight);
          if (!isRight) wrong += 1;
        }
      }
    },
    isTorsionFree: torsionCheckFrom(node),
    publicKeyOf: (key) => {
      const spki = exported(node.createPublicKey(secretKey(key)));
      return new Uint8Array(spki.subarray(SPKI_HEAD.length));
    },
    sha256: (bytes) => new Uint8Array(node.hash("sha256", bytes, "buffer")),
    randomBytes: (length) => (length <= FEW_BYTES ? few.take(length) : new Uint8Array(node.randomBytes(length))),
  };
}

/** Draws of so many bytes are choices and delays, never secrets: those are drawn by themselves, as late as they can be. */
const FEW_BYTES = 8;
const FEW_BYTES_STOCK = 1024;

/** Small draws out of a larger one, which costs OpenSSL as much as a small one. */
class FewBytes {
  readonly #node: NodeCryptoModule;
  #stock: Uint8Array = new Uint8Array();
  #used = 0;

  constructor(node: NodeCryptoModule) {
    this.#node = node;
  }

  take(length: number): Uint8Array {
    if (this.#used + length > this.#stock.length) {
      this.#stock = new Uint8Array(this.#node.randomBytes(FEW_BYTES_STOCK));
      this.#used = 0;
    }
    this.#used += length;
    return this.#stock.slice(this.#used - length, this.#used);
  }
}

/** So many are handed to the pool at once: enough to keep it busy, few enough to stop soon. */
const SLICE = 64;

function verdictOnPool(
  node: NodeCryptoModule,
  { publicKey, message, signature }: SignatureCheck,
  keyOf: (raw: Uint8Array) => never,
): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      node.verify(null, message, keyOf(publicKey), signature, (error, isRight) => resolve(error === null && isRight));
    } catch {
      resolve(false);
    }
  });
}

/** Verdicts that nobody has asked for yet, by the whole of what was judged. The oldest give way. */
class Verdicts {
  readonly #bySignature = new Map<string, SignatureCheck & { readonly isRight: boolean }>();

  put(check: SignatureCheck, isRight: boolean): void {
    for (const oldest of this.#bySignature.keys()) {
      if (this.#bySignature.size < CACHED_KEYS) break;
      this.#bySignature.delete(oldest);
    }
    this.#bySignature.set(String.fromCharCode(...check.signature), { ...check, isRight });
  }

  take({ publicKey, message, signature }: SignatureCheck): boolean | undefined {
    if (this.#bySignature.size === 0) return undefined;
    const name = String.fromCharCode(...signature);
    const held = this.#bySignature.get(name);
    if (held === undefined || !areEqual(held.publicKey, publicKey) || !areEqual(held.message, message))
      return undefined;
    this.#bySignature.delete(name);
    return held.isRight;
  }
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}

/** The argument by which Node parses a raw key. */
function der(head: Uint8Array, raw: Uint8Array, type: "spki" | "pkcs8"): never {
  if (raw.length !== 32) throw new RangeError("an Ed25519 key has 32 bytes");
  return { key: Uint8Array.of(...head, ...raw), format: "der", type } as never;
}

function exported(key: unknown): Uint8Array {
  return (key as { export(as: { format: "der"; type: "spki" }): Uint8Array }).export({ format: "der", type: "spki" });
}

/** The key object for the raw bytes; the oldest gives way when the map is full. */
function cached(keyByRaw: Map<string, never>, raw: Uint8Array, create: () => unknown): never {
  const name = String.fromCharCode(...raw);
  const held = keyByRaw.get(name);
  if (held !== undefined) return held;
  const key = create() as never;
  for (const oldest of keyByRaw.keys()) {
    if (keyByRaw.size < CACHED_KEYS) break;
    keyByRaw.delete(oldest);
  }
  keyByRaw.set(name, key);
  return key;
}
