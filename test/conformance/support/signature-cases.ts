import { createHash } from "node:crypto";
import { bytesOf, crypto, hexFromBytes } from "../../../packages/core/test/support/fixtures.ts";
import {
  add,
  BASE,
  decode,
  encode,
  isEqual,
  L,
  littleEndianOf,
  multiply,
  numberOf,
  P,
  type Point,
  torsion,
  ZERO,
} from "./edwards.ts";

/** Bytes are lower-case hex. */
export interface SignatureCase {
  readonly name: string;
  readonly public_key: string;
  readonly message: string;
  readonly signature: string;
  readonly valid: boolean;
  /** Whether a peer may take the key up: canonical, not of small order, free of torsion. */
  readonly key_acceptable: boolean;
}

interface Signer {
  readonly scalar: bigint;
  readonly publicKey: Uint8Array;
}

/** Each forged case satisfies an equation that some verifiers use; the strict rule of docs/protocol.md tells them apart. */
export function signatureCases(): SignatureCase[] {
  const signer = signerOf("signer");
  const honest = crypto.sign(bytesOf("signer"), text("arctic"));
  const valid = case_(
    "a signature of RFC 8032 by a key of the prime-order group",
    signer.publicKey,
    text("arctic"),
    honest,
    true,
    true,
  );
  return [
    ...rfc8032(),
    valid,
    {
      ...valid,
      name: "the same signature over another message",
      message: hexFromBytes(text("antarctic")),
      valid: false,
    },
    {
      ...valid,
      name: "the same signature by another key",
      public_key: hexFromBytes(signerOf("other").publicKey),
      valid: false,
    },
    ...wrongLengths(valid),
    ...sNotBelowL(valid, honest),
    ...smallOrderKeys(),
    ...smallOrderR(signer),
    ...nonCanonicalKeys(),
    ...nonCanonicalR(signer),
    cofactoredOnly(signer),
    ...mixedOrderKeys(signer),
    ...notOnTheCurve(valid, honest),
  ];
}

function rfc8032(): SignatureCase[] {
  const of = (name: string, public_key: string, message: string, signature: string) => ({
    name: `RFC 8032 section 7.1, ${name}`,
    public_key,
    message,
    signature,
    valid: true,
    key_acceptable: true,
  });
  return [
    of(
      "TEST 1",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    of(
      "TEST 2",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    of(
      "TEST 3",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
  ];
}

function wrongLengths(valid: SignatureCase): SignatureCase[] {
  return [
    { ...valid, name: "a key of 31 bytes", public_key: valid.public_key.slice(2), valid: false, key_acceptable: false },
    { ...valid, name: "a key of 33 bytes", public_key: `${valid.public_key}00`, valid: false, key_acceptable: false },
    { ...valid, name: "a signature of 63 bytes", signature: valid.signature.slice(2), valid: false },
    { ...valid, name: "a signature of 65 bytes", signature: `${valid.signature}00`, valid: false },
    { ...valid, name: "an empty signature", signature: "", valid: false },
  ];
}

function sNotBelowL(valid: SignatureCase, honest: Uint8Array): SignatureCase[] {
  const s = numberOf(honest.subarray(32));
  const withS = (name: string, value: bigint): SignatureCase => ({
    ...valid,
    name,
    signature: hexFromBytes(new Uint8Array([...honest.subarray(0, 32), ...littleEndianOf(value)])),
    valid: false,
  });
  return [
    withS("S + L in place of S: a second spelling", s + L),
    withS("S + 8 L in place of S", s + 8n * L),
    withS("S = L", L),
    withS("S = 2^256 - 1", 2n ** 256n - 1n),
  ];
}

/** k A = 0 for the chosen message, so S B = R holds for whoever knows S: a signature without a secret. */
function smallOrderKeys(): SignatureCase[] {
  return torsion().map((key, index) => {
    const publicKey = encode(key);
    const { message, r, s } = forgedFor(publicKey, key, `small-order key ${index}`);
    return case_(
      `a key of small order, ${index} times the generator of the torsion group`,
      publicKey,
      message,
      joined(r, s),
      false,
      false,
    );
  });
}

/** S = k a makes S B = 0 + k A: the equation holds with R = 0; with another small R the cofactored one does. */
function smallOrderR(signer: Signer): SignatureCase[] {
  return torsion().map((point, index) => {
    const message = text(`small-order R ${index}`);
    const r = encode(point);
    const s = (challengeOf(r, signer.publicKey, message) * signer.scalar) % L;
    return case_(
      `an R of small order, ${index} times the generator of the torsion group`,
      signer.publicKey,
      message,
      joined(r, s),
      false,
      true,
    );
  });
}

function nonCanonicalKeys(): SignatureCase[] {
  return nonCanonicalZeros()
    .map(({ name, bytes }) => {
      const message = text(`non-canonical key: ${name}`);
      const { r, s } = forgedWith(message, bytes);
      return case_(`the key zero written as ${name}`, bytes, message, joined(r, s), false, false);
    })
    .concat(
      ["y = p, which is 0", "y = p - 1 with the sign bit"].map((name, index) =>
        case_(
          `the key ${name}`,
          littleEndianOf(index === 0 ? P : (P - 1n) | (2n ** 255n)),
          text("non-canonical key"),
          joined(encode(BASE), 1n),
          false,
          false,
        ),
      ),
    )
    .concat(
      [3n, 4n, 5n, 6n].flatMap((y) => {
        const bytes = littleEndianOf(P + y);
        try {
          decode(bytes);
        } catch {
          return [];
        }
        const signature = joined(encode(BASE), 1n);
        return [case_(`a key with y = p + ${y}`, bytes, text("non-canonical key"), signature, false, false)];
      }),
    );
}

function nonCanonicalR(signer: Signer): SignatureCase[] {
  return nonCanonicalZeros().map(({ name, bytes }) => {
    const message = text(`non-canonical R: ${name}`);
    const s = (challengeOf(bytes, signer.publicKey, message) * signer.scalar) % L;
    return case_(`the R zero written as ${name}`, signer.publicKey, message, joined(bytes, s), false, true);
  });
}

function nonCanonicalZeros() {
  const signBit = 2n ** 255n;
  return [
    { name: "y = p + 1", bytes: littleEndianOf(P + 1n) },
    { name: "y = p + 1 with the sign bit", bytes: littleEndianOf((P + 1n) | signBit) },
    { name: "y = 1 with the sign bit", bytes: littleEndianOf(1n | signBit) },
  ];
}

/** R' = R + T for a point T of order 8: 8 S B = 8 R' + 8 k A holds, S B = R' + k A does not. */
function cofactoredOnly(signer: Signer): SignatureCase {
  const message = text("cofactored only");
  const nonce = numberOf(hash512(text("nonce"))) % L;
  const r = encode(add(multiply(BASE, nonce), torsionGenerator()));
  const s = (nonce + challengeOf(r, signer.publicKey, message) * signer.scalar) % L;
  return case_(
    "only the equation with the cofactor holds: R is shifted by a point of order 8",
    signer.publicKey,
    message,
    joined(r, s),
    false,
    true,
  );
}

/** A' = A + T: where 8 divides k the equation without the cofactor holds too. Such a key is never taken up. */
function mixedOrderKeys(signer: Signer): SignatureCase[] {
  const publicKey = encode(add(decode(signer.publicKey), torsionGenerator()));
  const signed = (wanted: boolean) => {
    for (let attempt = 0; ; attempt += 1) {
      const message = text(`mixed order ${attempt}`);
      const nonce = numberOf(hash512(text(`mixed nonce ${attempt}`))) % L;
      const r = encode(multiply(BASE, nonce));
      const k = challengeOf(r, publicKey, message);
      if ((k % 8n === 0n) === wanted) return { message, signature: joined(r, (nonce + k * signer.scalar) % L) };
    }
  };
  const holds = signed(true);
  const holdsCofactoredOnly = signed(false);
  return [
    case_(
      "a key with torsion, where its multiple has none: the equation holds, the key may not be taken up",
      publicKey,
      holds.message,
      holds.signature,
      true,
      false,
    ),
    case_(
      "a key with torsion, where only the equation with the cofactor holds",
      publicKey,
      holdsCofactoredOnly.message,
      holdsCofactoredOnly.signature,
      false,
      false,
    ),
  ];
}

function notOnTheCurve(valid: SignatureCase, honest: Uint8Array): SignatureCase[] {
  const stray = littleEndianOf(2n);
  return [
    {
      ...valid,
      name: "a key that is no point (y = 2)",
      public_key: hexFromBytes(stray),
      valid: false,
      key_acceptable: false,
    },
    {
      ...valid,
      name: "an R that is no point (y = 2)",
      signature: hexFromBytes(new Uint8Array([...stray, ...honest.subarray(32)])),
      valid: false,
    },
  ];
}

function forgedFor(publicKey: Uint8Array, key: Point, label: string) {
  for (let attempt = 0; ; attempt += 1) {
    const message = text(`${label} ${attempt}`);
    const forged = forgedWith(message, publicKey);
    if (isEqual(multiply(key, forged.k % 8n), ZERO)) return { message, ...forged };
  }
}

/** R = S B, which is a signature wherever k A is zero. */
function forgedWith(message: Uint8Array, publicKey: Uint8Array) {
  const s = numberOf(hash512(message)) % L;
  const r = encode(multiply(BASE, s));
  return { r, s, k: challengeOf(r, publicKey, message) };
}

function torsionGenerator(): Point {
  const [, generator = ZERO] = torsion();
  return generator;
}

function signerOf(label: string): Signer {
  const digest = hash512(bytesOf(label));
  const clamped = digest.slice(0, 32);
  clamped[0] = (clamped[0] ?? 0) & 248;
  clamped[31] = ((clamped[31] ?? 0) & 127) | 64;
  const scalar = numberOf(clamped) % L;
  return { scalar, publicKey: encode(multiply(BASE, scalar)) };
}

function challengeOf(r: Uint8Array, publicKey: Uint8Array, message: Uint8Array): bigint {
  return numberOf(hash512(new Uint8Array([...r, ...publicKey, ...message]))) % L;
}

function joined(r: Uint8Array, s: bigint): Uint8Array {
  return new Uint8Array([...r, ...littleEndianOf(s)]);
}

function hash512(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha512").update(bytes).digest());
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function case_(
  name: string,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  valid: boolean,
  keyAcceptable: boolean,
): SignatureCase {
  return {
    name,
    public_key: hexFromBytes(publicKey),
    message: hexFromBytes(message),
    signature: hexFromBytes(signature),
    valid,
    key_acceptable: keyAcceptable,
  };
}
