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
  const flowsById = new Map(counters.services.map((entry) => [entry.serviceId, entry]));
  const openByPeer = new Map(counters.links.map(({ peerId, open }) => [peerId, open]));
  const stateOf = serviceStates({ plan, kernel, pegasus, now, conflicts });
  return {
    observed_at: new Date(now).toISOString(),
    flows_at_most: pegasus.type === "running" ? (pegasus.counters.flowsAtMost ?? 0) : 0,
    services: plan.services.map((service) =>
      keptObservation(service, kernel, flowsById.get(service.service_id), stateOf(service)),
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

/** All that an observation of one service is made of. */
interface Seen {
  readonly counts: KernelReport["counts"];
  readonly mark: number | undefined;
  readonly drops: number;
  readonly flows: PegasusServiceCounters | undefined;
  readonly state: ServiceState;
}

const keptByService = new WeakMap<PlanService, { readonly seen: Seen; readonly made: ServiceObservation }>();

/** What was seen of a service last, where the same is seen again: who writes it has written it already. */
function keptObservation(
  service: PlanService,
  kernel: KernelReport,
  flows: PegasusServiceCounters | undefined,
  state: ServiceState,
): ServiceObservation {
  const { service_id: serviceId, role } = service;
  const seen: Seen = {
    counts: kernel.counts,
    mark: kernel.desired.markByService.get(serviceId),
    drops: kernel.limitDrops.get(serviceId) ?? 0,
    flows: flows?.role === role ? flows : undefined,
    state,
  };
  const held = keptByService.get(service);
  if (held !== undefined && isSameSeen(held.seen, seen)) return held.made;
  const made = serviceObservation(service, seen);
  keptByService.set(service, { seen, made });
  return made;
}

function isSameSeen(a: Seen, b: Seen): boolean {
  return (
    a.counts === b.counts &&
    a.mark === b.mark &&
    a.drops === b.drops &&
    a.flows === b.flows &&
    a.state.state === b.state.state &&
    a.state.reason === b.state.reason
  );
}

function serviceObservation({ service_id: serviceId, role }: PlanService, seen: Seen): ServiceObservation {
  const { flows, state } = seen;
  const entered = countOf(seen, "original");
  const left = countOf(seen, "reply");
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
    limit_drops: seen.drops,
  };
}

function countOf({ counts, mark }: Seen, direction: CountedDirection): CounterValue {
  return (mark === undefined ? undefined : counts.get(countKey(direction, mark))) ?? { packets: 0, bytes: 0 };
}
