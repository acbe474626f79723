/** One signature to be checked: 32, any number of, and 64 bytes. */
export interface SignatureCheck {
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** The curve and the hash, as core asks for them. Providers may be as lax as they are: core's strict rule stands in front. */
export interface Crypto {
  /** Ed25519 signature (64 bytes, RFC 8032) by the 32-byte secret key. */
  sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array;
  /** The cofactorless Ed25519 equation with R compared as bytes; inputs have the right lengths. Never throws. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** True where the point is in the prime-order subgroup. A provider without it leaves the question to noble (about 1 ms). */
  isTorsionFree?(publicKey: Uint8Array): boolean;
  /** The 32-byte public key of a 32-byte secret key. */
  publicKeyOf(secretKey: Uint8Array): Uint8Array;
  sha256(bytes: Uint8Array): Uint8Array;
  /** Unpredictable bytes. The simulator injects a seeded stream. */
  randomBytes(length: number): Uint8Array;
}
