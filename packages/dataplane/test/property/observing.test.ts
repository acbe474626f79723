import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonWithServices } from "../../src/json-text.ts";
import { desiredFromPlan } from "../../src/kernel/desired-from-plan.ts";
import { type Counts, countKey } from "../../src/kernel/nft.ts";
import { observationFrom } from "../../src/observation.ts";
import type { PegasusServiceCounters } from "../../src/pegasus/pegasus.ts";
import type { NetworkPlan } from "../../src/plan.ts";
import { CONFIG, factsFor, PEER_B, plan, routed } from "../unit/support/example.ts";

const IDS = [1, 2, 3].map((id) => `svc_${String(id).padStart(26, "0")}`);
const few = fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 2);

/** What one look finds: who of the services is in the plan, and what was counted, refused and said. */
const look = fc.record({
  /** By service; the object of the look before stays unless it is to be another. */
  flows: fc.array(few, { minLength: 3, maxLength: 3 }),
  packets: fc.constantFrom([0, 0, 0], [0, 0, 0], [0, 0, 0], [1, 0, 2]),
  drops: fc.array(few, { minLength: 3, maxLength: 3 }),
  refused: fc.constantFrom(undefined, undefined, 0, 2),
  pending: fc.constantFrom(undefined, undefined, "host", IDS[1], PEER_B),
  lastError: fc.constantFrom(undefined, undefined, "no answer"),
});

/** Mostly the same is seen again. */
const looks = fc
  .tuple(fc.array(look, { minLength: 3, maxLength: 3 }), fc.array(fc.constantFrom(0, 0, 0, 1, 2), { maxLength: 8 }))
  .map(([seen, order]) => order.flatMap((at) => seen[at] ?? []));

test("what was seen of a service last is told again only where nothing else is seen", () => {
  let told = 0;
  let kept = 0;
  fc.assert(
    fc.property(looks, (inTurn) => {
      const made = new Map<string, NetworkPlan["services"][number]>();
      const flowsOf = new Map<string, PegasusServiceCounters>();
      const counted = new Map<string, Counts>();
      let before: readonly object[] = [];
      for (const seen of inTurn) {
        const services = IDS.map((id, at) => serviceOf(made, id, seen.refused === at));
        const own = plan(services);
        const fresh = structuredClone(own);
        const observe = (of: NetworkPlan) => {
          const desired = desiredFromPlan(of, factsFor(of), CONFIG);
          const marks = IDS.map((id) => desired.markByService.get(id) ?? 0);
          const kernel = {
            desired,
            observed: { links: [], neighbours: [], routes: [], rules: [], limits: [] },
            isTableCurrent: true,
            counts: countsOf(counted, marks, seen.packets),
            limitDrops: new Map(IDS.map((id, at) => [id, seen.drops[at] ?? 0])),
            pending: seen.pending === undefined ? [] : [{ line: "route add", owner: seen.pending }],
            sysctlFailures: [],
            tunnelError: undefined,
            tunnelPeers: new Map(),
          };
          const counters = {
            flowsAtMost: 1,
            services: IDS.map((id, at) => countersOf(flowsOf, id, seen.flows[at] ?? 0)),
            links: [
              { peerId: PEER_B, open: 0, ...(seen.lastError === undefined ? {} : { lastError: seen.lastError }) },
            ],
          };
          return observationFrom(of, kernel, { type: "running", counters }, 0);
        };
        const observation = observe(own);
        // The same plan in other objects, of which nothing is kept.
        expect(observation).toEqual(observe(fresh));
        expect(JSON.parse(jsonWithServices(observation))).toEqual(JSON.parse(JSON.stringify(observation)));
        told += observation.services.length;
        kept += observation.services.filter((one) => before.includes(one)).length;
        before = observation.services;
      }
    }),
    { numRuns: 400 },
  );
  // Both were met often enough to mean something.
  expect(Math.min(kept, told - kept)).toBeGreaterThan(300);
});

function serviceOf(made: Map<string, NetworkPlan["services"][number]>, id: string, isRefused: boolean) {
  const key = `${id} ${isRefused}`;
  const held = made.get(key) ?? { ...routed("entry"), service_id: id, ...(isRefused ? { refuse: "license" } : {}) };
  made.set(key, held);
  return held;
}

function countersOf(held: Map<string, PegasusServiceCounters>, serviceId: string, flowsOpen: number) {
  const key = `${serviceId} ${flowsOpen}`;
  const counters = held.get(key) ?? {
    ...{ serviceId, role: "entry" as const, flowsOpen, flowsTotal: 0, flowsRefused: 0, bytesIn: 0, bytesOut: 0 },
    connects: {},
  };
  held.set(key, counters);
  return counters;
}

/** Between two readings of the kernel the counts stay one object. */
function countsOf(held: Map<string, Counts>, marks: readonly number[], packets: readonly number[]): Counts {
  const key = `${marks} ${packets}`;
  const counts =
    held.get(key) ??
    new Map(marks.map((mark, at) => [countKey("original", mark), { packets: packets[at] ?? 0, bytes: 1 }]));
  held.set(key, counts);
  return counts;
}
