import type { Peer } from "@arctic/agent/client";
import { colorOfState, type Paint } from "./color.ts";
import { agoText } from "./format.ts";
import { fields, table } from "./table.ts";

export function peersTable(peers: readonly Peer[], now: number, paint?: Paint): string {
  return table(
    [
      { head: "name", cell: (peer) => (peer.is_local ? `${peer.name} *` : peer.name) },
      { head: "state", cell: (peer) => (peer.is_local ? "answering" : peer.state), color: colorOfState },
      { head: "address", cell: (peer) => peer.address ?? peer.addresses[0] ?? "-" },
      { head: "seen", cell: (peer) => (peer.is_local ? "now" : agoText(peer.last_seen_at, now)) },
      { head: "traffic", cell: (peer) => (peer.has_dataplane ? "yes" : "no data plane") },
      { head: "version", cell: (peer) => peer.agent_version ?? "-" },
      { head: "id", cell: (peer) => peer.id },
    ],
    peers,
    paint,
  );
}

export function peerFields(peer: Peer, now: number): string {
  return fields([
    ["id", peer.id],
    ["name", peer.name],
    ["description", peer.description],
    ["state", peer.is_local ? `${peer.state} (this peer answers)` : peer.state],
    ["last seen", peer.is_local ? undefined : agoText(peer.last_seen_at, now)],
    ["address", peer.address],
    ["addresses", peer.addresses.join(", ")],
    ["public key", peer.public_key],
    ["certificate", peer.tls_fingerprint === undefined ? undefined : `SHA-256 ${peer.tls_fingerprint}`],
    ["api access", peer.api_access],
    ["entry", peer.entry === undefined ? undefined : `${peer.entry.role}, since ${peer.entry.claimed_at}`],
    ["data plane", peer.has_dataplane ? "announced" : "none announced"],
    ["introduced by", peer.introduced_by],
    ["created", peer.created_at],
    ["agent", peer.agent_version],
  ]);
}
