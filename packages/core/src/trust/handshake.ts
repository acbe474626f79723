import type { Crypto } from "../crypto/crypto.ts";
import { domain } from "../crypto/signed.ts";
import { isAcceptableKey, verifySignature } from "../crypto/strict-ed25519.ts";
import { base64urlFromBytes, bytesFromBase64url } from "../encoding/base64url.ts";
import { concatBytes, lengthPrefixed } from "../encoding/framing.ts";
import { type CustomerId, doesIdCommitToKey, type LicenseId, type PeerId } from "../identity/id.ts";
import type { Identity } from "../identity/identity.ts";
import { accept, type Result, refuse } from "../result.ts";

export const PROTOCOL_VERSION = 1;

/** What each side says of itself at the start: messages 1 and 2. Bytes are base64url. */
export interface Greeting {
  readonly protocol: number;
  /** 32 random bytes, used once, good for 30 s. */
  readonly challenge: string;
  readonly peer_id: PeerId;
  readonly public_key: string;
  readonly license_id: LicenseId;
  /** SHA-256 of the license document. */
  readonly license_hash: string;
  readonly customer_id: CustomerId;
}

export type Role = "initiator" | "responder";

/**
 * The one hash that both signatures cover: protocol version, both challenges, ids, keys, licenses, the customer and
 * the link's channel binding. So nothing can be replayed, reflected, shown to a third peer or spliced onto another
 * connection.
 */
export function transcriptHash(
  crypto: Pick<Crypto, "sha256">,
  initiator: Greeting,
  responder: Greeting,
  binding: Uint8Array,
): Uint8Array {
  return crypto.sha256(
    concatBytes(
      domain("arctic/handshake/v1"),
      lengthPrefixed(
        String(initiator.protocol),
        rawBytes(initiator.challenge),
        rawBytes(responder.challenge),
        initiator.peer_id,
        responder.peer_id,
        rawBytes(initiator.public_key),
        rawBytes(responder.public_key),
        initiator.license_id,
        rawBytes(initiator.license_hash),
        responder.license_id,
        rawBytes(responder.license_hash),
        initiator.customer_id,
        binding,
      ),
    ),
  );
}

export function signTranscript(
  crypto: Pick<Crypto, "sign">,
  identity: Identity,
  role: Role,
  transcript: Uint8Array,
): string {
  return base64urlFromBytes(crypto.sign(identity.secretKey, roleBytes(role, transcript)));
}

export function isTranscriptSignedBy(
  crypto: Pick<Crypto, "verify">,
  greeting: Greeting,
  role: Role,
  transcript: Uint8Array,
  signature: string,
): boolean {
  const bytes = bytesFromBase64url(signature);
  return (
    bytes !== undefined && verifySignature(rawBytes(greeting.public_key), roleBytes(role, transcript), bytes, crypto)
  );
}

/** Everything about the other side's greeting that needs no opinion on whether it is welcome. A key that was taken up before is not judged again. */
export function checkGreeting(
  crypto: Crypto,
  own: Greeting,
  theirs: Greeting,
  isKeyKnown: boolean,
): Result<{ readonly publicKey: Uint8Array }> {
  if (theirs.protocol !== own.protocol) return refuse("handshake_version", `${theirs.protocol}`);
  if (theirs.peer_id === own.peer_id || theirs.public_key === own.public_key || theirs.challenge === own.challenge) {
    return refuse("handshake_self");
  }
  const publicKey = bytesFromBase64url(theirs.public_key);
  if (
    publicKey?.length !== 32 ||
    bytesFromBase64url(theirs.challenge)?.length !== 32 ||
    bytesFromBase64url(theirs.license_hash)?.length !== 32
  ) {
    return refuse("frame_malformed", "a key, challenge or hash is not 32 bytes");
  }
  if (!doesIdCommitToKey(crypto, theirs.peer_id, publicKey)) return refuse("handshake_key_mismatch");
  if (!isKeyKnown && !isAcceptableKey(publicKey, crypto))
    return refuse("handshake_key_mismatch", "the key is not a point of the prime-order group");
  return accept({ publicKey });
}

function roleBytes(role: Role, transcript: Uint8Array): Uint8Array {
  return concatBytes(domain(`arctic/handshake/${role}/v1`), transcript);
}

/** Bytes of a field whose form the message codec or `checkGreeting` has judged. */
function rawBytes(text: string): Uint8Array {
  return bytesFromBase64url(text) ?? new Uint8Array();
}
