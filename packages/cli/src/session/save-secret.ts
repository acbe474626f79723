import type { Rotated } from "@arctic/agent/client";
import { type KnownCluster, withCluster, withoutCluster } from "../config/config.ts";
import { readConfig, writeConfig } from "../config/config-file.ts";
import { EXIT, Failure } from "../failure.ts";
import { knownPeerFrom } from "./remember.ts";
import type { Session } from "./session.ts";

/** Writes the configuration as it is: so a secret that comes has a place to go. */
export function requireWritableConfig({ configPath }: Session): void {
  writeConfig(configPath, readConfig(configPath));
}

/**
 * Puts the shared client's new secret in. Where `--url` named the agent, the whole cluster, as its signed records tell it,
 * and makes it current: so a configuration that is lost comes back.
 */
export async function saveSecret(
  session: Session,
  client: Pick<Rotated, "client_id" | "client_secret">,
): Promise<void> {
  const { client_id, client_secret } = client;
  if (session.cluster !== undefined) return replaceCluster(session, (cluster) => ({ ...cluster, client_secret }));
  const [{ cluster_id, customer_id, peer_id }, peers] = await Promise.all([
    session.client.getStatus(),
    session.client.allPeers(),
  ]);
  const known = peers.flatMap(knownPeerFrom);
  const cluster = { cluster_id, customer_id, client_id, client_secret, default_peer: peer_id, peers: known };
  orSayWhy(() => {
    const config = readConfig(session.configPath);
    const { name } = config.clusters[cluster_id] ?? {};
    const named = name === undefined ? cluster : { ...cluster, name };
    writeConfig(session.configPath, withCluster(config, named, "make_current"));
  });
}

/** Puts what the configured cluster has become in its place, also under another id. */
export function replaceCluster(session: Session, change: (cluster: KnownCluster) => KnownCluster): void {
  const { cluster, configPath } = session;
  if (cluster === undefined) throw new Error("a session without a cluster has nothing to save");
  orSayWhy(() => {
    // Read again: another command may have written since.
    const config = readConfig(configPath);
    const next = change(config.clusters[cluster.cluster_id] ?? cluster);
    const isCurrent = config.current_cluster === cluster.cluster_id;
    const rest = next.cluster_id === cluster.cluster_id ? config : withoutCluster(config, cluster.cluster_id);
    writeConfig(configPath, withCluster(rest, next, isCurrent ? "make_current" : "leave_current"));
  });
}

function orSayWhy(write: () => void): void {
  try {
    write();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure(EXIT.configuration, "SECRET_NOT_SAVED", `the secret is replaced, but was not saved: ${why}`, {
      next: "Set the file right and rotate once more: the secret in it works for 24 hours. Else the host's recovery token opens it.",
    });
  }
}
