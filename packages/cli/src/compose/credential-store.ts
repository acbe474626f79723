import { type Config, type KnownCluster, withCluster, withoutCluster } from "../config/config.ts";
import { readConfig, writeConfig } from "../config/config-file.ts";

/** Where a compose run keeps the clusters that it founds, and finds those of earlier runs. */
export interface CredentialStore {
  /** False where a secret would have nowhere to go. */
  readonly canSave: boolean;
  /** Writes the files as they are: one that cannot be written must not cost a secret. Throws a Failure. */
  checkWritable(): void;
  /** What is known of the cluster to which this peer belongs. */
  clusterOf(peerId: string): KnownCluster | undefined;
  /** On disk when it returns. */
  save(cluster: KnownCluster, current: "make_current" | "leave_current"): void;
  /** Drops what a fresh peer was given for itself alone; a cluster that leads stays. */
  forgetJoined(clusterId: string): void;
}

/** Files have the form of the configuration, so that `--config FILE` reads what `--credentials-file FILE` wrote. */
export function openCredentialStore(options: {
  readonly configPath: string;
  readonly isConfigSaved: boolean;
  readonly credentialsPath: string | undefined;
}): CredentialStore {
  const { configPath, isConfigSaved, credentialsPath } = options;
  const writable = [
    ...(credentialsPath === undefined ? [] : [credentialsPath]),
    ...(isConfigSaved ? [configPath] : []),
  ];
  const readable = [...new Set([...writable, configPath])];
  const change = (how: (config: Config) => Config): void => {
    for (const path of writable) {
      const config = readConfig(path);
      const next = how(config);
      if (JSON.stringify(next) !== JSON.stringify(config)) writeConfig(path, next);
    }
  };
  return {
    canSave: writable.length > 0,
    checkWritable: () => {
      for (const path of writable) writeConfig(path, readConfig(path));
    },
    clusterOf: (peerId) => {
      for (const path of readable) {
        const found = clustersOf(readConfig(path)).find((cluster) =>
          cluster.peers.some((peer) => peer.peer_id === peerId),
        );
        if (found !== undefined) return found;
      }
      return undefined;
    },
    save: (cluster, current) => change((config) => withCluster(config, cluster, current)),
    forgetJoined: (clusterId) =>
      change((config) =>
        config.clusters[clusterId]?.joining === undefined ? config : withoutCluster(config, clusterId),
      ),
  };
}

/** The current one first. What a fresh peer was given for itself alone opens no cluster. */
function clustersOf(config: Config): KnownCluster[] {
  const all = Object.values(config.clusters);
  const leading = all.filter((cluster) => cluster.joining === undefined);
  return [
    ...leading.filter((cluster) => cluster.cluster_id === config.current_cluster),
    ...leading.filter((cluster) => cluster.cluster_id !== config.current_cluster),
  ];
}
