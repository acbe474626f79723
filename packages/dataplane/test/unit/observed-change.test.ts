import { expect, test } from "vitest";
import { changeBetween } from "../../src/observed-change.ts";
import type { Observation } from "../../src/plan.ts";
import { PEER_A, PEER_B } from "./support/example.ts";

type Service = Observation["services"][number];
type Peer = Observation["peers"][number];

const SERVICE: Service = {
  service_id: "svc_01CX5ZZKBKACTAV9WEVGEMMVRZ",
  role: "entry",
  state: "active",
  pegasus: { flows_open: 0, flows_total: 0, bytes_in: 0, bytes_out: 0 },
  connects: {},
  tempest: { packets_in: 0, bytes_in: 0, packets_out: 0, bytes_out: 0 },
  limit_drops: 0,
};
const PEER: Peer = { peer_id: PEER_B, links_open: 2, tunnel: { bytes_in: 1, bytes_out: 1 } };

function seen(service: Partial<Service> | undefined, peer: Partial<Peer> | undefined): Observation {
  return {
    observed_at: "2026-01-01T00:00:00Z",
    flows_at_most: 10,
    services: service === undefined ? [] : [{ ...SERVICE, ...service }],
    peers: peer === undefined ? [] : [{ ...PEER, ...peer }],
  };
}

test("what is only counted is no change", () => {
  const counted = seen(
    {
      limit_drops: 7,
      connects: { connected: 1 },
      tempest: { packets_in: 9, bytes_in: 9, packets_out: 9, bytes_out: 9 },
    },
    { tunnel: { bytes_in: 100, bytes_out: 100 } },
  );
  expect(changeBetween(seen({}, {}), { ...counted, observed_at: "2026-01-01T00:00:09Z", flows_at_most: 11 })).toBe(
    undefined,
  );
});

test.each<[string, Partial<Service> | undefined]>([
  ["another state", { state: "degraded", reason: "the kernel lacks a rule" }],
  ["another reason", { reason: "another" }],
  ["another role", { role: "exit" }],
  ["is gone", undefined],
])("a service that has %s is named", (_, service) => {
  const named = { services: [SERVICE.service_id], peers: [] };
  expect(changeBetween(seen({}, {}), seen(service, {}))).toEqual(named);
  expect(changeBetween(seen(service, {}), seen({}, {}))).toEqual(named);
});

test.each<[string, Partial<Peer> | undefined]>([
  ["another count of links", { links_open: 1 }],
  ["shaken hands", { tunnel: { handshake_at: "2026-01-01T00:00:00Z", bytes_in: 1, bytes_out: 1 } }],
  ["another id", { peer_id: PEER_A }],
  ["gone", undefined],
])("a peer that has %s is named", (_, peer) => {
  const change = changeBetween(seen({}, {}), seen({}, peer));
  expect(change?.services).toEqual([]);
  expect(change?.peers).toContain(PEER_B);
});

test("a later handshake with the same peer is no change", () => {
  const shaken = (at: string) => seen({}, { tunnel: { handshake_at: at, bytes_in: 1, bytes_out: 1 } });
  expect(changeBetween(shaken("2026-01-01T00:00:00Z"), shaken("2026-01-01T00:02:00Z"))).toBe(undefined);
});
