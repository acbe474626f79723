import { expect, test } from "vitest";
import { desiredFromPlan } from "../../src/kernel/desired-from-plan.ts";
import type { KernelReport } from "../../src/kernel/reconciler.ts";
import { observationFrom } from "../../src/observation.ts";
import { observationSchema } from "../../src/plan.ts";
import type { PegasusReport } from "../../src/service-state.ts";
import { CONFIG, factsFor, LINKS, link, PEER_B, plan, ROUTED, routed } from "./support/example.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");
const PLAN = plan([routed("entry")]);
const KEY = PLAN.peers[0]?.tunnel?.public_key ?? "";

const running = (lastError?: string): PegasusReport => ({
  type: "running",
  counters: {
    flowsAtMost: 4_000,
    services: [
      {
        ...{ serviceId: ROUTED, role: "entry", flowsOpen: 1, flowsTotal: 2, bytesIn: 3, bytesOut: 4 },
        connects: { connected: 1, timed_out: 1 },
      },
    ],
    links: [
      { peerId: PEER_B, open: lastError === undefined ? 4 : 0, ...(lastError === undefined ? {} : { lastError }) },
    ],
  },
});

const kernel = (more: Partial<KernelReport> = {}): KernelReport => ({
  desired: desiredFromPlan(PLAN, factsFor(PLAN), CONFIG),
  observed: {
    links: [...LINKS, link("arx-WEVGEMMVRZ", [], { kind: "vxlan", isOurs: true })],
    neighbours: [],
    routes: [],
    rules: [],
    limits: [],
  },
  counts: new Map([
    ["original 65554", { packets: 5, bytes: 500 }],
    ["reply 65554", { packets: 6, bytes: 600 }],
    ["reply 131090", { packets: 7, bytes: 700 }],
  ]),
  limitDrops: new Map([[ROUTED, 9]]),
  isTableCurrent: true,
  pending: [],
  sysctlFailures: [],
  tunnelError: undefined,
  tunnelPeers: new Map([[KEY, { handshakeAt: NOW - 30_000, bytesIn: 7, bytesOut: 8 }]]),
  ...more,
});

const stateOf = (report: KernelReport, pegasus = running()): string => {
  const { state, reason } = observationFrom(PLAN, report, pegasus, NOW).services[0] ?? {};
  return reason === undefined ? String(state) : `${state}: ${reason}`;
};

test("a service whose every part was read back is active, with what both carried", () => {
  const observation = observationFrom(PLAN, kernel(), running(), NOW);
  expect(observationSchema.parse(observation)).toEqual({
    observed_at: "2026-01-01T00:00:00.000Z",
    flows_at_most: 4_000,
    services: [
      {
        service_id: ROUTED,
        role: "entry",
        state: "active",
        pegasus: { flows_open: 1, flows_total: 2, bytes_in: 3, bytes_out: 4 },
        connects: { connected: 1, timed_out: 1 },
        tempest: { packets_in: 5, bytes_in: 500, packets_out: 6, bytes_out: 600 },
        limit_drops: 9,
      },
    ],
    peers: [
      {
        peer_id: PEER_B,
        links_open: 4,
        tunnel: { handshake_at: "2025-12-31T23:59:30.000Z", bytes_in: 7, bytes_out: 8 },
      },
    ],
  });
});

test("without a handshake the tunnel half is said to be refused, with where it was tried", () => {
  expect(stateOf(kernel({ tunnelPeers: new Map() }))).toBe(
    "degraded: all but TCP is not carried: no tunnel handshake with b at 10.71.2.2:51840 yet; UDP must pass between the two hosts on that port",
  );
  const old = new Map([[KEY, { handshakeAt: NOW - 181_000, bytesIn: 0, bytesOut: 0 }]]);
  expect(stateOf(kernel({ tunnelPeers: old }))).toContain("since 2025-12-31T23:56:59.000Z");
});

test("without a link to the peer the TCP half is said to be refused", () => {
  expect(stateOf(kernel(), running("10.71.2.2 port 61000: refused"))).toBe(
    "degraded: TCP is not carried: no link to b: 10.71.2.2 port 61000: refused",
  );
});

test("without either it is inactive", () => {
  expect(stateOf(kernel({ tunnelPeers: new Map() }), { type: "failed", reason: "Pegasus is not running" })).toMatch(
    /^inactive: TCP is not carried: Pegasus is not running; all but TCP is not carried: no tunnel handshake/,
  );
});

test("a table that is not the one that was written makes it inactive", () => {
  expect(stateOf(kernel({ isTableCurrent: false }))).toMatch(
    /^inactive: the nftables table inet arctic is not the one/,
  );
});

test("what the kernel lacks is named with the tool's own words", () => {
  const pending = [
    { line: "-4 rule add x", owner: PEER_B, error: "RTNETLINK answers: File exists" },
    { line: "-6 rule add x", owner: PEER_B },
  ];
  expect(stateOf(kernel({ pending }))).toBe(
    'degraded: all but TCP is not carried: the kernel lacks "-4 rule add x" (and 1 more): RTNETLINK answers: File exists',
  );
});

test("a setting that could not be written is named by the command that sets it", () => {
  const setting = kernel().desired.sysctls[0];
  if (setting === undefined) throw new Error("the plan sets something");
  expect(stateOf(kernel({ sysctlFailures: [{ setting, command: "sysctl -w a=1" }] }))).toBe(
    "degraded: all but TCP is not carried: a setting could not be written: sysctl -w a=1",
  );
});
