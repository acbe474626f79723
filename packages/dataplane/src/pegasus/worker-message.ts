import * as z from "zod";
import { CONNECT_OUTCOMES } from "../connect-outcomes.ts";
import type { LinkIdentity } from "./certificate.ts";
import type { PegasusPlan } from "./pegasus.ts";
import type { PlanChange } from "./plan-change.ts";

/**
 * What the parent and a worker say to each other. The worker has fewer rights than the parent, so what it says is
 * parsed; what the parent says is believed.
 */

export type ToWorker =
  | {
      readonly type: "start";
      readonly identity: LinkIdentity;
      readonly linkPort: number;
      readonly capturePort: number;
      readonly linksAPeer: number;
      readonly plan: PegasusPlan;
    }
  /** From the plan that it was told of last, by this or by its start. */
  | { readonly type: "apply"; readonly request: number; readonly change: PlanChange }
  | { readonly type: "count"; readonly request: number }
  | { readonly type: "rates"; readonly rates: readonly ServiceRate[] }
  | { readonly type: "stop"; readonly drainMs: number };

/** What a worker may let into its links for a service. */
export interface ServiceRate {
  readonly serviceId: string;
  readonly role: "entry" | "exit";
  readonly bitsPerSecond: number;
}

const count = z.int().min(0);
const text = z.string().max(1000);

/** Of several workers' last words the latest is the last. */
const lastSchema = z.object({ at: z.number(), text });

const countsSchema = z.object({
  services: z.array(
    z.object({
      serviceId: z.string(),
      role: z.enum(["entry", "exit"]),
      flowsOpen: count,
      flowsTotal: count,
      flowsRefused: count,
      bytesIn: count,
      bytesOut: count,
      connects: z.partialRecord(z.enum(CONNECT_OUTCOMES), count),
      lastRefusal: lastSchema.exactOptional(),
    }),
  ),
  links: z.array(z.object({ peerId: z.string(), open: count, lastError: text.exactOptional() })),
  unmatched: z.object({ flows: count, last: lastSchema.exactOptional() }),
});

/** What was asked of a service's limit in the last tenth of a second. */
const useSchema = z.object({
  serviceId: z.string(),
  role: z.enum(["entry", "exit"]),
  bytes: count,
  /** The rate of those bytes. */
  bitsPerSecond: z.number().min(0),
  /** The most flows that waited at once. */
  waiting: count,
});

export const fromWorkerSchema = z.discriminatedUnion("type", [
  /** It runs, and may make transparent sockets. */
  z.object({ type: z.literal("hello"), engine: z.string() }),
  z.object({ type: z.literal("unable"), reason: text }),
  /** It listens. */
  z.object({ type: z.literal("ready") }),
  z.object({ type: z.literal("failed"), reason: text }),
  z.object({ type: z.literal("applied"), request: count, error: text.optional() }),
  z.object({ type: z.literal("use"), use: z.array(useSchema) }),
  z.object({ type: z.literal("counts"), request: count, counts: countsSchema }),
]);

export type FromWorker = z.input<typeof fromWorkerSchema>;

export type ServiceUse = z.infer<typeof useSchema>;
export type LastWords = z.infer<typeof lastSchema>;
export type WorkerCounts = z.infer<typeof countsSchema>;
