import type { Peer } from "@arctic/agent/client";
import { type KnownCluster, type KnownPeer, withCluster, withPeers } from "../config/config.ts";
import { readConfig, writeConfig } from "../config/config-file.ts";
import { say } from "../view/output.ts";
import type { Session } from "./session.ts";

/**
 * Keeps in the configuration what the cluster's signed records say of endpoints and certificates, so that any member
 * can be spoken to when the usual one is down. Writes only where something changed; a failure to write is a warning.
 */
export function rememberPeers(session: Session, peers: readonly Peer[]): void {
  if (session.cluster === undefined) return;
  const told = peers.flatMap(knownPeerFrom);
  if (isSame(withPeers(session.cluster, told), session.cluster)) return;
  try {
    // Read again: another command may have written since.
    const config = readConfig(session.configPath);
    const cluster = config.clusters[session.cluster.cluster_id];
    if (cluster === undefined) return;
    writeConfig(session.configPath, withCluster(config, withPeers(cluster, told), "leave_current"));
  } catch (error) {
    say(`The peers' endpoints were not kept in the configuration: ${error instanceof Error ? error.message : error}`);
  }
}

function isSame(a: KnownCluster, b: KnownCluster): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** None for a peer that has ended or has not told its certificate yet. */
export function knownPeerFrom(peer: Peer): KnownPeer[] {
  if (peer.tls_fingerprint === undefined || peer.state === "left" || peer.state === "revoked") return [];
  const endpoints = peer.address === undefined ? peer.addresses : [peer.address, ...peer.addresses];
  return [
    {
      peer_id: peer.id,
      name: peer.name,
      endpoints: [...new Set(endpoints)],
      tls_fingerprint: peer.tls_fingerprint,
    },
  ];
}
