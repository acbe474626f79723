import type { ClusterStatus } from "@arctic/agent/client";
import { colorOfState, type Paint } from "./color.ts";
import { agoText } from "./format.ts";
import { fields, table } from "./table.ts";

export function statusText(status: ClusterStatus, now: number, paint?: Paint): string {
  const names = new Map(status.peers.map((peer) => [peer.peer_id, peer.name]));
  const differing = new Map(status.differences.map((entry) => [entry.peer_id, entry.reason]));
  const head = fields([
    ["cluster", status.cluster_id],
    ["also known as", status.cluster_id_aliases.join(", ")],
    ["answering peer", `${names.get(status.peer_id) ?? ""} (${status.peer_id})`],
    ["license", `${status.license.license_id}: ${status.license.state}, until ${status.license.expires_at}`],
    ["members", `${status.totals.members} of ${status.license.max_nodes}, ${status.totals.connected} connected`],
    ["services", `${status.totals.services} of ${status.license.max_services}`],
    ["data plane", dataplaneText(status)],
    ["fresh until", status.fresh_until],
    ["identity", status.is_cloned ? "CLONED: another running peer uses it; this one writes nothing" : undefined],
    ["membership", status.has_left ? "this peer has left for good" : undefined],
    ["converged", status.converged ? "yes: every member holds the same state" : "not yet"],
  ]);
  const peers = table(
    [
      { head: "peer", cell: (peer) => (peer.is_local ? `${peer.name} *` : peer.name) },
      { head: "state", cell: (peer) => (peer.is_local ? "answering" : peer.state), color: colorOfState },
      { head: "seen", cell: (peer) => (peer.is_local ? "now" : agoText(peer.last_seen_at, now)) },
      { head: "rtt", cell: (peer) => millisText(peer.rtt_ms), align: "right" },
      { head: "skew", cell: (peer) => millisText(peer.skew_ms), align: "right" },
      { head: "state hash", cell: (peer) => hashText(peer.is_local ? status.hashes : peer.hashes) },
      { head: "differs", cell: (peer) => differing.get(peer.peer_id) ?? "" },
    ],
    status.peers,
    paint,
  );
  return `${head}\n\n${peers}`;
}

/** Enough of each hash to compare two lines by eye: peers, services, others. */
function hashText(hashes: ClusterStatus["hashes"] | undefined): string {
  if (hashes === undefined) return "-";
  return [hashes.peers, hashes.services, hashes.others].map((hash) => hash.slice(0, 6)).join(" ");
}

function dataplaneText({ dataplane }: ClusterStatus): string {
  if (!dataplane.connected) return `not connected${dataplane.reason === undefined ? "" : `: ${dataplane.reason}`}`;
  const parts = [dataplane.version, dataplane.relay_engine, dataplane.tunnel_backend].filter(
    (part) => part !== undefined,
  );
  return parts.length === 0 ? "connected" : `connected (${parts.join(", ")})`;
}

function millisText(ms: number | undefined): string {
  return ms === undefined ? "-" : `${ms < 10 && ms > -10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}
