import type { NetworkPlan, Observation } from "./plan.ts";

/**
 * The JSON of plans and observations, of which mostly one service among a thousand differs from what was written before: a
 * service that is the very object of before is written once.
 */

const textByService = new WeakMap<Service, string>();

type Service = (NetworkPlan | Observation)["services"][number];

/** As `JSON.stringify`, but that the services come last. Services are data that nobody changes. */
export function jsonWithServices({ services, ...rest }: NetworkPlan | Observation): string {
  return `${JSON.stringify(rest).slice(0, -1)},"services":[${services.map(textOf).join(",")}]}`;
}

function textOf(service: Service): string {
  const held = textByService.get(service);
  if (held !== undefined) return held;
  const text = JSON.stringify(service);
  textByService.set(service, text);
  return text;
}
