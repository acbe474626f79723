import * as nodeCrypto from "node:crypto";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  add,
  BASE,
  decode,
  encode,
  isEqual,
  multiply,
  numberOf,
  torsion,
} from "../../../../test/conformance/support/edwards.ts";
import { signatureCases } from "../../../../test/conformance/support/signature-cases.ts";
import { isTorsionFree, nobleCrypto } from "../../src/crypto/noble-crypto.ts";
import { cryptoFromNode } from "../../src/crypto/node-crypto.ts";
import { isAcceptableKey, verifySignature } from "../../src/crypto/strict-ed25519.ts";
import { createTestCrypto } from "../support/crypto.ts";
import { bytesFromHex, bytesOf, hexFromBytes } from "../support/fixtures.ts";

const providers = {
  noble: nobleCrypto,
  "node:crypto": createTestCrypto("strict"),
  cryptoFromNode: cryptoFromNode(nodeCrypto),
};
const cases = signatureCases();

describe("strict Ed25519", () => {
  for (const [name, provider] of Object.entries(providers)) {
    it.each(cases)(`${name}: $name → $valid`, ({ public_key, message, signature, valid }) => {
      const [key, text, sig] = [bytesFromHex(public_key), bytesFromHex(message), bytesFromHex(signature)];
      expect(verifySignature(key, text, sig, provider)).toBe(valid);
    });
    it(`${name} takes up exactly the keys that are canonical, not small and free of torsion`, () => {
      for (const { name: why, public_key, key_acceptable } of cases)
        expect(isAcceptableKey(bytesFromHex(public_key), provider), why).toBe(key_acceptable);
    });
    it(`${name} makes the signatures of RFC 8032 section 7.1, TEST 2`, () => {
      const secretKey = bytesFromHex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
      const [, second] = cases;
      expect(hexFromBytes(provider.publicKeyOf(secretKey))).toBe(second?.public_key);
      expect(hexFromBytes(provider.sign(secretKey, Uint8Array.of(0x72)))).toBe(second?.signature);
    });
  }

  it("X25519 and the curve itself say the same of any 32 bytes whether they are a point free of torsion", {
    timeout: 30_000,
  }, () => {
    const { isTorsionFree: byX25519 } = cryptoFromNode(nodeCrypto);
    const draws = Array.from({ length: 60 }, (_, index) => bytesOf(`draw ${index}`));
    const keys = draws.slice(0, 12).map((secret) => nobleCrypto.publicKeyOf(secret));
    const shifted = keys.flatMap((key) => torsion().map((small) => encode(add(decode(key), small))));
    const verdicts = [...draws, ...keys, ...shifted].map((bytes) => [byX25519?.(bytes), isTorsionFree(bytes)] as const);
    for (const [found, wanted] of verdicts) expect(found).toBe(wanted);
    expect(verdicts.filter(([found]) => found === true).length).toBeGreaterThanOrEqual(24);
  });

  it("a lax provider cannot soften the rule: a `verify` that says yes to all changes no canonical or small-order case", () => {
    const lax = { verify: () => true };
    const softened = cases.filter(
      ({ valid, public_key, message, signature }) =>
        !valid && verifySignature(bytesFromHex(public_key), bytesFromHex(message), bytesFromHex(signature), lax),
    );
    for (const { name } of softened) expect(name).toMatch(/another message|another key|cofactor|no point/);
  });

  it("a signature of the cofactored-only case satisfies the equation with the cofactor and not the one without", () => {
    const shifted = cases.find(({ name }) => name.startsWith("only the equation with the cofactor"));
    if (shifted === undefined) throw new Error("the case is missing");
    const signature = bytesFromHex(shifted.signature);
    const key = bytesFromHex(shifted.public_key);
    const k = numberOf(
      sha512(new Uint8Array([...signature.subarray(0, 32), ...key, ...bytesFromHex(shifted.message)])),
    );
    const left = multiply(BASE, numberOf(signature.subarray(32)));
    const right = add(decode(signature.subarray(0, 32)), multiply(decode(key), k));
    expect(isEqual(left, right)).toBe(false);
    expect(isEqual(multiply(left, 8n), multiply(right, 8n))).toBe(true);
  });

  it("the eight points of small order are refused as keys and as R in both signs", () => {
    expect(new Set(torsion().map(({ x, y }) => `${x} ${y}`)).size).toBe(8);
    for (const { key_acceptable, name } of cases.filter((one) => one.name.startsWith("a key of small order")))
      expect(key_acceptable, name).toBe(false);
  });

  it("the providers sign alike, and each believes the other", () => {
    const secretKey = bytesOf("provider");
    const message = bytesOf("message");
    const [a, b] = Object.values(providers);
    if (a === undefined || b === undefined) throw new Error("two providers");
    expect(a.sign(secretKey, message)).toEqual(b.sign(secretKey, message));
    expect(verifySignature(a.publicKeyOf(secretKey), message, b.sign(secretKey, message), a)).toBe(true);
  });
});

function sha512(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha512").update(bytes).digest());
}
