import { createId, type LiveRecord, type PeerId } from "@arctic/core";
import { networkPlanSchema } from "@arctic/dataplane";
import { describe, expect, it } from "vitest";
import { type PlanSource, planFromRegistry } from "../../src/network/plan-from-registry.ts";
import { crypto, newIdentity, recordOf } from "../helpers/records.ts";

const self = newIdentity();
const target = newIdentity();
const source = newIdentity();
const AT = "2026-01-01T00:00:00.000Z";
const FINGERPRINT = "ab".repeat(32);
const TUNNEL_KEY = "A".repeat(43);

function peerRecord(identity: typeof self, name: string, change = {}): LiveRecord {
  const body = {
    name,
    description: "",
    addresses: ["192.0.2.9:8080", "host.example:8080"],
    api_access: "full",
    cluster: { id: createId("clu", crypto, 1), minted_by: identity.peerId, founded: true },
    tunnel: { public_key: TUNNEL_KEY, port: 51840 },
    pegasus: { port: 61000, tls_fingerprint: FINGERPRINT },
    tls_fingerprint: FINGERPRINT,
    agent_version: "0.1.0",
    created_at: AT,
    ...change,
  };
  return recordOf(identity, "peer", identity.peerId, JSON.parse(JSON.stringify(body))) as LiveRecord;
}

function service(owner: typeof self, id: string, to: PeerId, change = {}): LiveRecord {
  const body = {
    name: `service ${id.slice(-2)}`,
    target_peer_id: to,
    transport_type: "tcp",
    requires_interface: false,
    fully_transparent: false,
    bandwidth_limit_mbps: 0,
    routes: [{ route_id: 1, priority: 10, dest_cidr: "10.9.0.0/16" }],
    created_at: AT,
    ...change,
  };
  return recordOf(owner, "service", id, body) as LiveRecord;
}

const ID_1 = "svc_01ARZ3NDEKTSV4RRFFQ69G5FA1";
const ID_2 = "svc_01ARZ3NDEKTSV4RRFFQ69G5FA2";

function planWith(services: readonly LiveRecord[], change: Partial<PlanSource> = {}) {
  const records = new Map([
    [target.peerId, peerRecord(target, "target")],
    [source.peerId, peerRecord(source, "source")],
  ]);
  const views = new Map([target, source].map(({ peerId }) => [peerId, member(peerId)]));
  return planFromRegistry({
    self: self.peerId,
    services,
    peerRecord: (peer) => records.get(peer),
    peerView: (peer) => views.get(peer),
    members: [...views.values()],
    licenseState: "valid",
    hasLeft: false,
    agentPort: 8080,
    ...change,
  });
}

function member(peerId: PeerId) {
  const isTarget = peerId === target.peerId;
  return { peerId, standing: "member" as const, provenAddresses: isTarget ? ["192.0.2.1:8443", "name.example:1"] : [] };
}

describe("the plan of a host", () => {
  it("holds an entry for its own service and an exit for one that names it, with the peers of both", () => {
    const plan = planWith([service(source, ID_2, self.peerId), service(self, ID_1, target.peerId)]);
    expect(plan).toEqual({
      format: 1,
      peer_id: self.peerId,
      peers: [
        { peer_id: target.peerId, name: "target", addresses: ["192.0.2.1", "192.0.2.9"], ...KEYS },
        { peer_id: source.peerId, name: "source", addresses: ["192.0.2.9"], ...KEYS },
      ].sort((a, b) => (a.peer_id < b.peer_id ? -1 : 1)),
      services: [
        { service_id: ID_1, name: "service A1", role: "entry", peer_id: target.peerId, ...PLAIN },
        { service_id: ID_2, name: "service A2", role: "exit", peer_id: source.peerId, ...PLAIN },
      ],
      cluster_endpoints: [{ address: "192.0.2.1", port: 8443 }],
      agent_ports: [8080],
    });
    expect(networkPlanSchema.safeParse(plan).success).toBe(true);
  });

  it("is the same whatever the order of the records", () => {
    const services = [service(source, ID_2, self.peerId), service(self, ID_1, target.peerId)];
    expect(planWith([...services].reverse())).toEqual(planWith(services));
  });

  it("gives a service its interface with the addresses that are wished for", () => {
    const wished = { requires_interface: true, fully_transparent: true, desired_ipv4_cidr: "192.0.2.77/24" };
    const [entry] = planWith([service(self, ID_1, target.peerId, wished)]).services;
    expect(entry).toMatchObject({ interface: { ipv4_cidr: "192.0.2.77/24" }, fully_transparent: true });
  });

  it("leaves out services between others, to itself, and exits for strangers", () => {
    const stranger = newIdentity();
    const services = [
      service(source, ID_1, target.peerId),
      service(self, ID_2, self.peerId),
      service(stranger, "svc_01ARZ3NDEKTSV4RRFFQ69G5FA3", self.peerId),
    ];
    expect(planWith(services).services).toEqual([]);
  });

  it("names an id once where two owners use it, its own first", () => {
    const plan = planWith([service(source, ID_1, self.peerId), service(self, ID_1, target.peerId)]);
    expect(plan.services.map(({ role }) => role)).toEqual(["entry"]);
  });

  it.each([
    ["left", /has left the cluster/],
    ["revoked", /was revoked/],
    ["vouched", /not a member/],
  ] as const)("refuses a service whose target is %s, and names no such peer", (standing, reason) => {
    const plan = planWith([service(self, ID_1, target.peerId)], {
      peerView: () => ({ standing, provenAddresses: [] }),
    });
    expect(plan.services[0]?.refuse).toMatch(reason);
    expect(plan.peers).toEqual([]);
  });

  it("refuses everything when the license is suspended or this peer has left", () => {
    const services = [service(self, ID_1, target.peerId)];
    expect(planWith(services, { licenseState: "suspended" }).services[0]?.refuse).toMatch(/license has expired/);
    expect(planWith(services, { hasLeft: true }).services[0]?.refuse).toMatch(/has left/);
    expect(planWith(services, { licenseState: "read_only" }).services[0]?.refuse).toBeUndefined();
  });

  it("refuses a service to a peer without a data plane", () => {
    const bare = peerRecord(target, "bare", { tunnel: undefined, pegasus: undefined });
    const plan = planWith([service(self, ID_1, target.peerId)], { peerRecord: () => bare });
    expect(plan.services[0]?.refuse).toMatch(/bare runs no data plane/);
  });
});

const KEYS = {
  pegasus: { port: 61000, tls_fingerprint: FINGERPRINT },
  tunnel: { public_key: TUNNEL_KEY, port: 51840 },
};
const PLAIN = {
  fully_transparent: false,
  bandwidth_limit_mbps: 0,
  routes: [{ route_id: 1, priority: 10, dest_cidr: "10.9.0.0/16" }],
};
