import { describe, test } from "vitest";

/**
 * A suite that needs something of the host. `missing` says what the host lacks, and what to do about it; undefined where
 * it lacks nothing. Then the suite is skipped with the reason in its name; where ARCTIC_REQUIRE_SYSTEM=1 it fails
 * instead, so that CI never passes by skipping.
 */
export function describeWhere(missing: string | undefined, name: string, body: () => void): void {
  if (missing === undefined) describe(name, body);
  else if (process.env.ARCTIC_REQUIRE_SYSTEM !== "1") describe.skip(`${name} (skipped: ${missing})`, body);
  else
    describe(name, () => {
      test("the host has what it needs", () => {
        throw new Error(`ARCTIC_REQUIRE_SYSTEM=1, but ${missing}`);
      });
    });
}
