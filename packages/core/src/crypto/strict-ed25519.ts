import type { Crypto } from "./crypto.ts";
import { isTorsionFree, nobleCrypto } from "./noble-crypto.ts";

/**
 * The one rule by which every Arctic peer judges a signature, whatever its crypto provider: lengths first, canonical
 * A and R, neither of small order, S below L, then the provider's cofactorless equation.
 * Source: RFC 8032 section 5.1.7; Chalkias, Garillot, Nikolaenko, "Taming the many EdDSAs" (2020).
 * @param publicKey 32 bytes
 * @param signature 64 bytes, R || S
 */
export function verifySignature(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  provider: Pick<Crypto, "verify"> = nobleCrypto,
): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const r = signature.subarray(0, 32);
  if (!isCanonicalPoint(publicKey) || !isCanonicalPoint(r)) return false;
  if (isSmallOrder(publicKey) || isSmallOrder(r)) return false;
  return isBelowGroupOrder(signature.subarray(32)) && provider.verify(publicKey, message, signature);
}

/** True where a key may be taken up: canonical, not of small order, free of torsion. Costs about a millisecond. */
export function isAcceptableKey(publicKey: Uint8Array, provider: Pick<Crypto, "isTorsionFree"> = nobleCrypto): boolean {
  if (publicKey.length !== 32 || !isCanonicalPoint(publicKey) || isSmallOrder(publicKey)) return false;
  return provider.isTorsionFree?.(publicKey) ?? isTorsionFree(publicKey);
}

/** y below p = 2^255 - 19, and no sign bit on x = 0 (y = 1 or y = -1). */
function isCanonicalPoint(bytes: Uint8Array): boolean {
  const top = (bytes[31] ?? 0) & 0x7f;
  const isSigned = ((bytes[31] ?? 0) & 0x80) !== 0;
  if (top === 0x7f && allBetween(bytes, 1, 31, 0xff) && (bytes[0] ?? 0) >= 0xed) return false;
  if (!isSigned) return true;
  const isOne = top === 0 && allBetween(bytes, 1, 31, 0) && bytes[0] === 1;
  const isMinusOne = top === 0x7f && allBetween(bytes, 1, 31, 0xff) && bytes[0] === 0xec;
  return !isOne && !isMinusOne;
}

function allBetween(bytes: Uint8Array, from: number, to: number, value: number): boolean {
  for (let index = from; index < to; index += 1) if (bytes[index] !== value) return false;
  return true;
}

/** y of the eight points of small order, little-endian hex, canonical forms, sign bit cleared. */
const SMALL_ORDER_Y = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].map(bytesFromHex);

function isSmallOrder(bytes: Uint8Array): boolean {
  return SMALL_ORDER_Y.some((point) => {
    for (let index = 0; index < 31; index += 1) if (point[index] !== bytes[index]) return false;
    return point[31] === ((bytes[31] ?? 0) & 0x7f);
  });
}

const GROUP_ORDER_LE = bytesFromHex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

function isBelowGroupOrder(s: Uint8Array): boolean {
  for (let index = 31; index >= 0; index -= 1) {
    const difference = (s[index] ?? 0) - (GROUP_ORDER_LE[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function bytesFromHex(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, index) =>
    Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16),
  );
}
