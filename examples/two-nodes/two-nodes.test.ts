import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

describe("the example of two nodes", () => {
  it("joins, writes, deletes, and ends with one state", () => {
    const main = fileURLToPath(new URL("main.ts", import.meta.url));
    const output = execFileSync(process.execPath, ["--conditions=arctic-source", main], {
      encoding: "utf8",
      timeout: 30_000,
    });
    expect(output.split("\n").filter((line) => line !== "" && !line.startsWith("  "))).toEqual([
      "alice trusts bob: true",
      "bob trusts alice: true",
      'bob reads: ["Hello, bob."]',
      'alice reads: ["Hello, bob.","Hello, alice."]',
      'bob reads: ["Hello, alice."]',
      expect.stringContaining("a deleted id is never used again"),
      "both hold the same: true",
    ]);
  });
});
