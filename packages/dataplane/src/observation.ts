import type { Finding } from "./conflicts/findings.ts";
import { type CountedDirection, type CounterValue, countKey } from "./kernel/nft.ts";
import type { KernelReport } from "./kernel/reconciler.ts";
import type { PegasusServiceCounters } from "./pegasus/pegasus.ts";
import type { NetworkPlan, Observation, PlanService, ServiceObservation } from "./plan.ts";
import { type PegasusReport, type ServiceState, serviceStates } from "./service-state.ts";

/** What was seen, put in words for a person. A service is active only when all that it needs was read back. */
export function observationFrom(
  plan: NetworkPlan,
  kernel: KernelReport,
  pegasus: PegasusReport,
  now: number,
  conflicts: readonly Finding[] = [],
): Observation {
  const counters = pegasus.type === "running" ? pegasus.counters : { services: [], links: [] };
  const flowsByKey = new Map(counters.services.map((entry) => [`${entry.role} ${entry.serviceId}`, entry]));
  const openByPeer = new Map(counters.links.map(({ peerId, open }) => [peerId, open]));
  const stateOf = serviceStates({ plan, kernel, pegasus, now, conflicts });
  return {
    observed_at: new Date(now).toISOString(),
    flows_at_most: pegasus.type === "running" ? (pegasus.counters.flowsAtMost ?? 0) : 0,
    services: plan.services.map((service) =>
      serviceObservation(service, kernel, flowsByKey.get(`${service.role} ${service.service_id}`), stateOf(service)),
    ),
    peers: plan.peers.map((peer) => {
      const status = peer.tunnel === undefined ? undefined : kernel.tunnelPeers.get(peer.tunnel.public_key);
      return {
        peer_id: peer.peer_id,
        links_open: openByPeer.get(peer.peer_id) ?? 0,
        ...(status === undefined
          ? {}
          : {
              tunnel: {
                ...(status.handshakeAt === undefined
                  ? {}
                  : { handshake_at: new Date(status.handshakeAt).toISOString() }),
                bytes_in: status.bytesIn,
                bytes_out: status.bytesOut,
              },
            }),
      };
    }),
  };
}

function serviceObservation(
  { service_id: serviceId, role }: PlanService,
  kernel: KernelReport,
  flows: PegasusServiceCounters | undefined,
  state: ServiceState,
): ServiceObservation {
  const entered = countOf(kernel, serviceId, "original");
  const left = countOf(kernel, serviceId, "reply");
  return {
    service_id: serviceId,
    role,
    ...state,
    pegasus: {
      flows_open: flows?.flowsOpen ?? 0,
      flows_total: flows?.flowsTotal ?? 0,
      bytes_in: flows?.bytesIn ?? 0,
      bytes_out: flows?.bytesOut ?? 0,
    },
    connects: flows?.connects ?? {},
    tempest: {
      packets_in: entered.packets,
      bytes_in: entered.bytes,
      packets_out: left.packets,
      bytes_out: left.bytes,
    },
    limit_drops: kernel.limitDrops.get(serviceId) ?? 0,
  };
}

function countOf({ counts, desired }: KernelReport, serviceId: string, direction: CountedDirection): CounterValue {
  const mark = desired.markByService.get(serviceId);
  return (mark === undefined ? undefined : counts.get(countKey(direction, mark))) ?? { packets: 0, bytes: 0 };
}
