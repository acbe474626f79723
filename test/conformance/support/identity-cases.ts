import { base64urlFromBytes } from "../../../packages/core/src/encoding/base64url.ts";
import { peerIdFromKey } from "../../../packages/core/src/identity/id.ts";
import { crypto, identityOf, NOW } from "../../../packages/core/test/support/fixtures.ts";

export function idVectors() {
  const alice = identityOf("alice");
  const bob = identityOf("bob");
  const ulid = alice.peerId.slice("peer_".length);
  return {
    description:
      "An id is a prefix and a ULID in canonical form. A peer id commits to its key: its last 16 characters are the first 80 bits of SHA-256(public key). Keys are base64url.",
    valid: ["peer", "clu", "svc", "lic", "cust", "cli", "rot"].map((prefix) => ({ prefix, id: `${prefix}_${ulid}` })),
    refused: [
      { name: "lower case", prefix: "peer", id: `peer_${ulid.toLowerCase()}` },
      { name: "another prefix", prefix: "peer", id: `svc_${ulid}` },
      { name: "no prefix", prefix: "peer", id: ulid },
      { name: "an upper-case prefix", prefix: "peer", id: `PEER_${ulid}` },
      { name: "a hyphen", prefix: "peer", id: `peer-${ulid}` },
      { name: "too short", prefix: "peer", id: `peer_${ulid.slice(1)}` },
      { name: "too long", prefix: "peer", id: `peer_${ulid}0` },
      { name: "beyond 48 bits of time", prefix: "peer", id: `peer_8${ulid.slice(1)}` },
      ...["I", "L", "O", "U"].map((letter) => ({
        name: `the letter ${letter}, which Crockford leaves out`,
        prefix: "peer",
        id: `peer_${ulid.slice(0, 25)}${letter}`,
      })),
      { name: "white space behind it", prefix: "peer", id: `peer_${ulid}\n` },
      { name: "white space before it", prefix: "peer", id: ` peer_${ulid}` },
    ],
    peer_ids: [alice, bob].map(({ publicKey, peerId }) => ({
      public_key: base64urlFromBytes(publicKey),
      minted_at_ms: NOW - 86_400_000,
      id: peerId,
    })),
    committed: [
      { name: "its own key", id: alice.peerId, public_key: base64urlFromBytes(alice.publicKey), commits: true },
      {
        name: "its own key, minted at another time",
        id: peerIdFromKey(crypto, alice.publicKey, 0),
        public_key: base64urlFromBytes(alice.publicKey),
        commits: true,
      },
      { name: "somebody else's key", id: alice.peerId, public_key: base64urlFromBytes(bob.publicKey), commits: false },
    ],
  };
}
