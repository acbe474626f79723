import type { DataplaneIdentity, NetworkPlan, PlanPeer, PlanService } from "@arctic/dataplane";

export const PEER_A = "peer_01ARZ3NDEKTSV4RRFFQ69G5FAV";
export const PEER_B = "peer_01BX5ZZKBKACTAV9WEVGEMMVRZ";
export const PEER_C = "peer_01EX5ZZKBKACTAV9WEVGCRXSSD";
export const SERVICE_ROUTED = "svc_01CX5ZZKBKACTAV9WEVGEMMVR1";
export const SERVICE_LAN = "svc_01CX5ZZKBKACTAV9WEVGEMMVR2";

export function planPeer(peerId: string, name: string, addresses: string[], identity: DataplaneIdentity): PlanPeer {
  return { peer_id: peerId, name, addresses, pegasus: identity.pegasus, tunnel: identity.tunnel };
}

export function planOf(peerId: string, peers: PlanPeer[], services: PlanService[]): NetworkPlan {
  return { format: 1, peer_id: peerId, peers, services, cluster_endpoints: [], agent_ports: [8080] };
}

export function service(
  serviceId: string,
  role: "entry" | "exit",
  peerId: string,
  more: Partial<PlanService> = {},
): PlanService {
  return {
    service_id: serviceId,
    name: serviceId,
    role,
    peer_id: peerId,
    fully_transparent: false,
    bandwidth_limit_mbps: 0,
    routes: [],
    ...more,
  };
}

const ROUTES: PlanService["routes"] = [
  { route_id: 1, priority: 0, source_cidr: "10.71.1.0/24", dest_cidr: "10.71.3.0/24" },
  { route_id: 2, priority: 0, source_cidr: "fd71:1::/64", dest_cidr: "fd71:3::/64" },
];
const LAN = { ipv4_cidr: "10.71.1.50/24", ipv6_cidr: "fd71:1::50/64" };

export const routed = (role: "entry" | "exit"): PlanService =>
  service(SERVICE_ROUTED, role, role === "entry" ? PEER_B : PEER_A, { routes: ROUTES });
export const onLan = (role: "entry" | "exit"): PlanService =>
  service(SERVICE_LAN, role, role === "entry" ? PEER_B : PEER_A, { interface: LAN, fully_transparent: true });
