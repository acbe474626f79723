import { formatCidr, networkOf } from "./cidr.ts";
import type { Allocations } from "./kernel/allocation.ts";
import type { HostConfig } from "./kernel/host-facts.ts";
import type { PegasusPlan, PegasusService } from "./pegasus/pegasus.ts";
import type { NetworkPlan, PlanService } from "./plan.ts";

/** Pegasus's part of a plan. */
export function pegasusPlanFrom(
  plan: NetworkPlan,
  numbers: Allocations,
  { host, pegasusPort }: { readonly host: HostConfig; readonly pegasusPort: number },
): PegasusPlan {
  return {
    peers: plan.peers.flatMap((peer) =>
      peer.pegasus === undefined
        ? []
        : [
            {
              peerId: peer.peer_id,
              addresses: peer.addresses,
              port: peer.pegasus.port,
              tlsFingerprint: peer.pegasus.tls_fingerprint,
            },
          ],
    ),
    services: plan.services.map((service) => pegasusService(service, numbers.capture_ports.taken[service.service_id])),
    clusterPorts: [...new Set([...plan.agent_ports, pegasusPort, host.tunnelPort, host.capturePort])],
    exitPolicy: host.exitPolicy,
  };
}

/** A service that stays from plan to plan stays the same object here, so that workers are told of the others alone. */
const madeByService = new WeakMap<
  PlanService,
  { readonly capturePort: number | undefined; readonly made: PegasusService }
>();

function pegasusService(service: PlanService, capturePort: number | undefined): PegasusService {
  const held = madeByService.get(service);
  if (held !== undefined && held.capturePort === capturePort) return held.made;
  const made = makeService(service, capturePort);
  madeByService.set(service, { capturePort, made });
  return made;
}

function makeService(service: PlanService, capturePort: number | undefined): PegasusService {
  return {
    serviceId: service.service_id,
    role: service.role,
    peerId: service.peer_id,
    fullyTransparent: service.fully_transparent,
    limitBps: service.bandwidth_limit_mbps * 1_000_000,
    routes: service.routes,
    ...(service.interface === undefined
      ? {}
      : {
          interface: {
            ...(capturePort === undefined ? {} : { capturePort }),
            networks: networksOf(service.interface),
          },
        }),
    ...(service.refuse === undefined ? {} : { refuse: service.refuse }),
  };
}

function networksOf({ ipv4_cidr, ipv6_cidr }: NonNullable<PlanService["interface"]>): string[] {
  return [ipv4_cidr, ipv6_cidr].flatMap((cidr) => {
    const network = cidr === undefined ? undefined : networkOf(cidr);
    return network === undefined ? [] : [formatCidr(network)];
  });
}
