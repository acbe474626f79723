import { describe, test } from "vitest";
import { type Capability, missingCapabilities } from "../../examples/quickstart/capabilities.ts";

/**
 * A suite that needs `needs` of the host. Where one is missing it is skipped with the reason in its name; where
 * ARCTIC_REQUIRE_SYSTEM=1 it fails instead, so that CI never passes by skipping.
 */
export function describeSystem(name: string, needs: readonly Capability[], body: () => void): void {
  const reason = reasonFor(needs);
  if (reason === undefined) describe(name, body);
  else if (isRequired()) {
    describe(name, () => {
      test("the host has what it needs", () => {
        throw new Error(`ARCTIC_REQUIRE_SYSTEM=1, but ${reason}`);
      });
    });
  } else describe.skip(`${name} (skipped: ${reason})`, body);
}

function reasonFor(needs: readonly Capability[]): string | undefined {
  const missing = missingCapabilities(needs);
  if (missing.length === 0) return undefined;
  return [...new Set(missing.map(({ reason }) => reason))].join("; ");
}

function isRequired(): boolean {
  return process.env.ARCTIC_REQUIRE_SYSTEM === "1";
}
