import { describe, expect, it } from "vitest";
import { compareRecords, isEquivocation } from "../../src/registry/merge.ts";
import { hashed, hexFromBytes, identityOf, NOW, recordOf, versionOf } from "../support/fixtures.ts";

const owner = identityOf("owner");
const live = (version: number, text = "a") => hashed(recordOf(owner, "app.x", "x", { body: { text } }, { version }));
const dead = (version: number) => hashed(recordOf(owner, "app.x", "x", { deleted: true }, { version }));
const V = versionOf(NOW);

describe("the order of records", () => {
  it("the higher version is kept", () => {
    expect(compareRecords(live(V + 1), live(V))).toBe(1);
    expect(compareRecords(live(V), live(V + 1))).toBe(-1);
  });
  it("a tombstone beats every live record, whatever the version", () => {
    for (const version of [1, V - 1, V, V + 1, Number.MAX_SAFE_INTEGER]) {
      expect(compareRecords(dead(V), live(version))).toBe(1);
      expect(compareRecords(live(version), dead(V))).toBe(-1);
    }
  });
  it("of two tombstones the higher version is kept", () => {
    expect(compareRecords(dead(V + 1), dead(V))).toBe(1);
  });
  it("of two contents under one version the larger SHA-256 is kept, and it is an equivocation", () => {
    const [a, b] = [live(V, "a"), live(V, "b")];
    const isALarger = hexFromBytes(a.hash) > hexFromBytes(b.hash);
    expect(compareRecords(a, b)).toBe(isALarger ? 1 : -1);
    expect(compareRecords(b, a)).toBe(isALarger ? -1 : 1);
    expect(isEquivocation(a, b)).toBe(true);
  });
  it("one content is itself, whoever signed it when", () => {
    expect(compareRecords(live(V), live(V))).toBe(0);
    expect(isEquivocation(live(V), live(V))).toBe(false);
    expect(isEquivocation(live(V), live(V + 1))).toBe(false);
  });
});
