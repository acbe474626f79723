import { checkPlan, type PlanCheck, planProblem } from "./check-plan.ts";
import { type NetworkPlan, networkPlanSchema, type PlanService } from "./plan.ts";

/**
 * Reads one plan after the other, as {@link checkPlan} does and with the same results. A service whose text stands in the
 * plan before is the very object of that plan, and a plan of the same text is that plan: who made something of it keeps
 * it by the object. Only what differs is judged by the schema.
 */
export class PlanReader {
  #last: { readonly plan: NetworkPlan; readonly headText: string } | undefined;
  #servicesByText: ReadonlyMap<string, PlanService> = new Map();

  read(value: unknown): PlanCheck {
    const parts = partsOf(value);
    if (parts === undefined) return checkPlan(value);
    const { head, services } = parts;
    const texts = services.map((service) => JSON.stringify(service));
    const known = texts.map((text) => this.#servicesByText.get(text));
    const headText = JSON.stringify(head);
    const last = this.#last;
    if (headText === last?.headText && isSameList(known, last.plan.services)) return { ok: true, plan: last.plan };
    const parsed = networkPlanSchema.safeParse({
      ...head,
      services: services.filter((_, at) => known[at] === undefined),
    });
    // The full check names the place.
    if (!parsed.success) return checkPlan(value);
    const judged = parsed.data.services.values();
    const plan = { ...parsed.data, services: known.flatMap((service) => service ?? judged.next().value ?? []) };
    if (planProblem(plan, new Set(known)) !== undefined) return checkPlan(value);
    this.#last = { plan, headText };
    this.#servicesByText = new Map(
      texts.flatMap((text, at) => (plan.services[at] === undefined ? [] : [[text, plan.services[at]]])),
    );
    return { ok: true, plan };
  }
}

function partsOf(value: unknown): { head: object; services: readonly unknown[] } | undefined {
  if (typeof value !== "object" || value === null || !("services" in value) || !Array.isArray(value.services))
    return undefined;
  const { services, ...head } = value;
  return { head, services };
}

function isSameList<T>(a: readonly (T | undefined)[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at]);
}
