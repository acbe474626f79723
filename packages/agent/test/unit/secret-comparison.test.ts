import type { ClientId, ClusterView } from "@arctic/core";
import { base64urlFromBytes } from "@arctic/core";
import { beforeEach, describe, expect, it, vi } from "vitest";

const compared: [number, number][] = [];
vi.mock("node:crypto", async (load) => {
  const actual = await load<typeof import("node:crypto")>();
  const timingSafeEqual: typeof actual.timingSafeEqual = (a, b) => {
    compared.push([a.byteLength, b.byteLength]);
    return actual.timingSafeEqual(a, b);
  };
  return { ...actual, timingSafeEqual };
});
const { hashSecret, isSecretOf } = await import("../../src/api/credential.ts");

const RIGHT = "sec_right";
const known: ClientId = "cli_01ARZ3NDEKTSV4RRFFQ69G5FAV";
const unknown: ClientId = "cli_01ARZ3NDEKTSV4RRFFQ69G5FAW";
const cluster = (hashes: readonly string[]) =>
  ({
    acceptedSecrets: (client: ClientId) =>
      client === known ? hashes.map((secretHash) => ({ secret: { secretHash } })) : [],
  }) as unknown as ClusterView;
const hashOf = (secret: string) => base64urlFromBytes(hashSecret(secret));

describe("a client's secret", () => {
  beforeEach(() => {
    compared.length = 0;
  });

  it.each([
    ["the right one", known, RIGHT, true],
    ["one with another first letter", known, "Sec_right", false],
    ["one with another last letter", known, "sec_righT", false],
    ["none", known, "", false],
    ["one that is longer than any", known, "x".repeat(100_000), false],
    ["one of an unknown client", unknown, RIGHT, false],
  ])("is compared as a hash of one length, in a time that says nothing: %s", (_, client, secret, isRight) => {
    expect(isSecretOf(cluster([hashOf(RIGHT)]), client, secret)).toBe(isRight);
    expect(compared).toEqual([[32, 32]]);
  });

  it("is compared with each that opens, also behind the one that is right", () => {
    const view = cluster([hashOf(RIGHT), hashOf("sec_before")]);
    expect([RIGHT, "sec_before", "sec_wrong"].map((secret) => isSecretOf(view, known, secret))).toEqual([
      true,
      true,
      false,
    ]);
    expect(compared).toEqual(new Array(6).fill([32, 32]));
  });

  it("that was recorded with a hash of another length opens nothing", () => {
    for (const hash of ["", "AA", base64urlFromBytes(new Uint8Array(31))])
      expect(isSecretOf(cluster([hash]), known, RIGHT)).toBe(false);
    expect(compared).toEqual(new Array(3).fill([32, 32]));
  });
});
