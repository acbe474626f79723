import * as z from "zod";
import { CONNECT_OUTCOMES } from "./connect-outcomes.ts";

/**
 * The whole desired network state of one host, as the agent hands it over, and what the data plane observed of it.
 * Plain data: snake_case, as it travels over the control socket.
 */

const ipv4 = z.ipv4();
const ipv6 = z.ipv6();
const address = z.union([ipv4, ipv6]);
const cidr = z.union([z.cidrv4(), z.cidrv6()]);
const port = z.int().min(1).max(65535);
const peerId = z.string().regex(/^peer_[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
const serviceId = z.string().regex(/^svc_[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
/** SHA-256 of a DER certificate, lower-case hex without colons. */
const tlsFingerprint = z.string().regex(/^[0-9a-f]{64}$/);
/** 32 bytes, base64url without padding. */
const tunnelKey = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** A name that can stand in a line for `ip` or `nft` and mean nothing else there. */
const linkName = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,14}$/);

const endpoint = z.strictObject({ address, port });

const route = z.strictObject({
  route_id: z.int().min(1),
  /** Higher wins among routes of one class whose prefix lengths are equal. */
  priority: z.int(),
  source_cidr: cidr.optional(),
  dest_cidr: cidr.optional(),
});

/** The service's own MACVLAN interface on the source peer. Without an address it asks DHCP. */
const serviceInterface = z.strictObject({
  ipv4_cidr: z.cidrv4().optional(),
  ipv6_cidr: z.cidrv6().optional(),
  parent: linkName.optional(),
});

/** Every member of the cluster that a service of this host names, with what its signed record says of it. */
const planPeer = z.strictObject({
  peer_id: peerId,
  name: z.string(),
  /** Where its host is reached, most recently proven first; Pegasus and Tempest dial these addresses. */
  addresses: z.array(address),
  pegasus: z.strictObject({ port, tls_fingerprint: tlsFingerprint }).optional(),
  tunnel: z.strictObject({ public_key: tunnelKey, port }).optional(),
});

const planService = z.strictObject({
  service_id: serviceId,
  name: z.string(),
  /** `entry`: this host captures the traffic. `exit`: this host lets it out. */
  role: z.enum(["entry", "exit"]),
  /** The other end: the target of an entry, the source of an exit. */
  peer_id: peerId,
  fully_transparent: z.boolean(),
  bandwidth_limit_mbps: z.int().min(0),
  interface: serviceInterface.optional(),
  routes: z.array(route),
  /** Present when the service must refuse its traffic: the reason, in words for a person. */
  refuse: z.string().optional(),
});

export const networkPlanSchema = z.strictObject({
  format: z.literal(1),
  peer_id: peerId,
  peers: z.array(planPeer),
  services: z.array(planService),
  /** (address, port) pairs of the cluster that were proven by a handshake: never captured. */
  cluster_endpoints: z.array(endpoint),
  /** Own ports of the agent that an exit never reaches, beside the data plane's own. */
  agent_ports: z.array(port),
});

export type NetworkPlan = z.infer<typeof networkPlanSchema>;
export type PlanPeer = NetworkPlan["peers"][number];
export type PlanService = NetworkPlan["services"][number];
export type PlanRoute = PlanService["routes"][number];

/** The public halves of the keys that the data plane holds; the agent signs them into its peer record. */
export const dataplaneIdentitySchema = z.strictObject({
  version: z.string(),
  pegasus: z.strictObject({ port, tls_fingerprint: tlsFingerprint }),
  tunnel: z.strictObject({ public_key: tunnelKey, port }),
  /** Which WireGuard carries the tunnel. */
  tunnel_backend: z.enum(["kernel", "userspace", "none"]),
  relay_engine: z.string(),
});
export type DataplaneIdentity = z.infer<typeof dataplaneIdentitySchema>;

const count = z.int().min(0);

export const observationSchema = z.strictObject({
  observed_at: z.string(),
  /** TCP flows that this host's file descriptors suffice for; 0 while Pegasus does not run. */
  flows_at_most: count,
  services: z.array(
    z.strictObject({
      service_id: serviceId,
      role: z.enum(["entry", "exit"]),
      state: z.enum(["active", "degraded", "inactive"]),
      /** Present unless active: what is wrong and what to do, for a person. */
      reason: z.string().optional(),
      /** Flows and bytes that Pegasus relayed; `in` is from the client, `out` is toward it. */
      pegasus: z.strictObject({ flows_open: count, flows_total: count, bytes_in: count, bytes_out: count }),
      /** TCP connections by how they ended up: that they stand, or why they never did. What never happened is not named. */
      connects: z.partialRecord(z.enum(CONNECT_OUTCOMES), count),
      /** Packets and bytes that the kernel counted into and out of the tunnel for this service. */
      tempest: z.strictObject({ packets_in: count, bytes_in: count, packets_out: count, bytes_out: count }),
      /** Packets of all but TCP that the service's limit kept out of the tunnel on this host. TCP is held back instead. */
      limit_drops: count,
    }),
  ),
  peers: z.array(
    z.strictObject({
      peer_id: peerId,
      links_open: count,
      tunnel: z.strictObject({ handshake_at: z.string().optional(), bytes_in: count, bytes_out: count }).optional(),
    }),
  ),
});
export type Observation = z.infer<typeof observationSchema>;
export type ServiceObservation = Observation["services"][number];
