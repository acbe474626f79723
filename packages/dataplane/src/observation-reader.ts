import * as z from "zod";
import { type Observation, observationSchema, type ServiceObservation } from "./plan.ts";

const oneObservation = observationSchema.shape.services.element;
const restSchema = observationSchema.extend({ services: z.array(z.unknown()) });

/**
 * Reads one answer of the data plane after the other, as the schema does and with the same results. Of most services
 * nothing changes from one answer to the next: what has the text that was judged before is not judged again.
 */
export class ObservationReader {
  #judgedByText: ReadonlyMap<string, ServiceObservation> = new Map();

  /** Undefined for what is no observation. */
  read(value: unknown): Observation | undefined {
    const rest = restSchema.safeParse(value);
    if (!rest.success) return undefined;
    const judgedByText = new Map<string, ServiceObservation>();
    const services: ServiceObservation[] = [];
    for (const one of rest.data.services) {
      const text = JSON.stringify(one);
      const judged = this.#judgedByText.get(text) ?? oneObservation.safeParse(one).data;
      if (judged === undefined) return undefined;
      judgedByText.set(text, judged);
      services.push(judged);
    }
    this.#judgedByText = judgedByText;
    return { ...rest.data, services };
  }
}
