import type { Finding } from "./conflicts/findings.ts";
import type { ServiceFault } from "./kernel/desired.ts";
import { vxlanName } from "./kernel/names.ts";
import type { KernelReport } from "./kernel/reconciler.ts";
import type { PegasusCounters } from "./pegasus/pegasus.ts";
import type { NetworkPlan, PlanService, ServiceObservation } from "./plan.ts";
import { TUNNEL_OWNER } from "./tempest/tunnel.ts";
import { endpointText, HANDSHAKE_FRESH_MS } from "./tempest/wireguard.ts";

/** Whether a service is carried, and where it is not, why: for a person. */
export type ServiceState = Pick<ServiceObservation, "state" | "reason">;

/** Pegasus's own word: its counters, or why there are none. */
export type PegasusReport =
  | { readonly type: "running"; readonly counters: PegasusCounters }
  | { readonly type: "failed"; readonly reason: string };

interface Seen {
  readonly plan: NetworkPlan;
  readonly kernel: KernelReport;
  readonly pegasus: PegasusReport;
  readonly now: number;
  readonly conflicts: readonly Finding[];
}

/** Tells the state of each of the plan's services; what many of them share is judged once. */
export function serviceStates(seen: Seen): (service: PlanService) => ServiceState {
  const { kernel, conflicts } = seen;
  const stops = (part: "tcp" | "tunnel") => conflicts.filter((one) => one.part === part).map(({ text }) => text);
  const [stopsTcp, stopsTunnel] = [stops("tcp"), stops("tunnel")];
  const pendingByOwner = grouped(kernel.pending, ({ owner }) => owner);
  const faultsByService = grouped(kernel.desired.faults, ({ serviceId }) => serviceId);
  const pendingFaults = (owner: string): string[] => pendingText(pendingByOwner.get(owner) ?? []);
  const hostFaults = [...tableFaults(kernel), ...pendingFaults("host")];
  const pegasusFaults = perPeer((peerId) => linkFaults(seen, peerId));
  const tunnelFaults = perPeer((peerId) => faultsOfTunnel(seen, peerId, pendingFaults));
  const judge = (peerId: string, faults: readonly ServiceFault[], pending: readonly string[]): ServiceState => {
    const all = [...reasonsOf(faults, "all"), ...hostFaults];
    if (all.length > 0) return { state: "inactive", reason: all.join("; ") };
    const tcp = [...reasonsOf(faults, "tcp"), ...pegasusFaults(peerId), ...stopsTcp];
    const tunnel = [...reasonsOf(faults, "tunnel"), ...tunnelFaults(peerId), ...stopsTunnel];
    const reasons = [
      ...tcp.map((reason) => `TCP is not carried: ${reason}`),
      ...tunnel.map((reason) => `all but TCP is not carried: ${reason}`),
      ...reasonsOf(faults, "interface"),
      ...pending,
    ];
    if (reasons.length === 0) return { state: "active" };
    return { state: tcp.length > 0 && tunnel.length > 0 ? "inactive" : "degraded", reason: reasons.join("; ") };
  };
  // Of most services nothing is known but what all of their peer share.
  const stateOfPeer = perPeer((peerId) => judge(peerId, [], []));
  return ({ service_id: serviceId, peer_id: peerId }) => {
    const [faults, pending] = [faultsByService.get(serviceId), pendingFaults(serviceId)];
    return faults === undefined && pending.length === 0 ? stateOfPeer(peerId) : judge(peerId, faults ?? [], pending);
  };
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

function perPeer<T>(judge: (peerId: string) => T): (peerId: string) => T {
  const judgedByPeer = new Map<string, T>();
  return (peerId) => {
    const judged = judgedByPeer.get(peerId) ?? judge(peerId);
    judgedByPeer.set(peerId, judged);
    return judged;
  };
}

const reasonsOf = (faults: readonly ServiceFault[], part: ServiceFault["part"]): string[] =>
  faults.filter((fault) => fault.part === part).map(({ reason }) => reason);

function tableFaults({ isTableCurrent }: KernelReport): string[] {
  if (isTableCurrent) return [];
  return ["the nftables table inet arctic is not the one that was written; it is written again at the next apply"];
}

function pendingText(pending: KernelReport["pending"]): string[] {
  const first = pending[0];
  if (first === undefined) return [];
  const more = pending.length === 1 ? "" : ` (and ${pending.length - 1} more)`;
  return [`the kernel lacks "${first.line}"${more}${first.error === undefined ? "" : `: ${first.error}`}`];
}

function linkFaults({ plan, pegasus }: Seen, peerId: string): string[] {
  if (pegasus.type === "failed") return [pegasus.reason];
  const link = pegasus.counters.links.find((one) => one.peerId === peerId);
  if (link === undefined || link.open > 0 || link.lastError === undefined) return [];
  return [`no link to ${nameOfPeer(plan, peerId)}: ${link.lastError}`];
}

function faultsOfTunnel(
  { plan, kernel, now }: Seen,
  peerId: string,
  pendingFaults: (owner: string) => string[],
): string[] {
  const { tunnel, sysctls } = kernel.desired;
  const peer = tunnel?.peers.find((entry) => entry.peerId === peerId);
  if (peer === undefined) return [];
  if (kernel.tunnelError !== undefined) return [kernel.tunnelError];
  const pending = [...pendingFaults(TUNNEL_OWNER), ...pendingFaults(peerId)];
  if (pending.length > 0) return pending;
  const link = kernel.observed.links.find((found) => found.name === vxlanName(peerId));
  if (link?.isUp !== true) return [`${vxlanName(peerId)} is not up`];
  const wanted = new Set(sysctls.map((setting) => setting.path));
  const failed = kernel.sysctlFailures.filter((failure) => wanted.has(failure.setting.path));
  if (failed.length > 0)
    return [`a setting could not be written: ${failed.map((failure) => failure.command).join(", ")}`];
  const handshakeAt = kernel.tunnelPeers.get(peer.publicKey)?.handshakeAt;
  if (handshakeAt !== undefined && now - handshakeAt < HANDSHAKE_FRESH_MS) return [];
  const when = handshakeAt === undefined ? "yet" : `since ${new Date(handshakeAt).toISOString()}`;
  return [
    `no tunnel handshake with ${nameOfPeer(plan, peerId)} at ${endpointText(peer.endpoint)} ${when}; UDP must pass between the two hosts on that port`,
  ];
}

function nameOfPeer(plan: NetworkPlan, peerId: string): string {
  return plan.peers.find((peer) => peer.peer_id === peerId)?.name ?? peerId;
}
