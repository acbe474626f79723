import * as z from "zod";

const fingerprint = z.string().regex(/^[0-9a-f]{64}$/, "is a SHA-256 in lower-case hex");

const peerSchema = z.looseObject({
  peer_id: z.string().regex(/^peer_[0-9A-Z]{26}$/, "is a peer_ id"),
  name: z.string(),
  /** `host:port` or a URL, in the order to try. */
  endpoints: z.array(z.string()),
  tls_fingerprint: fingerprint,
});

const clusterSchema = z.looseObject({
  cluster_id: z.string().regex(/^clu_[0-9A-Z]{26}$/, "is a clu_ id"),
  customer_id: z.string().regex(/^cust_[0-9A-Z]{26}$/, "is a cust_ id"),
  client_id: z.string().regex(/^cli_[0-9A-Z]{26}$/, "is a cli_ id"),
  client_secret: z.string().regex(/^sec_[A-Za-z0-9_-]{43}$/, "is a sec_ secret"),
  name: z.string().optional(),
  /** The peer whose endpoints are tried first: a peer_ id of `peers`. */
  default_peer: z.string().optional(),
  /** Of a fresh peer that a compose run is adding to another cluster: that one's id. Gone once it has joined. */
  joining: z.string().optional(),
  peers: z.array(peerSchema),
});

const preferencesSchema = z.looseObject({
  output_format: z.enum(["table", "json", "yaml"]).optional(),
  /** Seconds for one answer. */
  timeout: z.int().min(1).max(3600).optional(),
});

export const configSchema = z.looseObject({
  current_cluster: z.string().optional(),
  clusters: z.record(z.string(), clusterSchema).default({}),
  preferences: preferencesSchema.default({}),
});

/** The configuration as it stands in its file. Fields of newer versions are kept. */
export type Config = z.infer<typeof configSchema>;
/** A cluster that this command knows, with the secret that opens it. */
export type KnownCluster = z.infer<typeof clusterSchema>;
export type KnownPeer = z.infer<typeof peerSchema>;

export const EMPTY_CONFIG: Config = { clusters: {}, preferences: {} };

export const DEFAULT_TIMEOUT_SECONDS = 30;

/** Puts the cluster in, in place of what was known under its id. */
export function withCluster(config: Config, cluster: KnownCluster, current: "make_current" | "leave_current"): Config {
  return {
    ...config,
    current_cluster: current === "make_current" ? cluster.cluster_id : config.current_cluster,
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
