import type { OutputFormat } from "../view/output.ts";

/** An agent that this command knows. */
export interface KnownPeer {
  readonly peer_id: string;
  readonly name: string;
  /** `host:port` or a URL, in the order to try. */
  readonly endpoints: readonly string[];
  /** SHA-256 of its certificate, lower-case hex. */
  readonly tls_fingerprint: string;
}

/** A cluster that this command knows, with the secret that opens it. */
export interface KnownCluster {
  readonly cluster_id: string;
  readonly customer_id: string;
  readonly client_id: string;
  readonly client_secret: string;
  readonly name?: string;
  /** The peer whose endpoints are tried first: a peer_ id of `peers`. */
  readonly default_peer?: string;
  /** Of a fresh peer that a compose run is adding to another cluster: that one's id. Gone once it has joined. */
  readonly joining?: string;
  readonly peers: readonly KnownPeer[];
}

export interface Preferences {
  readonly output_format?: OutputFormat;
  /** Seconds for one answer. */
  readonly timeout?: number;
  /** Seconds for which a completion trusts what it knows of the cluster. */
  readonly cache_ttl?: number;
  readonly color?: "auto" | "never";
}

/** The configuration as it stands in its file. Fields of newer versions are kept. */
export interface Config {
  readonly current_cluster?: string;
  readonly clusters: Readonly<Record<string, KnownCluster>>;
  readonly preferences: Preferences;
}

export const EMPTY_CONFIG: Config = { clusters: {}, preferences: {} };

export const DEFAULT_TIMEOUT_SECONDS = 30;
export const DEFAULT_CACHE_TTL_SECONDS = 3600;

/** Puts the cluster in, in place of what was known under its id. */
export function withCluster(config: Config, cluster: KnownCluster, current: "make_current" | "leave_current"): Config {
  return {
    ...config,
    ...(current === "make_current" ? { current_cluster: cluster.cluster_id } : {}),
    clusters: { ...config.clusters, [cluster.cluster_id]: cluster },
  };
}

/** Takes the cluster out; where it was the current one, none is. */
export function withoutCluster(config: Config, clusterId: string): Config {
  const { [clusterId]: _removed, ...clusters } = config.clusters;
  const { current_cluster, ...rest } = config;
  return { ...rest, ...(current_cluster === clusterId ? {} : { current_cluster }), clusters };
}

/** The peers as the cluster's signed records name them now. What they do not name keeps its endpoints. */
export function withPeers(cluster: KnownCluster, peers: readonly KnownPeer[]): KnownCluster {
  const known = new Map(cluster.peers.map((peer) => [peer.peer_id, peer]));
  return {
    ...cluster,
    peers: peers.map((peer) => {
      const old = known.get(peer.peer_id);
      // What has worked for this operator stays in front of what the peer announces.
      const endpoints = [...new Set([...(old?.endpoints ?? []), ...peer.endpoints])].slice(0, 16);
      return { ...old, ...peer, endpoints };
    }),
  };
}

export function withoutPeer(cluster: KnownCluster, peerId: string): KnownCluster {
  const { default_peer, ...rest } = cluster;
  return {
    ...rest,
    ...(default_peer === peerId ? {} : { default_peer }),
    peers: cluster.peers.filter((peer) => peer.peer_id !== peerId),
  };
}

/** All endpoints of the cluster: the default peer's first. */
export function endpointsOf(cluster: KnownCluster): string[] {
  const first = cluster.peers.filter((peer) => peer.peer_id === cluster.default_peer);
  const rest = cluster.peers.filter((peer) => peer.peer_id !== cluster.default_peer);
  return [...new Set([...first, ...rest].flatMap((peer) => peer.endpoints))];
}

export function fingerprintsOf(cluster: KnownCluster): string[] {
  return [...new Set(cluster.peers.map((peer) => peer.tls_fingerprint))];
}

/** The configuration with secrets replaced, for a screen. */
export function hideSecrets(config: Config): Config {
  const clusters = Object.entries(config.clusters).map(([id, cluster]) => [id, { ...cluster, client_secret: HIDDEN }]);
  return { ...config, clusters: Object.fromEntries(clusters) };
}

const HIDDEN = "sec_… (hidden; --show-secrets shows it)";
