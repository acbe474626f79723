import { type Capability, missingCapabilities } from "../../examples/quickstart/capabilities.ts";
import { describeWhere } from "./needs.ts";

/** A suite that needs `needs` of the host. */
export function describeSystem(name: string, needs: readonly Capability[], body: () => void): void {
  const reasons = new Set(missingCapabilities(needs).map(({ reason }) => reason));
  describeWhere(reasons.size === 0 ? undefined : [...reasons].join("; "), name, body);
}
