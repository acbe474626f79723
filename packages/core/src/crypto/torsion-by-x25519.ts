import { GROUP_ORDER, littleEndian } from "./noble-crypto.ts";

/** What of `node:crypto` makes keys and multiplies on Curve25519. */
export interface X25519Module {
  createPublicKey(input: never): unknown;
  createPrivateKey(input: never): unknown;
  diffieHellman(keys: { readonly privateKey: never; readonly publicKey: never }): Uint8Array;
}

/** DER heads of an X25519 key (RFC 8410): the raw 32 bytes follow. */
const SPKI_HEAD = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00);
const PKCS8_HEAD = Uint8Array.of(
  ...[0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20],
);

/** 2^255 - 19. */
const P = 2n ** 255n - 19n;

/**
 * 5 L - 1. It is 0 modulo 8 and lies between 2^254 and 2^255, so X25519 (RFC 7748, section 5) takes it as it is; and it is
 * -1 modulo L.
 */
const CLEARING = littleEndianFrom(5n * GROUP_ORDER - 1n);

/**
 * Answers whether encoded Edwards points are in the prime-order subgroup, by one X25519 of OpenSSL each, some ten times as
 * fast as a multiplication in JavaScript. A point is P + T, P of prime order, T of small order; the multiple of it by
 * `CLEARING` is -P, whose u is P's. It is the point's own u only where T is zero, or where P is, which small-order keys
 * alone have. What is no point of the curve lies on its twist, where no multiple by `CLEARING` has its own u either.
 */
export function torsionCheckFrom(node: X25519Module): (publicKey: Uint8Array) => boolean {
  const privateKey = node.createPrivateKey({
    key: Uint8Array.of(...PKCS8_HEAD, ...CLEARING),
    format: "der",
    type: "pkcs8",
  } as never) as never;
  return (publicKey) => {
    const u = montgomeryFrom(publicKey);
    if (u === undefined) return false;
    const key = { key: Uint8Array.of(...SPKI_HEAD, ...u), format: "der", type: "spki" } as never;
    try {
      const cleared = node.diffieHellman({ privateKey, publicKey: node.createPublicKey(key) as never });
      return u.every((byte, index) => cleared[index] === byte);
    } catch {
      // OpenSSL refuses what comes to zero: a point of small order.
      return false;
    }
  };
}

/** u = (1 + y) / (1 - y), little-endian; `undefined` for the neutral point, which has none (RFC 7748, section 4.1). */
function montgomeryFrom(point: Uint8Array): Uint8Array | undefined {
  const y = littleEndian(point) & (2n ** 255n - 1n);
  const inverse = inverseOf((1n - y + P) % P);
  if (inverse === undefined) return undefined;
  return littleEndianFrom(((1n + y) * inverse) % P);
}

/** Modulo P, by Euclid; the point is public, so the time that it takes tells nothing. */
function inverseOf(value: bigint): bigint | undefined {
  let [a, b, x, y] = [value, P, 1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b, x, y] = [b - quotient * a, a, y - quotient * x, x];
  }
  return a === 1n ? ((x % P) + P) % P : undefined;
}

function littleEndianFrom(value: bigint): Uint8Array {
  const bytes = new Uint8Array(32);
  let rest = value;
  for (let index = 0; index < 32; index += 1) {
    bytes[index] = Number(rest & 255n);
    rest >>= 8n;
  }
  return bytes;
}
