import { beforeEach, describe, expect, test } from "vitest";
import type { DesiredTunnelPeer } from "../../src/kernel/desired.ts";
import { PeerKeys } from "../../src/tempest/peer-keys.ts";
import type { WireguardPeerStatus } from "../../src/tempest/wireguard.ts";
import { PEER_B } from "./support/example.ts";

const [FIRST, NEXT, THIRD] = ["A".repeat(43), "B".repeat(43), "C".repeat(43)] as const;
const NOW = 1_000_000_000;
const peer = (publicKey: string): DesiredTunnelPeer => ({
  peerId: PEER_B,
  publicKey,
  endpoint: { address: "10.71.2.2", port: 51_840 },
  overlayAddress: "fd61:7263:7469::b",
});
/** Handshakes by key, so many milliseconds before NOW. */
const shaken = (agesByKey: Record<string, number>): Map<string, WireguardPeerStatus> =>
  new Map(Object.entries(agesByKey).map(([key, age]) => [key, { handshakeAt: NOW - age, bytesIn: 0, bytesOut: 0 }]));

let keys: PeerKeys;
const has = (announced: string, now = NOW): string[] =>
  keys.wireguardPeers([peer(announced)], now).map(({ type, publicKey }) => `${type} ${publicKey[0]}`);

beforeEach(() => {
  keys = new PeerKeys({});
});

describe("a peer's keys", () => {
  test("one key carries, and there is nothing to watch", () => {
    expect(has(FIRST)).toEqual(["carrying A"]);
    expect(keys.isWatching).toBe(false);
  });

  test("a next key stands by while the key before it carries", () => {
    has(FIRST);
    expect(has(NEXT)).toEqual(["carrying A", "standby B"]);
    expect(keys.isWatching).toBe(true);
    expect(keys.follow(shaken({ [FIRST]: 100_000 }), NOW, 0)).toBe(false);
    expect(has(NEXT)).toEqual(["carrying A", "standby B"]);
  });

  test("the next key carries from its first handshake on, and the one before it is gone", () => {
    has(FIRST);
    has(NEXT);
    expect(keys.follow(shaken({ [FIRST]: 5_000, [NEXT]: 100 }), NOW, 0)).toBe(true);
    expect(has(NEXT)).toEqual(["carrying B"]);
    expect(keys.carrying(PEER_B)).toBe(NEXT);
    expect(keys.isWatching).toBe(false);
  });

  test("a start in the middle of a change goes on with the key that carried", () => {
    has(FIRST);
    has(NEXT);
    keys = new PeerKeys(keys.stored);
    expect(has(NEXT)).toEqual(["carrying A", "standby B"]);
  });

  test("where neither has a session each is tried in turn, and ever longer", () => {
    has(FIRST);
    has(NEXT);
    expect(keys.follow(new Map(), NOW + 999, 0)).toBe(false);
    expect(keys.follow(new Map(), NOW + 1_000, 0)).toBe(true);
    expect(has(NEXT)).toEqual(["carrying B", "standby A"]);
    expect(keys.follow(new Map(), NOW + 2_999, 0)).toBe(false);
    expect(keys.follow(new Map(), NOW + 3_000, 0)).toBe(true);
    expect(has(NEXT)).toEqual(["carrying A", "standby B"]);
  });

  test("a session that stands is void once this host has another key", () => {
    has(FIRST);
    has(NEXT);
    expect(keys.follow(shaken({ [FIRST]: 500 }), NOW + 1_500, NOW)).toBe(true);
    expect(has(NEXT)).toEqual(["carrying B", "standby A"]);
  });

  test("a tried key that is answered stays, and the other goes", () => {
    has(FIRST);
    has(NEXT);
    keys.follow(new Map(), NOW + 1_000, 0);
    expect(keys.follow(shaken({ [NEXT]: -1_100 }), NOW + 1_200, 0)).toBe(true);
    expect(has(NEXT)).toEqual(["carrying B"]);
  });

  test("a third key takes the place of the second, and the first goes on carrying", () => {
    has(FIRST);
    has(NEXT);
    expect(has(THIRD)).toEqual(["carrying A", "standby C"]);
  });

  test("an announcement that is taken back leaves the key that carries", () => {
    has(FIRST);
    has(NEXT);
    expect(has(FIRST)).toEqual(["carrying A"]);
  });

  test("a peer that leaves the plan is forgotten", () => {
    has(FIRST);
    expect(keys.wireguardPeers([], NOW)).toEqual([]);
    expect(keys.stored).toEqual({});
  });
});
