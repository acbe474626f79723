import { base64urlFromBytes, bytesFromBase64url, type Crypto, type Identity } from "@arctic/core";
import type { Facts } from "../store/store.ts";
import { peerKeyPath } from "./agent-files.ts";
import { createSecretFile, readSecretFile, removeFile, renameFile } from "./secret-file.ts";

/**
 * The private half of the peer's identity, `peer.key`: 32 bytes (RFC 8032 seed) in base64url. A bootstrap writes it as
 * `peer.key.new`, commits the database, then renames it, so that a kill at any point leaves all of it or none.
 */
export function preparePeerKey(stateDir: string, secretKey: Uint8Array): void {
  if (readSecretFile(peerKeyPath(stateDir)) !== undefined) throw new Error(`${peerKeyPath(stateDir)} is there already`);
  removeFile(pendingPath(stateDir));
  createSecretFile(pendingPath(stateDir), base64urlFromBytes(secretKey));
}

export function settlePeerKey(stateDir: string): void {
  renameFile(pendingPath(stateDir), peerKeyPath(stateDir));
}

export function discardPreparedKey(stateDir: string): void {
  removeFile(pendingPath(stateDir));
}

/**
 * The stored identity, or `undefined` on a host that was never bootstrapped. Finishes or clears away a bootstrap that
 * was cut off. Throws where key and database do not belong together: a key is never replaced silently.
 */
export function loadIdentity(stateDir: string, facts: Facts | undefined, crypto: Crypto): Identity | undefined {
  const path = peerKeyPath(stateDir);
  if (facts === undefined) {
    if (readSecretFile(path) !== undefined) {
      throw new Error(
        `${path} is there but the database knows no peer: restore the database of this peer, or move the key away to begin anew`,
      );
    }
    discardPreparedKey(stateDir);
    return undefined;
  }
  if (readSecretFile(path) === undefined && readSecretFile(pendingPath(stateDir)) !== undefined)
    settlePeerKey(stateDir);
  const text = readSecretFile(path);
  if (text === undefined)
    throw new Error(`${path} is missing: restore it; the peer ${facts.peer_id} cannot be without its key`);
  discardPreparedKey(stateDir);
  const secretKey = bytesFromBase64url(text);
  if (secretKey?.length !== 32) throw new Error(`${path} does not hold a key (32 bytes in base64url)`);
  const publicKey = crypto.publicKeyOf(secretKey);
  if (base64urlFromBytes(publicKey) !== facts.public_key) {
    throw new Error(`${path} is the key of another peer than ${facts.peer_id}: restore the right one`);
  }
  return { peerId: facts.peer_id, publicKey, secretKey };
}

function pendingPath(stateDir: string): string {
  return `${peerKeyPath(stateDir)}.new`;
}
