import { expect, test } from "vitest";
import { composeText } from "../../../src/compose/canonical-text.ts";
import { composeFrom } from "../../../src/compose/export.ts";
import { composePlan } from "../../../src/compose/plan.ts";
import { parseCompose } from "../../../src/compose/read.ts";
import { samplePeer, sampleService } from "../../support/samples.ts";

const alpha = samplePeer("alpha", { entry: { role: "server", claimed_at: "2026-01-01T00:00:00.000Z" } });
const beta = samplePeer("beta", { api_access: "internal" });
const left = samplePeer("gone", { state: "left" });
const services = [
  sampleService("web", {
    requires_interface: true,
    desired_ipv4_cidr: "10.0.0.9/24",
    fully_transparent: true,
    bandwidth_limit_mbps: 100,
    routes: [],
  }),
  sampleService("lan", {
    routes: [{ route_id: 3, priority: -2, source_cidr: "10.0.0.0/24", dest_cidr: "10.9.0.0/16" }],
  }),
];

test("an exported cluster, applied again, changes nothing", () => {
  const text = composeText(composeFrom([alpha, beta, left], services, undefined));
  const compose = parseCompose(text, "f");
  const peerByName = new Map([alpha, beta].map((peer) => [peer.name, { type: "member" as const, peer }]));
  expect(composePlan(compose, { peerByName, services }, { isPruning: true })).toEqual({
    steps: [],
    unreachable: [],
    unlisted: [],
  });
});

test("the exported file reads as a person would write it", () => {
  expect(composeText(composeFrom([beta, alpha], services.slice(0, 1), "license.json"))).toMatchSnapshot();
});

test("two peers of one name have no place in a file", () => {
  const twin = samplePeer("alpha", { id: beta.id });
  expect(() => composeFrom([alpha, twin], [], undefined)).toThrow('are both named "alpha"');
});
