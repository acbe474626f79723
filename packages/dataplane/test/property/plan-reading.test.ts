import fc from "fast-check";
import { expect, test } from "vitest";
import { checkPlan } from "../../src/check-plan.ts";
import { jsonWithServices } from "../../src/json-text.ts";
import { allocate, NO_ALLOCATIONS } from "../../src/kernel/allocation.ts";
import { desiredFromPlan } from "../../src/kernel/desired-from-plan.ts";
import { tableParts } from "../../src/kernel/nft.ts";
import { rankRoutes } from "../../src/match.ts";
import type { PegasusPlan } from "../../src/pegasus/pegasus.ts";
import { changedPlan, planChange } from "../../src/pegasus/plan-change.ts";
import { pegasusPlanFrom } from "../../src/pegasus-plan.ts";
import type { NetworkPlan } from "../../src/plan.ts";
import { PlanReader } from "../../src/plan-reader.ts";
import { CONFIG, factsFor, PEER_A, PEER_B, peer, plan } from "../unit/support/example.ts";

/** Texts as the socket brings them: mostly services that stay, and now and then something that is no plan at all. */

const cidr = fc.constantFrom(
  "10.0.0.0/8",
  "10.1.0.0/16",
  "10.2.0.0/16",
  "fd00::/8",
  "FD00::/8",
  "10.0.0.1/8",
  "x",
  1,
  null,
);
const route = fc.record(
  {
    route_id: fc.constantFrom(1, 2),
    priority: fc.constantFrom(0, 0, 0, 1, 0.5, "0"),
    source_cidr: cidr,
    dest_cidr: cidr,
  },
  { requiredKeys: ["route_id", "priority"] },
);
const goodRoute = fc.record({
  route_id: fc.constantFrom(1, 2),
  priority: fc.constantFrom(0, 1),
  dest_cidr: fc.constantFrom("10.0.0.0/8", "fd00::/8"),
});
const service = fc.record(
  {
    service_id: fc.constantFrom(0, 1, 2, 3).map((id) => `svc_${String(id).padStart(26, "0")}`),
    name: fc.constantFrom("a", "ä\ud800", "__proto__"),
    role: fc.constantFrom("entry", "entry", "entry", "exit", "middle"),
    peer_id: fc.constantFrom(PEER_B, PEER_B, PEER_B, PEER_A),
    fully_transparent: fc.boolean(),
    bandwidth_limit_mbps: fc.constantFrom(0, 10, -1),
    routes: fc.oneof(
      { weight: 4, arbitrary: fc.array(goodRoute, { maxLength: 2 }) },
      fc.array(route, { maxLength: 2 }),
    ),
    interface: fc.constantFrom({ ipv4_cidr: "10.71.1.50/24" }, {}),
    refuse: fc.constantFrom("license", ""),
    surprise: fc.constant(1),
  },
  { requiredKeys: ["service_id", "name", "role", "peer_id", "fully_transparent", "bandwidth_limit_mbps", "routes"] },
);
const goodService = fc
  .record({
    id: fc.integer({ min: 0, max: 3 }),
    to: fc.constantFrom("10.0.0.0/8", "10.1.0.0/16"),
    limit: fc.constantFrom(0, 10),
  })
  .map(({ id, to, limit }) => ({
    service_id: `svc_${String(id).padStart(26, "0")}`,
    name: "a",
    role: "entry",
    peer_id: PEER_B,
    fully_transparent: false,
    bandwidth_limit_mbps: limit,
    routes: [{ route_id: 1, priority: 0, dest_cidr: to }],
  }));
const services = fc.oneof(
  { weight: 6, arbitrary: fc.uniqueArray(goodService, { maxLength: 4, selector: ({ service_id }) => service_id }) },
  { weight: 3, arbitrary: fc.array(service, { maxLength: 4 }) },
  fc.constantFrom(undefined, null, "services", 1, {}, [null], [[]]),
);
const head = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ ...plan([]), peers: [peer(PEER_B, "b")] }) },
  fc.constantFrom(
    { ...plan([]), peers: [peer(PEER_B, "c")] },
    { ...plan([]), peers: [] },
    { ...plan([]), peers: [peer(PEER_B, "b"), peer(PEER_B, "b")] },
    { ...plan([]), agent_ports: [1, 2] },
    { ...plan([]), format: 2 },
    { ...plan([]), surprise: 1 },
  ),
);
const text = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(head, services).map(([of, own]) => JSON.stringify({ ...of, services: own })) },
  fc.constantFrom("null", "[]", "1", '{"__proto__":{"services":[]}}'),
);

test("a reader that remembers gives what the full check gives, in any sequence of plans", () => {
  let accepted = 0;
  let refused = 0;
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 8 }), (texts) => {
      const reader = new PlanReader();
      for (const one of texts) {
        const remembered = reader.read(JSON.parse(one));
        expect(remembered).toEqual(checkPlan(JSON.parse(one)));
        if (remembered.ok) accepted += 1;
        else refused += 1;
      }
    }),
    { numRuns: 1_500 },
  );
  // Both kinds were met often enough to mean something.
  expect(Math.min(accepted, refused)).toBeGreaterThan(300);
});

test("what is kept by a service's object is what is made anew: the kernel's table, the ranks, each worker's plan, the text", () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 2, maxLength: 8 }), (texts) => {
      const reader = new PlanReader();
      let told: PegasusPlan = { peers: [], services: [], clusterPorts: [] };
      let held = told;
      for (const one of texts) {
        const remembered = reader.read(JSON.parse(one));
        const anew = checkPlan(JSON.parse(one));
        if (!remembered.ok || !anew.ok) continue;
        expect(tableOf(remembered.plan)).toEqual(tableOf(anew.plan));
        expect(ranksOf(remembered.plan)).toEqual(ranksOf(anew.plan));
        const next = pegasusOf(remembered.plan);
        // Over the channel a worker gets plain data, other objects than its parent's.
        held = changedPlan(held, structuredClone(planChange(told, next)));
        told = next;
        expect(byId(held)).toEqual(byId(pegasusOf(anew.plan)));
        expect(JSON.parse(jsonWithServices(remembered.plan))).toEqual(JSON.parse(JSON.stringify(anew.plan)));
      }
    }),
    { numRuns: 700 },
  );
});

test("a plan of the same text is the same object, and a service of the same text keeps its own", () => {
  const reader = new PlanReader();
  const of = (limit: number) => {
    const [first, second] = [1, 2].map((id) => ({
      ...{ service_id: `svc_${String(id).padStart(26, "0")}`, name: "a", role: "entry", peer_id: PEER_B },
      ...{ fully_transparent: false, bandwidth_limit_mbps: id === 1 ? 0 : limit },
      routes: [{ route_id: 1, priority: 0, dest_cidr: `10.${id}.0.0/16` }],
    }));
    const read = reader.read({ ...plan([]), peers: [peer(PEER_B, "b")], services: [first, second] });
    if (!read.ok) throw new Error(read.problem);
    return read.plan;
  };
  const before = of(10);
  expect(of(10)).toBe(before);
  const after = of(20);
  expect(after.services[0]).toBe(before.services[0]);
  expect(after.services[1]).not.toBe(before.services[1]);
  const [was, is] = [before, after].map(pegasusOf);
  if (was === undefined || is === undefined) throw new Error("two were made");
  expect(planChange(was, is).services).toEqual([is.services[1]]);
});

const numbersOf = (of: NetworkPlan) => allocate(NO_ALLOCATIONS, of);

function tableOf(of: NetworkPlan) {
  return tableParts(desiredFromPlan(of, factsFor(of), CONFIG).ruleset);
}

function ranksOf(of: NetworkPlan) {
  return rankRoutes(of.services.map(({ service_id: serviceId, routes }) => ({ serviceId, routes })));
}

function pegasusOf(of: NetworkPlan): PegasusPlan {
  return pegasusPlanFrom(of, numbersOf(of), { host: CONFIG, pegasusPort: 61_000 });
}

function byId({ services: all, ...rest }: PegasusPlan) {
  return { ...rest, services: Object.fromEntries(all.map((one) => [one.serviceId, one])), count: all.length };
}
