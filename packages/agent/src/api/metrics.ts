import { msFromRfc3339 } from "@arctic/core";
import { Gauge, Registry } from "prom-client";
import type { LocalPeer } from "../peer/local-peer.ts";
import type { ApiContext } from "./context.ts";

/** The peer's state as Prometheus text, read at the moment of asking. */
export async function metricsText(context: ApiContext): Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
    new Gauge({ name: `arctic_${name}`, help, labelNames, registers: [registry] });

  const peer = context.peer();
  gauge("info", "The agent's version", ["version"]).set({ version: context.agentVersion }, 1);
  gauge("bootstrapped", "1 once this host is a peer").set(peer === undefined ? 0 : 1);
  gauge("process_resident_bytes", "Resident memory of the agent").set(process.memoryUsage.rss());
  if (peer !== undefined) measurePeer(context, peer, gauge);
  return registry.metrics();
}

type MakeGauge = (name: string, help: string, labelNames?: readonly string[]) => Gauge;

const DAY_MS = 24 * 3_600_000;

function measurePeer(context: ApiContext, peer: LocalPeer, gauge: MakeGauge): void {
  const { node } = peer;
  const now = context.clock.now();
  const { license } = node.cluster;
  gauge("records", "Records in the registry").set(node.registry.size);
  gauge("services", "Live service records").set(node.registry.live("service").length);
  gauge("license_days_left", "Days until the license expires").set(
    ((msFromRfc3339(license.expires_at) ?? 0) - now) / DAY_MS,
  );
  gauge("storage_ok", "1 while the disk takes writes").set(peer.storageError === undefined ? 1 : 0);
  gauge("dataplane_connected", "1 while the data plane is reached").set(peer.dataplane.type === "connected" ? 1 : 0);
  gauge("identity_cloned", "1 where another peer uses this identity").set(node.cluster.isCloned ? 1 : 0);

  const linked = gauge("peer_linked", "1 while there is an authenticated link", ["peer_id"]);
  const rtt = gauge("peer_rtt_ms", "Round trip over the link", ["peer_id"]);
  const seen = gauge("peer_seen_age_seconds", "Since anything was heard of the peer", ["peer_id"]);
  const skew = gauge("peer_clock_skew_ms", "The peer's clock minus ours", ["peer_id"]);
  for (const view of node.peers.list().filter(({ standing }) => standing === "member")) {
    const labels = { peer_id: view.peerId };
    linked.set(labels, view.link === undefined ? 0 : 1);
    if (view.rttMs !== undefined) rtt.set(labels, view.rttMs);
    if (view.lastSeenAt !== undefined) seen.set(labels, (now - view.lastSeenAt) / 1000);
    if (view.skewMs !== undefined) skew.set(labels, view.skewMs);
  }
}
