import { createHash } from "node:crypto";
import { add, BASE, decode, encode, isEqual, L, multiply, numberOf, P, type Point, torsion, ZERO } from "./edwards.ts";

/** The step of the strict rule (docs/protocol.md, section 2.1) that refuses a signature, or `null` where it holds. In plain arithmetic, beside core's. */
export function signatureReason(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): string | null {
  if (publicKey.length !== 32 || signature.length !== 64) return "length";
  const r = signature.subarray(0, 32);
  const s = numberOf(signature.subarray(32));
  if (![publicKey, r].every(isCanonical)) return "non_canonical";
  if ([publicKey, r].some(isSmallOrder)) return "small_order";
  if (s >= L) return "s_range";
  const a = pointOrNothing(publicKey);
  if (a === undefined) return "equation";
  const k = numberOf(createHash("sha512").update(r).update(publicKey).update(message).digest()) % L;
  const minusA = { x: P - a.x, y: a.y };
  const sum = add(multiply(BASE, s), multiply(minusA, k));
  return Buffer.from(encode(sum)).equals(Buffer.from(r)) ? null : "equation";
}

/** Why a key may not be taken up, or `null` where it may. */
export function keyReason(publicKey: Uint8Array): string | null {
  if (publicKey.length !== 32) return "length";
  if (!isCanonical(publicKey)) return "non_canonical";
  if (isSmallOrder(publicKey)) return "small_order";
  const point = pointOrNothing(publicKey);
  if (point === undefined) return "not_a_point";
  return isEqual(multiply(point, L), ZERO) ? null : "torsion";
}

function isCanonical(bytes: Uint8Array): boolean {
  const value = numberOf(bytes);
  const y = value & (2n ** 255n - 1n);
  return y < P && !(value >> 255n === 1n && (y === 1n || y === P - 1n));
}

const SMALL_ORDER_YS = torsion().map(({ y }) => y);

function isSmallOrder(bytes: Uint8Array): boolean {
  return SMALL_ORDER_YS.includes(numberOf(bytes) & (2n ** 255n - 1n));
}

function pointOrNothing(bytes: Uint8Array): Point | undefined {
  try {
    return decode(bytes);
  } catch {
    return undefined;
  }
}

/** A case with the reasons that the rule names beside what is expected of it by hand. */
export function withReasons<
  T extends { readonly public_key: string; readonly message: string; readonly signature: string },
>(one: T) {
  const [publicKey, message, signature] = [one.public_key, one.message, one.signature].map((hex) =>
    Uint8Array.from(Buffer.from(hex, "hex")),
  ) as [Uint8Array, Uint8Array, Uint8Array];
  return { ...one, reason: signatureReason(publicKey, message, signature), key_reason: keyReason(publicKey) };
}
