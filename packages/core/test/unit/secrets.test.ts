import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ClientId, createId, type PeerId, type RotationId } from "../../src/identity/id.ts";
import { DAY_MS, HOUR_MS, rfc3339FromMs } from "../../src/time.ts";
import {
  acceptedSecrets,
  countingCredential,
  currentSecret,
  type Secret,
  type SecretName,
} from "../../src/trust/secrets.ts";
import { crypto, identityOf, licenseOf, NOW, peerBody, recordOf } from "../support/fixtures.ts";
import { memberLink } from "../support/member-link.ts";

const client = "cli_01J00000000000000000000000" as ClientId;
const rotationId = (digit: number) => `rot_01J0000000000000000000000${digit}` as RotationId;
const first: Secret = { name: client, secretHash: "first", version: 1, rotatedAt: NOW - DAY_MS, replaces: undefined };
const rotation = (digit: number, rotatedAt: number, replaces: SecretName): Secret => ({
  name: rotationId(digit),
  secretHash: `secret ${digit}`,
  version: rotatedAt * 1024 + digit,
  rotatedAt,
  replaces,
});
const opening = (
  secrets: readonly Secret[],
  now: number,
  replacedAt: Record<string, number> = {},
  outlivedAt?: number,
) =>
  acceptedSecrets(secrets, {
    now,
    graceMs: DAY_MS,
    replacedAt: new Map(Object.entries(replacedAt) as [SecretName, number][]),
    outlivedAt,
  })
    .map(({ secret }) => secret.secretHash)
    .sort();

describe("the secrets of a client that open", () => {
  it("are the first one alone while nothing was rotated", () => {
    expect(opening([first], NOW)).toEqual(["first"]);
    expect(opening([], NOW)).toEqual([]);
  });
  it("are the rotated one, and for a day the one that it replaced", () => {
    const secrets = [first, rotation(1, NOW, client)];
    expect(opening(secrets, NOW + DAY_MS - 1)).toEqual(["first", "secret 1"]);
    expect(opening(secrets, NOW + DAY_MS)).toEqual(["secret 1"]);
  });
  it("after two rotations at once: the higher version, and the other for a day from when this peer learned of it", () => {
    const [lower, higher] = [rotation(1, NOW, client), rotation(2, NOW + 1, client)];
    const secrets = [first, lower, higher];
    expect(currentSecret(secrets)).toBe(higher);
    const learnedAt = NOW + 5 * DAY_MS;
    expect(opening(secrets, learnedAt + DAY_MS - 1, { [lower.name]: learnedAt })).toEqual(["secret 1", "secret 2"]);
    expect(opening(secrets, learnedAt + DAY_MS, { [lower.name]: learnedAt })).toEqual(["secret 2"]);
    expect(opening(secrets, NOW + HOUR_MS)).toEqual(["first", "secret 1", "secret 2"]);
    expect(opening(secrets, NOW + DAY_MS + 1)).toEqual(["secret 2"]);
  });
  it("of a cluster that another outlived end a day after this peer learned of it", () => {
    expect(opening([first], NOW + HOUR_MS, {}, NOW)).toEqual(["first"]);
    expect(opening([first], NOW + DAY_MS, {}, NOW)).toEqual([]);
  });
  it("do not depend on the order in which the records came, and always hold the current one", () => {
    const secret = fc
      .record({
        digit: fc.integer({ min: 1, max: 9 }),
        ago: fc.integer({ min: 0, max: 72 }),
        after: fc.integer({ min: 0, max: 9 }),
      })
      .map(({ digit, ago, after }) => rotation(digit, NOW - ago * HOUR_MS, after === 0 ? client : rotationId(after)));
    fc.assert(
      fc.property(fc.uniqueArray(secret, { selector: ({ name }) => name, maxLength: 6 }), (rotations) => {
        const secrets = [first, ...rotations];
        const one = opening(secrets, NOW);
        expect(opening(secrets.toReversed(), NOW)).toEqual(one);
        expect(one).toContain(currentSecret(secrets)?.secretHash);
      }),
    );
  });
});

describe("the credential that counts under a client's id", () => {
  const [alice, bob, carol] = ["alice", "bob", "carol"].map((name) => identityOf(name).peerId).sort() as [
    PeerId,
    PeerId,
    PeerId,
  ];
  const records = [
    { owner: carol, version: 1 },
    { owner: bob, version: 2 },
    { owner: alice, version: 3 },
    { owner: carol, version: 2 },
  ];
  const counting = (from: typeof records, revoked: readonly PeerId[] = []) =>
    countingCredential(from, (owner) => revoked.includes(owner));

  it("is the lowest version, of equal ones the smaller owner's, in whatever order they came", () => {
    expect(counting([])).toBeUndefined();
    for (const from of [records, records.toReversed()]) expect(counting(from)).toBe(records[0]);
    for (const from of [records.slice(1), records.slice(1).toReversed()]) expect(counting(from)).toBe(records[1]);
  });
  it("is a revoked owner's only where there is no other", () => {
    for (const from of [records, records.toReversed()]) {
      expect(counting(from, [carol])).toBe(records[1]);
      expect(counting(from, [carol, bob])).toBe(records[2]);
      expect(counting(from, [alice, bob, carol])).toBe(records[0]);
    }
  });
});

describe("a peer", () => {
  const [alice, bob] = [identityOf("alice"), identityOf("bob")];
  const madeBy = (owner: typeof alice, secretHash: string, at?: number) => {
    const made = { scopes: [], license_id: licenseOf().license_id, created_at: rfc3339FromMs(NOW) };
    return recordOf(
      owner,
      "credential",
      client,
      { body: { ...made, secret_hash: secretHash.repeat(43) } },
      at === undefined ? {} : { at },
    );
  };
  const credential = madeBy(bob, "A");
  const rotated = (owner: typeof alice, digit: number, at: number) =>
    recordOf(
      owner,
      "rotation",
      rotationId(digit),
      { body: { client_id: client, secret_hash: (digit === 1 ? "E" : "I").repeat(43), rotated_at: rfc3339FromMs(at) } },
      { at },
    );
  const hashes = (peer: ReturnType<typeof memberLink>["bob"]) =>
    peer.node.cluster.acceptedSecrets(client).map(({ secret }) => secret.secretHash[0]);

  it("learns of the winner of two rotations, lets the loser work for a day, and remembers when that was", () => {
    const { bob: peer, link } = memberLink({ records: [credential] });
    link.push(rotated(alice, 1, NOW - 3 * DAY_MS));
    expect(hashes(peer)).toEqual(["E"]);
    link.push(rotated(alice, 2, NOW - 2 * DAY_MS));
    expect(hashes(peer).sort()).toEqual(["E", "I"]);
    peer.restart(NOW + DAY_MS - 1000);
    expect(hashes(peer).sort()).toEqual(["E", "I"]);
    peer.handle({ type: "wake" }, NOW + DAY_MS + 1);
    expect(hashes(peer)).toEqual(["I"]);
  });
  it("has a client's own secret open again once the member that dated another in front of it is revoked", () => {
    const { bob: peer, link, alice: thief } = memberLink({ records: [credential] });
    expect(hashes(peer)).toEqual(["A"]);
    link.push(madeBy(thief, "E", 1));
    expect(hashes(peer)).toEqual(["E"]);
    const body = { reason: "took a client's id", revoked_at: rfc3339FromMs(NOW) };
    peer.handle({ type: "write", kind: "revocation", id: thief.peerId, body }, NOW);
    expect(hashes(peer)).toEqual(["A"]);
  });
  it("rotates above what it has seen, though its clock is behind the one of the last rotation", () => {
    const { bob: peer, link } = memberLink({ records: [credential] });
    const ahead = NOW + 4 * 60_000;
    link.push(rotated(alice, 1, ahead));
    const body = {
      client_id: client,
      secret_hash: "Q".repeat(43),
      replaces: rotationId(1),
      rotated_at: rfc3339FromMs(NOW),
    };
    const { record, rejection } = peer.handle({ type: "write", kind: "rotation", id: rotationId(2), body }, NOW);
    expect(rejection).toBeUndefined();
    expect(record?.version).toBeGreaterThan(ahead * 1000);
    const [current] = peer.node.cluster.acceptedSecrets(client).filter(({ until }) => until === undefined);
    expect(current?.secret.name).toBe(rotationId(2));
  });
  it("forgets the cluster ids that a member bore one after the other, but not one whose credential is there", () => {
    const [clusterId, ended] = [createId("clu", crypto, NOW - DAY_MS), createId("clu", crypto, NOW - HOUR_MS)];
    const shared = recordOf(bob, "credential", `cli_${ended.slice(4)}`, {
      body: {
        secret_hash: "A".repeat(43),
        scopes: [],
        license_id: licenseOf().license_id,
        created_at: rfc3339FromMs(NOW),
        cluster_id: ended,
      },
    });
    const own = {
      body: peerBody(bob.peerId, "bob", { cluster: { id: clusterId, minted_by: bob.peerId, founded: true } }),
    };
    const { bob: peer, link } = memberLink({ records: [recordOf(bob, "peer", bob.peerId, own), shared] });
    const borne = Array.from({ length: 50 }, (_, index) => createId("clu", crypto, NOW - 30 * 60_000 + index));
    for (const [index, id] of borne.entries()) {
      const body = peerBody(alice.peerId, "alice", { cluster: { id, minted_by: alice.peerId, founded: true } });
      link.push(recordOf(alice, "peer", alice.peerId, { body }, { at: NOW - 1000 + index }));
    }
    expect(peer.node.cluster.id).toBe(clusterId);
    expect(Object.keys(peer.flags.outlivedClusters ?? {}).sort()).toEqual([borne.at(-1), ended].sort());
  });
  it("opens nothing for a client that was revoked, or that it does not know", () => {
    const revoked = recordOf(bob, "revocation", client, { body: { reason: "lost", revoked_at: rfc3339FromMs(NOW) } });
    expect(hashes(memberLink({ records: [credential, revoked] }).bob)).toEqual([]);
    expect(hashes(memberLink().bob)).toEqual([]);
  });
});
