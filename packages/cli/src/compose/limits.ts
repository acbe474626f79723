import type { License } from "@arctic/core";
import { EXIT, Failure } from "../failure.ts";
import type { Observed } from "./plan.ts";
import type { Compose } from "./schema.ts";

/** Throws a Failure where the license does not reach for what the file asks, before anything is done. Pure. */
export function checkLimits(
  compose: Compose,
  observed: Observed,
  license: Pick<License, "max_nodes" | "max_services">,
): void {
  const kept = observed.services.filter(({ name }) => !compose.services.some((service) => service.name === name));
  const services = compose.services.length + kept.length;
  const over = [
    ...(compose.peers.length > license.max_nodes
      ? [`${compose.peers.length} peers where the license allows ${license.max_nodes}`]
      : []),
    ...(services > license.max_services
      ? [`${services} services where the license allows ${license.max_services}`]
      : []),
  ];
  if (over.length === 0) return;
  throw new Failure(EXIT.general, "LICENSE_LIMITS", `the file makes ${over.join(" and ")}.`, {
    next: "Nothing was done. Renew the license with higher limits, or go on all the same with --skip-validate.",
  });
}
