import { isTombstone, msFromRfc3339 } from "@arctic/core";
import { CONNECT_OUTCOMES } from "@arctic/dataplane";
import { Counter, Gauge, Registry } from "prom-client";
import type { LocalPeer } from "../peer/local-peer.ts";
import type { ApiContext } from "./context.ts";

/** The agent and its peer as Prometheus text: what is counted while it runs, and what is read at the moment of asking. */
export async function metricsText(context: ApiContext): Promise<string> {
  const { meters } = context.gauges;
  const read = readings();
  const peer = context.peer();
  measureProcess(context, peer, read);
  if (peer !== undefined) {
    measurePeer(context, peer, read);
    measureMembers(context, peer, read);
    measureServices(peer, read);
  }
  return `${await meters.registry.metrics()}\n${await read.registry.metrics()}`;
}

/** Values of this one answer. */
interface Readings {
  readonly registry: Registry;
  gauge(name: string, help: string, labelNames?: readonly string[]): Gauge;
  /** For values that only grow, where something else than this process may count them. */
  counter(name: string, help: string, labelNames?: readonly string[]): Counter;
}

function readings(): Readings {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    gauge: (name, help, labelNames = []) => new Gauge({ name: `arctic_${name}`, help, labelNames, registers }),
    counter: (name, help, labelNames = []) => new Counter({ name: `arctic_${name}`, help, labelNames, registers }),
  };
}

const SECONDS_A_DAY = 24 * 3600;

function measureProcess(context: ApiContext, peer: LocalPeer | undefined, { gauge, counter }: Readings): void {
  const { meters, traffic } = context.gauges;
  gauge("info", "The agent's version", ["version"]).set({ version: context.agentVersion }, 1);
  gauge("bootstrapped", "1 once this host is a peer").set(peer === undefined ? 0 : 1);
  const { rss, heapUsed } = process.memoryUsage();
  gauge("process_resident_bytes", "Resident memory of the agent").set(rss);
  gauge("process_heap_bytes", "JavaScript heap in use").set(heapUsed);
  gauge("process_uptime_seconds", "Since the agent was started").set(process.uptime());
  const delay = gauge("event_loop_delay_seconds", "How late the event loop was, over the last minute or two", [
    "quantile",
  ]);
  const { p50, p99, max } = meters.loop.delays();
  delay.set({ quantile: "0.5" }, p50);
  delay.set({ quantile: "0.99" }, p99);
  delay.set({ quantile: "1" }, max);
  const { total, overflows } = traffic;
  const bytes = counter("gossip_bytes_total", "Bytes of gossip, without headers", ["direction"]);
  bytes.inc({ direction: "sent" }, total.sentBytes);
  bytes.inc({ direction: "received" }, total.receivedBytes);
  const frames = counter("gossip_frames_total", "Frames of gossip", ["direction"]);
  frames.inc({ direction: "sent" }, total.sentFrames);
  frames.inc({ direction: "received" }, total.receivedFrames);
  counter("links_overflowed_total", "Links that were dropped since their receivers were too slow").inc(overflows);
}

function measurePeer(context: ApiContext, peer: LocalPeer, { gauge }: Readings): void {
  const { registry, cluster } = peer.node;
  const now = context.clock.now();
  gauge("records", "Records in the registry").set(registry.size);
  gauge("services", "Live service records").set(registry.live("service").length);
  const kinds = gauge("registry_records", "Records in the registry, by kind", ["kind", "state"]);
  for (const record of registry.all())
    kinds.inc({ kind: record.kind, state: isTombstone(record) ? "deleted" : "live" });
  const state = gauge("license_state", "1 at the state that the license is in", ["state"]);
  for (const name of ["valid", "warning", "grace", "read_only", "suspended"] as const)
    state.set({ state: name }, cluster.licenseState === name ? 1 : 0);
  const { expires_at, max_nodes, max_services } = cluster.license;
  const secondsUntil = (instant: string) => ((msFromRfc3339(instant) ?? now) - now) / 1000;
  gauge("license_days_left", "Days until the license expires; below 0 since").set(
    secondsUntil(expires_at) / SECONDS_A_DAY,
  );
  gauge("license_max_nodes", "Members that the license allows").set(max_nodes);
  gauge("license_max_services", "Services that the license allows").set(max_services);
  const { voucher } = context.gauges.meters.flags;
  if (voucher !== undefined)
    gauge("voucher_expires_seconds", "Until this peer's voucher expires").set(secondsUntil(voucher.expires_at));
  gauge("storage_ok", "1 while the disk takes writes").set(peer.storageError === undefined ? 1 : 0);
  gauge("dataplane_connected", "1 while the data plane is reached").set(peer.dataplane.type === "connected" ? 1 : 0);
  gauge("identity_cloned", "1 where another peer uses this identity").set(cluster.isCloned ? 1 : 0);
  gauge("writes_open", "1 where this peer has heard what others hold of its records").set(
    now >= cluster.writesFrom ? 1 : 0,
  );
  gauge("storage_invalid_records", "Stored records that do not prove themselves").set(
    context.gauges.invalidRecords().length,
  );
  gauge("foreign_licenses", "Other licenses that linked peers name").set(cluster.otherLicenseHashes.length);
}

const REACHABILITY = ["connected", "idle", "unreachable"] as const;

function measureMembers(context: ApiContext, peer: LocalPeer, { gauge, counter }: Readings): void {
  const { hashWatch, traffic } = context.gauges;
  const now = context.clock.now();
  const label = ["peer_id"];
  const members = gauge("peers", "Other peers, by standing", ["standing"]);
  const linked = gauge("peer_linked", "1 while there is an authenticated link", label);
  const state = gauge("peer_state", "1 at the state that the member is in", ["peer_id", "state"]);
  const rtt = gauge("peer_rtt_seconds", "Round trip over the link", label);
  const seen = gauge("peer_seen_age_seconds", "Since anything was heard of the peer: a heartbeat, mostly", label);
  const handshake = gauge("peer_handshake_age_seconds", "Since the last handshake with the peer", label);
  const skew = gauge("peer_clock_skew_seconds", "The peer's clock minus ours", label);
  const differ = gauge("peer_hashes_differ_seconds", "Since when its registry differs from ours; 0 where equal", label);
  const bytes = counter("peer_link_bytes_total", "Bytes over the present link", ["peer_id", "direction"]);
  for (const view of peer.node.peers.list()) {
    members.inc({ standing: view.standing });
    if (view.standing !== "member") continue;
    const labels = { peer_id: view.peerId };
    linked.set(labels, view.link === undefined ? 0 : 1);
    for (const name of REACHABILITY) state.set({ ...labels, state: name }, view.reachability === name ? 1 : 0);
    if (view.rttMs !== undefined) rtt.set(labels, view.rttMs / 1000);
    if (view.lastSeenAt !== undefined) seen.set(labels, (now - view.lastSeenAt) / 1000);
    if (view.lastHandshakeAt !== undefined) handshake.set(labels, (now - view.lastHandshakeAt) / 1000);
    if (view.skewMs !== undefined) skew.set(labels, view.skewMs / 1000);
    if (view.hashes !== undefined) differ.set(labels, hashWatch.differsForMs(view.peerId) / 1000);
    const carried = view.link === undefined ? undefined : traffic.of(view.link);
    if (carried === undefined) continue;
    bytes.inc({ ...labels, direction: "sent" }, carried.sentBytes);
    bytes.inc({ ...labels, direction: "received" }, carried.receivedBytes);
  }
}

/** What the data plane counted of each service that enters or leaves here. */
function measureServices(peer: LocalPeer, { gauge, counter }: Readings): void {
  const label = ["service_id", "role"];
  const active = gauge("service_active", "1 where all that the service needs was read back", label);
  const open = gauge("service_flows_open", "TCP flows that are open", label);
  const flows = counter("service_flows_total", "TCP flows since the data plane started", label);
  const bytes = counter("service_bytes_total", "Bytes of the service", [...label, "direction", "path"]);
  const packets = counter("service_packets_total", "Packets through the tunnel", [...label, "direction"]);
  const connects = counter("service_connects_total", "TCP connections that stood, or why they never did", [
    ...label,
    "outcome",
  ]);
  const drops = counter(
    "service_limit_drops_total",
    "Packets of all but TCP that the limit kept out of the tunnel",
    label,
  );
  if (peer.flowsAtMost !== undefined)
    gauge("flows_at_most", "TCP flows that the host's file descriptors suffice for").set(peer.flowsAtMost);
  for (const { id } of peer.node.registry.live("service")) {
    const seen = peer.observationOf(id);
    if (seen === undefined) continue;
    const labels = { service_id: id, role: seen.role };
    active.set(labels, seen.state === "active" ? 1 : 0);
    open.set(labels, seen.pegasus.flows_open);
    flows.inc(labels, seen.pegasus.flows_total);
    bytes.inc({ ...labels, direction: "in", path: "pegasus" }, seen.pegasus.bytes_in);
    bytes.inc({ ...labels, direction: "out", path: "pegasus" }, seen.pegasus.bytes_out);
    bytes.inc({ ...labels, direction: "in", path: "tempest" }, seen.tempest.bytes_in);
    bytes.inc({ ...labels, direction: "out", path: "tempest" }, seen.tempest.bytes_out);
    packets.inc({ ...labels, direction: "in" }, seen.tempest.packets_in);
    packets.inc({ ...labels, direction: "out" }, seen.tempest.packets_out);
    for (const outcome of CONNECT_OUTCOMES) connects.inc({ ...labels, outcome }, seen.connects[outcome] ?? 0);
    drops.inc(labels, seen.limit_drops);
  }
}
