import type { Peer, Service } from "@arctic/agent/client";

/** Ids for tests: `peerId("a")` is always the same one. */
export function peerId(letter: string): Peer["id"] {
  return `peer_01JD${letter.toUpperCase().repeat(22)}`;
}

function serviceId(letter: string): Service["id"] {
  return `svc_01JD${letter.toUpperCase().repeat(22)}`;
}

export function samplePeer(name: string, more: Partial<Peer> = {}): Peer {
  return {
    id: peerId(name.charAt(0)),
    name,
    description: "",
    is_local: false,
    address: `${name}:8080`,
    addresses: [`${name}:8080`],
    api_access: "full",
    state: "connected",
    has_dataplane: true,
    tls_fingerprint: "0".repeat(64),
    ...more,
  };
}

export function sampleService(name: string, more: Partial<Service> = {}): Service {
  return {
    id: serviceId(name.charAt(0)),
    name,
    source_peer_id: peerId("a"),
    target_peer_id: peerId("b"),
    transport_type: "tcp",
    requires_interface: false,
    fully_transparent: false,
    bandwidth_limit_mbps: 0,
    routes: [{ route_id: 1, priority: 0, dest_cidr: "10.9.0.0/16" }],
    created_at: "2026-01-01T00:00:00.000Z",
    local_role: "entry",
    state: "active",
    ...more,
  };
}
