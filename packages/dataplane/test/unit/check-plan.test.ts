import { expect, test } from "vitest";
import { checkPlan } from "../../src/check-plan.ts";
import { onLan, PEER_A, plan, ROUTED, routed, service } from "./support/example.ts";

const problemOf = (value: unknown): string | undefined => {
  const checked = checkPlan(value);
  return checked.ok ? undefined : checked.problem;
};

test("a well-formed plan passes", () => {
  expect(checkPlan(plan([routed("entry"), onLan("entry")]))).toEqual({
    ok: true,
    plan: plan([routed("entry"), onLan("entry")]),
  });
});

test("what the schema refuses is named by its place", () => {
  const of = plan([routed("entry")]);
  expect(problemOf({ ...of, services: [{ ...of.services[0], role: "middle" }] })).toMatch(/^services\[0\]\.role: /);
  expect(problemOf({ ...of, peers: [{ ...of.peers[0], addresses: ["1.2.3"] }] })).toMatch(
    /^peers\[0\]\.addresses\[0\]: /,
  );
  expect(problemOf({ ...of, format: 2 })).toMatch(/^format: /);
  expect(problemOf({ ...of, surprise: 1 })).toMatch(/^plan: .*surprise/);
  expect(problemOf("plan")).toMatch(/^plan: /);
});

test.each([
  [{ dest_cidr: "10.0.0.1/8" }, ".dest_cidr: 10.0.0.1/8 is no canonical network"],
  [{ source_cidr: "10.0.0.1/8" }, ".source_cidr: 10.0.0.1/8 is no canonical network"],
  [{}, ": names neither source_cidr nor dest_cidr"],
  [{ source_cidr: "10.0.0.0/8", dest_cidr: "fd00::/8" }, ": source_cidr and dest_cidr are of two families"],
])("the route %j is refused", (cidrs, problem) => {
  const of = plan([service(ROUTED, "entry", { routes: [{ route_id: 1, priority: 0, ...cidrs }] })]);
  expect(problemOf(of)).toBe(`services[0].routes[0]${problem}`);
});

test("an id named twice, or this host as its own other end, is refused", () => {
  const of = plan([routed("entry")]);
  expect(problemOf({ ...of, services: [...of.services, ...of.services] })).toBe(
    `services[1].service_id: ${ROUTED} is named twice`,
  );
  expect(problemOf({ ...of, peers: [...of.peers, ...of.peers] })).toMatch(/^peers\[1\]\.peer_id: .* is named twice$/);
  expect(problemOf(plan([{ ...routed("entry"), peer_id: PEER_A }]))).toBe(
    "services[0].peer_id: the other end is this host itself",
  );
});

test("names cannot carry a line into a batch", () => {
  const of = plan([service(ROUTED, "entry", { interface: { ipv4_cidr: "10.71.1.50/24", parent: "lan0\nx" } })]);
  expect(problemOf(of)).toMatch(/^services\[0\]\.interface\.parent: /);
});
