import type { Finding } from "./conflicts/findings.ts";
import { vxlanName } from "./kernel/names.ts";
import { serviceCount } from "./kernel/observed.ts";
import type { KernelReport } from "./kernel/reconciler.ts";
import type { PegasusCounters, PegasusServiceCounters } from "./pegasus/pegasus.ts";
import type { NetworkPlan, Observation, PlanService, ServiceObservation } from "./plan.ts";
import { TUNNEL_OWNER } from "./tempest/tunnel.ts";
import { endpointText, HANDSHAKE_FRESH_MS } from "./tempest/wireguard.ts";

/** Pegasus's own word: its counters, or why there are none. */
export type PegasusReport =
  | { readonly type: "running"; readonly counters: PegasusCounters }
  | { readonly type: "failed"; readonly reason: string };

/** What was seen, put in words for a person. A service is active only when all that it needs was read back. */
export function observationFrom(
  plan: NetworkPlan,
  kernel: KernelReport,
  pegasus: PegasusReport,
  now: number,
  conflicts: readonly Finding[] = [],
): Observation {
  const flowsByKey = new Map(
    pegasus.type === "running"
      ? pegasus.counters.services.map((entry) => [`${entry.role} ${entry.serviceId}`, entry] as const)
      : [],
  );
  return {
    observed_at: new Date(now).toISOString(),
    services: plan.services.map((service) =>
      serviceObservation(
        plan,
        service,
        kernel,
        pegasus,
        flowsByKey.get(`${service.role} ${service.service_id}`),
        now,
        conflicts,
      ),
    ),
    peers: plan.peers.map((peer) => {
      const status = peer.tunnel === undefined ? undefined : kernel.tunnelPeers.get(peer.tunnel.public_key);
      return {
        peer_id: peer.peer_id,
        links_open: linkOf(pegasus, peer.peer_id)?.open ?? 0,
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
  plan: NetworkPlan,
  service: PlanService,
  kernel: KernelReport,
  pegasus: PegasusReport,
  flows: PegasusServiceCounters | undefined,
  now: number,
  conflicts: readonly Finding[],
): ServiceObservation {
  const { service_id: serviceId, role } = service;
  const entered = serviceCount(kernel.counts, serviceId, "in");
  const left = serviceCount(kernel.counts, serviceId, "out");
  return {
    service_id: serviceId,
    role,
    ...stateOf(plan, service, kernel, pegasus, now, conflicts),
    pegasus: {
      flows_open: flows?.flowsOpen ?? 0,
      flows_total: flows?.flowsTotal ?? 0,
      bytes_in: flows?.bytesIn ?? 0,
      bytes_out: flows?.bytesOut ?? 0,
    },
    tempest: {
      packets_in: entered.packets,
      bytes_in: entered.bytes,
      packets_out: left.packets,
      bytes_out: left.bytes,
    },
  };
}

function stateOf(
  plan: NetworkPlan,
  service: PlanService,
  kernel: KernelReport,
  pegasus: PegasusReport,
  now: number,
  conflicts: readonly Finding[],
): Pick<ServiceObservation, "state" | "reason"> {
  const all = [...faultsOf(service, kernel, "all"), ...hostFaults(kernel)];
  const stops = (part: "tcp" | "tunnel") => conflicts.filter((one) => one.part === part).map(({ text }) => text);
  const tcp = [...faultsOf(service, kernel, "tcp"), ...pegasusFaults(plan, service, pegasus), ...stops("tcp")];
  const tunnel = [
    ...faultsOf(service, kernel, "tunnel"),
    ...tunnelFaults(plan, service, kernel, now),
    ...stops("tunnel"),
  ];
  const own = [...faultsOf(service, kernel, "interface"), ...pendingFaults(kernel, service.service_id)];
  if (all.length > 0) return { state: "inactive", reason: all.join("; ") };
  const reasons = [
    ...tcp.map((reason) => `TCP is not carried: ${reason}`),
    ...tunnel.map((reason) => `all but TCP is not carried: ${reason}`),
    ...own,
  ];
  if (reasons.length === 0) return { state: "active" };
  return { state: tcp.length > 0 && tunnel.length > 0 ? "inactive" : "degraded", reason: reasons.join("; ") };
}

function faultsOf(service: PlanService, kernel: KernelReport, part: string): string[] {
  return kernel.desired.faults
    .filter((fault) => fault.serviceId === service.service_id && fault.part === part)
    .map((fault) => fault.reason);
}

function hostFaults(kernel: KernelReport): string[] {
  return [
    ...(kernel.isTableCurrent
      ? []
      : ["the nftables table inet arctic is not the one that was written; it is written again at the next apply"]),
    ...pendingFaults(kernel, "host"),
  ];
}

function pegasusFaults(plan: NetworkPlan, service: PlanService, pegasus: PegasusReport): string[] {
  if (pegasus.type === "failed") return [pegasus.reason];
  const link = linkOf(pegasus, service.peer_id);
  if (link === undefined || link.open > 0 || link.lastError === undefined) return [];
  return [`no link to ${nameOfPeer(plan, service.peer_id)}: ${link.lastError}`];
}

function tunnelFaults(plan: NetworkPlan, service: PlanService, kernel: KernelReport, now: number): string[] {
  const { tunnel, sysctls } = kernel.desired;
  const peer = tunnel?.peers.find((entry) => entry.peerId === service.peer_id);
  if (peer === undefined) return [];
  if (kernel.tunnelError !== undefined) return [kernel.tunnelError];
  const pending = [...pendingFaults(kernel, TUNNEL_OWNER), ...pendingFaults(kernel, service.peer_id)];
  if (pending.length > 0) return pending;
  const link = kernel.observed.links.find((found) => found.name === vxlanName(service.peer_id));
  if (link?.isUp !== true) return [`${vxlanName(service.peer_id)} is not up`];
  const wanted = new Set(sysctls.map((setting) => setting.path));
  const failed = kernel.sysctlFailures.filter((failure) => wanted.has(failure.setting.path));
  if (failed.length > 0)
    return [`a setting could not be written: ${failed.map((failure) => failure.command).join(", ")}`];
  const handshakeAt = kernel.tunnelPeers.get(peer.publicKey)?.handshakeAt;
  if (handshakeAt !== undefined && now - handshakeAt < HANDSHAKE_FRESH_MS) return [];
  const when = handshakeAt === undefined ? "yet" : `since ${new Date(handshakeAt).toISOString()}`;
  return [
    `no tunnel handshake with ${nameOfPeer(plan, service.peer_id)} at ${endpointText(peer.endpoint)} ${when}; UDP must pass between the two hosts on that port`,
  ];
}

function pendingFaults(kernel: KernelReport, owner: string): string[] {
  const pending = kernel.pending.filter((change) => change.owner === owner);
  const first = pending[0];
  if (first === undefined) return [];
  const more = pending.length === 1 ? "" : ` (and ${pending.length - 1} more)`;
  return [`the kernel lacks "${first.line}"${more}${first.error === undefined ? "" : `: ${first.error}`}`];
}

function linkOf(pegasus: PegasusReport, peerId: string): PegasusCounters["links"][number] | undefined {
  return pegasus.type === "running" ? pegasus.counters.links.find((link) => link.peerId === peerId) : undefined;
}

function nameOfPeer(plan: NetworkPlan, peerId: string): string {
  return plan.peers.find((peer) => peer.peer_id === peerId)?.name ?? peerId;
}
