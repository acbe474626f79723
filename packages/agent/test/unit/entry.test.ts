import type { PeerId } from "@arctic/core";
import { describe, expect, it } from "vitest";
import { type EntryClaim, entryPeersFrom } from "../../src/api/entry.ts";

const NOW = Date.parse("2026-01-02T00:00:00Z");
const peer = (name: string) => `peer_${name}` as PeerId;
const claim = (name: string, role: "server" | "fallback" | "none", claimed_at: string): EntryClaim => ({
  peer: peer(name),
  entry: { role, claimed_at },
});

describe("the entry peers", () => {
  it("are none where nobody claims to be one, and a fallback alone is none", () => {
    expect(entryPeersFrom([{ peer: peer("A"), entry: undefined }], NOW)).toEqual({});
    expect(entryPeersFrom([claim("A", "fallback", "2026-01-01T00:00:00Z")], NOW)).toEqual({});
    expect(entryPeersFrom([claim("A", "none", "2026-01-01T00:00:00Z")], NOW)).toEqual({});
  });

  it("are those that claimed latest, whatever order they come in", () => {
    const claims = [
      claim("A", "server", "2026-01-01T00:00:00Z"),
      claim("B", "server", "2026-01-01T00:00:02Z"),
      claim("C", "fallback", "2026-01-01T00:00:01Z"),
      claim("D", "fallback", "2025-12-01T00:00:00Z"),
    ];
    const expected = { server: peer("B"), fallback: peer("C") };
    expect(entryPeersFrom(claims, NOW)).toEqual(expected);
    expect(entryPeersFrom(claims.reverse(), NOW)).toEqual(expected);
  });

  it("are the smaller id of two that claimed at the same time", () => {
    const at = "2026-01-01T00:00:00Z";
    expect(entryPeersFrom([claim("B", "server", at), claim("A", "server", at)], NOW).server).toBe(peer("A"));
  });

  it("are not taken over by a claim from the future", () => {
    const claims = [claim("A", "server", "2026-01-01T00:00:00Z"), claim("B", "server", "2099-01-01T00:00:00Z")];
    expect(entryPeersFrom(claims, NOW).server).toBe(peer("A"));
  });
});
