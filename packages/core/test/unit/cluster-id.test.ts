import { describe, expect, it } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/time.ts";
import { type ClusterClaim, electClusterId } from "../../src/trust/cluster-id.ts";
import { CUSTOMER, clusterIdOf, identityOf, NOW } from "../support/fixtures.ts";

const claim = (label: string, at: number, founded: boolean): ClusterClaim => ({
  id: clusterIdOf(label, at),
  mintedBy: identityOf(label).peerId,
  founded,
});
const elect = (claims: readonly ClusterClaim[], revoked: readonly string[] = []) =>
  electClusterId(claims, { customerId: CUSTOMER, now: NOW, isRevoked: (peer) => revoked.includes(peer) });

const older = claim("older", NOW - 2 * HOUR_MS, true);
const newer = claim("newer", NOW - HOUR_MS, true);
const spare = claim("spare", NOW - 24 * HOUR_MS, false);

describe("the cluster's id", () => {
  it("is nobody's where nobody claims one", () => {
    expect(elect([])).toBeUndefined();
  });
  it("is the older of two founded ones, whichever came first", () => {
    expect(elect([older, newer])).toBe(older);
    expect(elect([newer, older])).toBe(older);
  });
  it("is not taken over by a spare host that was bootstrapped early", () => {
    expect(elect([spare, newer])).toBe(newer);
  });
  it("is the smallest of all where none is founded", () => {
    expect(elect([{ ...newer, founded: false }, spare])).toBe(spare);
  });
  it("is not one that a revoked peer minted, whoever bears it", () => {
    expect(elect([older, newer], [older.mintedBy])).toBe(newer);
  });
  it("is not one with an invented time: before the customer's own, or in the future", () => {
    expect(elect([claim("zero", 0, true), newer])).toBe(newer);
    expect(elect([claim("future", NOW + 6 * MINUTE_MS, true)])).toBeUndefined();
    expect(elect([claim("soon", NOW + 5 * MINUTE_MS, true)])).toBeDefined();
  });
});
