import * as nodeCrypto from "node:crypto";
import { readFileSync } from "node:fs";
import { type Crypto, cryptoFromNode, type NodeCryptoModule, nobleCrypto, verifySignature } from "@arctic/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

interface SignatureVector {
  readonly name: string;
  readonly public_key: string;
  readonly message: string;
  readonly signature: string;
  readonly valid: boolean;
}

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const message = fc.uint8Array({ maxLength: 300 });
const providers: [string, Crypto][] = [
  ["noble", nobleCrypto],
  ["node:crypto", cryptoFromNode(nodeCrypto)],
];

describe.each(providers)("%s as a provider of core", (_, crypto) => {
  it("verifies what it signed under the key that it derives", () => {
    fc.assert(
      fc.property(bytes(32), message, (secretKey, text) => {
        const signature = crypto.sign(secretKey, text);
        expect(signature).toHaveLength(64);
        expect(verifySignature(crypto.publicKeyOf(secretKey), text, signature, crypto)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it("makes the keys, signatures and hashes that noble makes, as plain bytes", () => {
    fc.assert(
      fc.property(bytes(32), message, (secretKey, text) => {
        for (const [mine, nobles] of [
          [crypto.publicKeyOf(secretKey), nobleCrypto.publicKeyOf(secretKey)],
          [crypto.sign(secretKey, text), nobleCrypto.sign(secretKey, text)],
          [crypto.sha256(text), nobleCrypto.sha256(text)],
        ]) {
          expect(mine).toEqual(nobles);
          expect(Object.getPrototypeOf(mine)).toBe(Uint8Array.prototype);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("refuses a signature with one bit turned", () => {
    fc.assert(
      fc.property(bytes(32), message, fc.nat(511), (secretKey, text, bit) => {
        const signature = crypto.sign(secretKey, text);
        signature[bit >> 3] = (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(crypto.verify(crypto.publicKeyOf(secretKey), text, signature)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it("answers false for keys that are no points, and never throws", () => {
    fc.assert(
      fc.property(bytes(32), message, bytes(64), (publicKey, text, signature) => {
        expect(crypto.verify(publicKey, text, signature)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it.each(signatureVectors())("judges the vector: $name", ({ public_key, message, signature, valid }) => {
    const verdict = verifySignature(fromHex(public_key), fromHex(message), fromHex(signature), crypto);
    expect(verdict).toBe(valid);
  });

  it("gives other random bytes each time", () => {
    const [one, other] = [crypto.randomBytes(32), crypto.randomBytes(32)];
    expect([one.length, other.length]).toEqual([32, 32]);
    expect(one).not.toEqual(other);
  });
});

describe("cryptoFromNode", () => {
  it("goes on working with more keys than it keeps parsed", () => {
    const crypto = cryptoFromNode(nodeCrypto);
    const text = Uint8Array.of(1, 2, 3);
    const secretKeys = Array.from({ length: 4200 }, (_, index) => crypto.sha256(Uint8Array.of(index, index >> 8)));
    const [first] = secretKeys;
    if (first === undefined) throw new Error("there are keys");
    const publicKey = crypto.publicKeyOf(first);
    for (const secretKey of secretKeys) crypto.sign(secretKey, text);
    expect(crypto.verify(publicKey, text, crypto.sign(first, text))).toBe(true);
  });

  it("answers from memory, once, what was checked ahead on the thread pool", async () => {
    const { module, asked } = countingModule();
    const crypto = cryptoFromNode(module);
    const checks = Array.from({ length: 150 }, (_, index) => signed(crypto, index));
    const [first, second, third] = checks;
    if (first === undefined || second === undefined || third === undefined) throw new Error("there are checks");
    second.signature[40] = (second.signature[40] ?? 0) ^ 1;
    await crypto.verifyAhead(checks);
    expect(crypto.verify(first.publicKey, first.message, first.signature)).toBe(true);
    expect(crypto.verify(second.publicKey, second.message, second.signature)).toBe(false);
    expect(asked.here).toBe(0);
    expect(crypto.verify(first.publicKey, first.message, first.signature)).toBe(true);
    expect(asked.here).toBe(1);
    // The same signature under another message is another question.
    expect(crypto.verify(third.publicKey, first.message, third.signature)).toBe(false);
    expect(asked.here).toBe(2);
  });

  it("gives who sends wrong signatures no more than a slice of the pool", async () => {
    const { module, asked } = countingModule();
    const crypto = cryptoFromNode(module);
    const checks = Array.from({ length: 1000 }, (_, index) => ({
      ...signed(crypto, index),
      message: Uint8Array.of(1),
    }));
    await crypto.verifyAhead(checks);
    expect(asked.onPool).toBeLessThanOrEqual(64);
    const malformed = { publicKey: new Uint8Array(3), message: new Uint8Array(), signature: new Uint8Array() };
    await crypto.verifyAhead([malformed]);
    expect(crypto.verify(malformed.publicKey, malformed.message, malformed.signature)).toBe(false);
  });

  it("says that a key of another length is none", () => {
    const crypto = cryptoFromNode(nodeCrypto);
    expect(() => crypto.sign(new Uint8Array(31), Uint8Array.of())).toThrow(/32 bytes/);
    expect(crypto.verify(new Uint8Array(33), Uint8Array.of(), new Uint8Array(64))).toBe(false);
  });
});

/** `node:crypto`, and how often it was asked to verify: here and now, or on the pool. */
function countingModule() {
  const asked = { here: 0, onPool: 0 };
  const verify: NodeCryptoModule["verify"] = (algorithm, text, key, signature, callback) => {
    asked[callback === undefined ? "here" : "onPool"] += 1;
    return real.verify(algorithm, text, key, signature, callback);
  };
  const real: NodeCryptoModule = nodeCrypto;
  return { module: { ...real, verify }, asked };
}

function signed(crypto: Crypto, index: number) {
  const secretKey = crypto.sha256(Uint8Array.of(index, index >> 8, 1));
  const message = Uint8Array.of(index, index >> 8);
  return { publicKey: crypto.publicKeyOf(secretKey), message, signature: crypto.sign(secretKey, message) };
}

function signatureVectors(): readonly SignatureVector[] {
  const file = new URL("../conformance/vectors/signatures.json", import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).cases;
}

function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}
