import type { PegasusPlan, PegasusService } from "./pegasus.ts";

/** What leads from one plan to the next, so that a worker is told of one service among a thousand and not of all. */
export interface PlanChange {
  /** All of the next plan but its services. */
  readonly rest: Omit<PegasusPlan, "services">;
  readonly goneServiceIds: readonly string[];
  /** New, or others than before. */
  readonly services: readonly PegasusService[];
}

/** A service that is the same object in both plans has not changed. */
export function planChange(before: PegasusPlan, after: PegasusPlan): PlanChange {
  const { services, ...rest } = after;
  const held = new Set(before.services);
  const wantedIds = new Set(services.map(({ serviceId }) => serviceId));
  return {
    rest,
    goneServiceIds: before.services.flatMap(({ serviceId }) => (wantedIds.has(serviceId) ? [] : [serviceId])),
    services: services.filter((service) => !held.has(service)),
  };
}

/** The next plan; its services stand in no order that means anything, and those that stay are the same objects. */
export function changedPlan(before: PegasusPlan, { rest, goneServiceIds, services }: PlanChange): PegasusPlan {
  const replaced = new Set([...goneServiceIds, ...services.map(({ serviceId }) => serviceId)]);
  return { ...rest, services: [...before.services.filter(({ serviceId }) => !replaced.has(serviceId)), ...services] };
}
