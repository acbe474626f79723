import { expect, test } from "vitest";
import { parseAddress } from "../../src/cidr.ts";
import { overlayAddress, overlayMac, pairVni } from "../../src/tempest/overlay.ts";
import { PEER_A, PEER_B } from "./support/example.ts";

test("an overlay address is the fixed 48 bits and the id's 80 random ones", () => {
  const value = parseAddress(overlayAddress(PEER_A))?.value ?? 0n;
  expect(value >> 80n).toBe(0xfd6172637469n);
  expect(crockford(value & ((1n << 80n) - 1n))).toBe(PEER_A.slice(-16));
});

test("the time part of an id does not show in its address", () => {
  expect(overlayAddress(`peer_7ZZZZZZZZZ${PEER_A.slice(-16)}`)).toBe(overlayAddress(PEER_A));
});

test("both ends of a pair find the same network id, of 24 bits and not 0", () => {
  expect(pairVni(PEER_A, PEER_B)).toBe(pairVni(PEER_B, PEER_A));
  expect(pairVni(PEER_A, PEER_B)).toBeGreaterThan(0);
  expect(pairVni(PEER_A, PEER_B)).toBeLessThan(2 ** 24);
});

test("two peers bear different MACs, local and unicast, always the same", () => {
  expect(overlayMac(PEER_A)).toMatch(/^02(:[0-9a-f]{2}){5}$/);
  expect(overlayMac(PEER_A)).not.toBe(overlayMac(PEER_B));
  expect(overlayMac(PEER_A)).toBe(overlayMac(PEER_A));
});

function crockford(value: bigint): string {
  const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  return Array.from({ length: 16 }, (_, at) => digits[Number((value >> BigInt(75 - 5 * at)) & 31n)]).join("");
}
