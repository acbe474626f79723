/**
 * Edwards25519 in the plainest arithmetic (RFC 8032 section 5.1), a second opinion beside the providers of core. It
 * makes the signatures that no honest signer makes. Slow, and nothing in it is constant in time.
 */
export interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

export const P = 2n ** 255n - 19n;
/** L, the order of the base point. */
export const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = mod(-121665n * inverse(121666n));
const SQRT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n);

export const ZERO: Point = { x: 0n, y: 1n };
export const BASE: Point = pointOf(mod(4n * inverse(5n)), 0n);

export function add(a: Point, b: Point): Point {
  return affine(sum(extended(a), extended(b)));
}

export function multiply(a: Point, scalar: bigint): Point {
  let total = extended(ZERO);
  let doubled = extended(a);
  for (let rest = scalar; rest > 0n; rest >>= 1n) {
    if (rest & 1n) total = sum(total, doubled);
    doubled = sum(doubled, doubled);
  }
  return affine(total);
}

export function isEqual(a: Point, b: Point): boolean {
  return a.x === b.x && a.y === b.y;
}

/** The point with this y whose x has this lowest bit. Throws where there is none. */
export function pointOf(y: bigint, sign: bigint): Point {
  const u = mod(y * y - 1n);
  const v = mod(D * y * y + 1n);
  const root = power(mod(u * inverse(v)), (P + 3n) / 8n);
  const x = [root, mod(root * SQRT_OF_MINUS_ONE)].find((candidate) => mod(v * candidate * candidate - u) === 0n);
  if (x === undefined) throw new RangeError("no point has this y");
  return { x: (x & 1n) === sign ? x : mod(-x), y };
}

export function encode(point: Point): Uint8Array {
  return littleEndianOf(point.y | ((point.x & 1n) << 255n));
}

/** Lax on purpose: takes y modulo P and any sign. */
export function decode(bytes: Uint8Array): Point {
  const value = numberOf(bytes);
  return pointOf(mod(value & (2n ** 255n - 1n)), value >> 255n);
}

/** The eight points whose order divides 8, the first of them zero, each the sum of the one before and the second. */
export function torsion(): Point[] {
  const generator = Array.from({ length: 64 }, (_, y) => BigInt(y + 2))
    .flatMap((y) => pointsOf(y))
    .map((point) => multiply(point, L))
    .find((point) => !isEqual(multiply(point, 4n), ZERO));
  if (generator === undefined) throw new Error("no point of order 8 was found");
  return Array.from({ length: 8 }, (_, index) => multiply(generator, BigInt(index)));
}

export function littleEndianOf(value: bigint, length = 32): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => Number((value >> BigInt(8 * index)) & 255n));
}

export function numberOf(littleEndian: Uint8Array): bigint {
  return littleEndian.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function pointsOf(y: bigint): Point[] {
  try {
    return [pointOf(y, 0n)];
  } catch {
    return [];
  }
}

/** x = X/Z, y = Y/Z, x y = T/Z: adds without a division (RFC 8032 section 5.1.4). */
interface Extended {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
  readonly t: bigint;
}

function extended({ x, y }: Point): Extended {
  return { x, y, z: 1n, t: mod(x * y) };
}

function affine({ x, y, z }: Extended): Point {
  const byZ = inverse(z);
  return { x: mod(x * byZ), y: mod(y * byZ) };
}

function sum(p: Extended, q: Extended): Extended {
  const a = mod((p.y - p.x) * (q.y - q.x));
  const b = mod((p.y + p.x) * (q.y + q.x));
  const c = mod(2n * D * p.t * q.t);
  const d = mod(2n * p.z * q.z);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return { x: mod(e * f), y: mod(g * h), z: mod(f * g), t: mod(e * h) };
}

function mod(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

function inverse(value: bigint): bigint {
  return power(mod(value), P - 2n);
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = mod(base);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
}
