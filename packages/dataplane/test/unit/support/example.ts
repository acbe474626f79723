import { allocate, NO_ALLOCATIONS } from "../../../src/kernel/allocation.ts";
import type { HostLink } from "../../../src/kernel/host.ts";
import type { HostConfig, HostFacts } from "../../../src/kernel/host-facts.ts";
import type { NetworkPlan, PlanPeer, PlanService } from "../../../src/plan.ts";

/** A made-up host with two links, and the plan of one routed service and one with an interface of its own. */

export const PEER_A = "peer_01ARZ3NDEKTSV4RRFFQ69G5FAV";
export const PEER_B = "peer_01BX5ZZKBKACTAV9WEVGEMMVRZ";
export const ROUTED = "svc_01CX5ZZKBKACTAV9WEVGEMMVR1";
export const ON_LAN = "svc_01CX5ZZKBKACTAV9WEVGEMMVR2";

export const CONFIG: HostConfig = {
  tunnelInterface: "tempest0",
  tunnelPort: 51_840,
  capturePort: 61_001,
  exitPolicy: { allowHost: [], allow: [], sources: [] },
};

export const LINKS: HostLink[] = [
  link("lo", ["127.0.0.1/8", "::1/128"], { isLoopback: true, mtu: 65_536 }),
  link("lan0", ["10.71.1.1/24", "fd71:1::1/64"]),
  link("wan0", ["10.71.2.1/24", "fd71:2::1/64"]),
];

export const peer = (peerId: string, name: string, more: Partial<PlanPeer> = {}): PlanPeer => ({
  peer_id: peerId,
  name,
  addresses: ["10.71.2.2", "fd71:2::2"],
  pegasus: { port: 61_000, tls_fingerprint: "ab".repeat(32) },
  tunnel: { public_key: "A".repeat(43), port: 51_840 },
  ...more,
});

export function service(serviceId: string, role: "entry" | "exit", more: Partial<PlanService> = {}): PlanService {
  return {
    service_id: serviceId,
    name: serviceId,
    role,
    peer_id: role === "entry" ? PEER_B : PEER_A,
    fully_transparent: false,
    bandwidth_limit_mbps: 0,
    routes: [],
    ...more,
  };
}

export const routed = (role: "entry" | "exit"): PlanService =>
  service(ROUTED, role, {
    bandwidth_limit_mbps: 10,
    routes: [
      { route_id: 1, priority: 0, source_cidr: "10.71.1.0/24", dest_cidr: "10.71.3.0/24" },
      { route_id: 2, priority: 0, dest_cidr: "fd71:3::/64" },
    ],
  });

export const onLan = (role: "entry" | "exit"): PlanService =>
  service(ON_LAN, role, { interface: { ipv4_cidr: "10.71.1.50/24" }, fully_transparent: true });

export const plan = (services: PlanService[], more: Partial<NetworkPlan> = {}): NetworkPlan => ({
  format: 1,
  peer_id: services[0]?.role === "exit" ? PEER_B : PEER_A,
  peers: [services[0]?.role === "exit" ? peer(PEER_A, "a", { addresses: ["10.71.2.1"] }) : peer(PEER_B, "b")],
  services,
  cluster_endpoints: [{ address: "10.71.2.2", port: 8080 }],
  agent_ports: [8080],
  ...more,
});

/** Nothing forwards by itself, nothing is filtered. */
export function factsFor(of: NetworkPlan, more: Partial<HostFacts> = {}): HostFacts {
  return {
    links: LINKS,
    allocations: allocate(NO_ALLOCATIONS, of),
    tunnelBackend: "userspace",
    leasedCidrs: new Map(),
    defaultLink: undefined,
    baseSysctl: () => "0",
    ...more,
  };
}

export function link(name: string, addresses: string[], more: Partial<HostLink> = {}): HostLink {
  return {
    name,
    kind: "",
    isUp: true,
    isLoopback: false,
    mtu: 1500,
    mac: "02:00:00:00:00:01",
    qdisc: "noqueue",
    isOurs: false,
    alias: "",
    addresses: addresses.map((cidr) => ({ cidr, metric: 0, dadFailed: false, isAutomatic: false })),
    ...more,
  };
}
