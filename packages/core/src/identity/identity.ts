import type { Crypto } from "../crypto/crypto.ts";
import type { Millis } from "../time.ts";
import { type PeerId, peerIdFromKey } from "./id.ts";

/** A peer's own id and keys. The secret key is 32 bytes (RFC 8032 seed) and never leaves the host. */
export interface Identity {
  readonly peerId: PeerId;
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

/** A new key pair and the id that commits to it. `now`, in milliseconds, becomes the id's time part. */
export function createIdentity(crypto: Crypto, now: Millis): Identity {
  const secretKey = crypto.randomBytes(32);
  const publicKey = crypto.publicKeyOf(secretKey);
  return { peerId: peerIdFromKey(crypto, publicKey, now), publicKey, secretKey };
}
