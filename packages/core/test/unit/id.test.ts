import { describe, expect, it } from "vitest";
import {
  createId,
  doesIdCommitToKey,
  isId,
  keyMarkOf,
  mintedAt,
  peerIdFromKey,
  ulidOf,
} from "../../src/identity/id.ts";
import { createIdentity } from "../../src/identity/identity.ts";
import { createTestCrypto } from "../support/crypto.ts";
import { crypto, identityOf, NOW } from "../support/fixtures.ts";

describe("ids", () => {
  it("an id says when it was minted and sorts by it", () => {
    const drawn = createTestCrypto("ids");
    const [older, newer] = [createId("svc", drawn, NOW), createId("svc", drawn, NOW + 1)];
    expect(isId("svc", older)).toBe(true);
    expect(mintedAt(older)).toBe(NOW);
    expect(ulidOf(older) < ulidOf(newer)).toBe(true);
  });
  it("a peer id commits to its key: whoever changes either has another id", () => {
    const [alice, bob] = [identityOf("alice"), identityOf("bob")];
    expect(doesIdCommitToKey(crypto, alice.peerId, alice.publicKey)).toBe(true);
    expect(doesIdCommitToKey(crypto, alice.peerId, bob.publicKey)).toBe(false);
    expect(doesIdCommitToKey(crypto, bob.peerId, alice.publicKey)).toBe(false);
  });
  it("each of the 80 bits counts", () => {
    const { peerId, publicKey } = identityOf("alice");
    for (let index = 1; index <= 16; index += 1) {
      const at = peerId.length - index;
      const other = peerId.charAt(at) === "0" ? "1" : "0";
      const changed = `${peerId.slice(0, at)}${other}${peerId.slice(at + 1)}` as typeof peerId;
      expect(doesIdCommitToKey(crypto, changed, publicKey)).toBe(false);
    }
  });
  it("all ids of one key bear one mark", () => {
    const { publicKey } = identityOf("alice");
    const [first, second] = [peerIdFromKey(crypto, publicKey, 0), peerIdFromKey(crypto, publicKey, NOW)];
    expect(first).not.toBe(second);
    expect(keyMarkOf(first)).toBe(keyMarkOf(second));
  });
  it("only the canonical form is an id", () => {
    const { peerId } = identityOf("alice");
    const ulid = ulidOf(peerId);
    expect(isId("peer", peerId)).toBe(true);
    for (const text of [
      peerId.toLowerCase(),
      `peer_${ulid.toLowerCase()}`,
      `clu_${ulid}`,
      ulid,
      `${peerId}0`,
      `${peerId}\n`,
      ` ${peerId}`,
      peerId.slice(0, -1),
      `peer_8${ulid.slice(1)}`,
      `peer_Z${ulid.slice(1)}`,
      `peer_${ulid.slice(0, -1)}I`,
      `peer_${ulid.slice(0, -1)}-`,
      7,
      null,
      undefined,
      [peerId],
    ])
      expect(isId("peer", text)).toBe(false);
  });
  it("a new identity bears the id of its key, and the secret half belongs to the public one", () => {
    const made = createIdentity(createTestCrypto("identity"), NOW);
    expect(made.peerId).toBe(peerIdFromKey(crypto, made.publicKey, NOW));
    expect(crypto.publicKeyOf(made.secretKey)).toEqual(made.publicKey);
  });
});
