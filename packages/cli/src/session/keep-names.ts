import type { Peer, Service } from "@arctic/agent/client";
import { namedPeers, namedServices, readNames, writeNames } from "../completion/names.ts";
import { DEFAULT_CACHE_TTL_SECONDS } from "../config/config.ts";
import { environmentOf } from "../environment.ts";
import type { Session } from "./session.ts";

/** What a command has read of the cluster; a part that it did not read is left out. */
export interface Seen {
  readonly peers?: readonly Peer[];
  readonly services?: readonly Service[];
}

/**
 * Renews what completions know by what a command has read anyway, where it is older than `cache_ttl` or has changed.
 * Nothing is said where it cannot be written: completions go on with what they have.
 */
export function keepNames(session: Session, seen: Seen): void {
  const { cluster, config } = session;
  if (cluster === undefined) return;
  const { cacheDirectory } = environmentOf();
  const known = readNames(cacheDirectory, cluster.cluster_id);
  const peers = seen.peers === undefined ? (known?.peers ?? []) : namedPeers(seen.peers);
  const services = seen.services === undefined ? (known?.services ?? []) : namedServices(seen.services);
  const now = Date.now();
  const ttlMs = (config.preferences.cache_ttl ?? DEFAULT_CACHE_TTL_SECONDS) * 1000;
  const isFresh = known !== undefined && now - Date.parse(known.refreshed_at) < ttlMs;
  if (isFresh && JSON.stringify([known.peers, known.services]) === JSON.stringify([peers, services])) return;
  try {
    const refreshed_at = new Date(now).toISOString();
    writeNames(cacheDirectory, { cluster_id: cluster.cluster_id, refreshed_at, peers, services });
  } catch {
    // A host where nothing may be written completes no names.
  }
}
