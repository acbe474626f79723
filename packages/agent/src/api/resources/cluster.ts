import { LIMITS, type PeerBody, type PeerView, rfc3339FromMs } from "@arctic/core";
import type { LocalPeer } from "../../peer/local-peer.ts";
import { type Handlers, reply } from "../context.ts";
import { TOKEN_PATH } from "../operations.ts";
import { problemFromRejection } from "../problem.ts";
import type { ClusterStatus } from "../schema.ts";
import { SCOPES, scopeName } from "../scope.ts";
import { publicJwk } from "../token.ts";
import { stateOfPeer } from "./peer-state.ts";

export const clusterHandlers: Pick<
  Handlers,
  "getIdentity" | "getStatus" | "sync" | "getJwks" | "getDiscovery" | "bootstrap"
> = {
  bootstrap: ({ context, body, origin, caller }) => {
    const isTrusted = caller?.type === "recovery" || (origin.type === "http" && origin.isLoopback);
    return reply(context.bootstrap(body, isTrusted));
  },
  getIdentity: ({ peer, context }) => {
    const { facts, node } = peer();
    return reply({
      peer_id: facts.peer_id,
      public_key: facts.public_key,
      license_id: node.cluster.license.license_id,
      cluster_id: node.cluster.id,
      version: context.agentVersion,
      tls_fingerprint: context.tlsFingerprint,
    });
  },
  getStatus: ({ peer }) => reply(statusOf(peer())),
  sync: ({ peer }) => {
    const rejection = peer().feed({ type: "sync" });
    if (rejection !== undefined) throw problemFromRejection(rejection);
    return reply({
      linked_peers: peer()
        .node.peers.list()
        .filter((view) => view.link !== undefined).length,
    });
  },
  getJwks: ({ peer }) => {
    const { identity, facts, node } = peer();
    const others = node.peers
      .list()
      .flatMap((view) =>
        view.standing === "member" && view.publicKey !== undefined ? [publicJwk(view.peerId, view.publicKey)] : [],
      );
    return reply({ keys: [publicJwk(identity.peerId, facts.public_key), ...others] });
  },
  getDiscovery: ({ peer, baseUrl }) =>
    reply({
      issuer: peer().identity.peerId,
      token_endpoint: `${baseUrl}${TOKEN_PATH}`,
      jwks_uri: `${baseUrl}/.well-known/jwks.json`,
      grant_types_supported: ["client_credentials"],
      token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
      scopes_supported: SCOPES.map(scopeName),
    }),
};

function statusOf(peer: LocalPeer): ClusterStatus {
  const { node, identity, facts } = peer;
  const { license } = node.cluster;
  const views = node.peers.list();
  const members = views.filter((view) => view.standing === "member");
  const differences = differencesOf(peer, members);
  return {
    peer_id: identity.peerId,
    cluster_id: node.cluster.id,
    cluster_id_aliases: [...node.cluster.aliases],
    customer_id: facts.customer_id,
    license: {
      license_id: license.license_id,
      state: peer.licenseState,
      expires_at: license.expires_at,
      max_nodes: license.max_nodes,
      max_services: license.max_services,
    },
    totals: {
      members: members.length + (node.cluster.hasLeft ? 0 : 1),
      connected: views.filter((view) => view.reachability === "connected").length,
      services: node.registry.live("service").length,
      records: node.registry.size,
    },
    hashes: { ...node.registry.hashes },
    peers: [ownRow(peer), ...views.map((view) => otherRow(peer, view))],
    equivocations: equivocationsOf(peer),
    other_license_hashes: [...node.cluster.otherLicenseHashes],
    converged: differences.length === 0,
    differences,
    ...(node.cluster.freshUntil === undefined ? {} : { fresh_until: rfc3339FromMs(node.cluster.freshUntil) }),
    is_cloned: node.cluster.isCloned,
    has_left: node.cluster.hasLeft,
    dataplane: dataplaneOf(peer),
  };
}

/** Up to `fullMeshPeers` members everyone links with everyone; beyond, only linked ones can be compared. */
function differencesOf(peer: LocalPeer, members: readonly PeerView[]): ClusterStatus["differences"] {
  const isFullMesh = members.length + 1 <= LIMITS.fullMeshPeers;
  return members.flatMap((view) => {
    const reason = differenceOf(peer, view, isFullMesh);
    return reason === undefined ? [] : [{ peer_id: view.peerId, reason }];
  });
}

function differenceOf(peer: LocalPeer, view: PeerView, isFullMesh: boolean): string | undefined {
  if (view.reachability === "unreachable") return "it cannot be reached";
  if (view.reachability === "idle") return isFullMesh ? "it is not linked" : undefined;
  if (view.hashes === undefined) return "it has not said yet what it holds";
  const own = peer.node.registry.hashes;
  const theirs = view.hashes;
  const groups = (["peers", "services", "others"] as const).filter((group) => theirs[group] !== own[group]);
  return groups.length === 0 ? undefined : `its last heartbeat named other hashes: ${groups.join(", ")}`;
}

function equivocationsOf({ node }: LocalPeer): ClusterStatus["equivocations"] {
  const { count, evidence } = node.cluster.equivocations;
  return { count, latest: evidence.map(({ kept: { kind, owner, id, version } }) => ({ kind, owner, id, version })) };
}

function ownRow(peer: LocalPeer): ClusterStatus["peers"][number] {
  return {
    peer_id: peer.identity.peerId,
    name: peer.ownBody()?.name ?? "",
    is_local: true,
    state: peer.node.cluster.hasLeft ? "left" : "connected",
    hashes: { ...peer.node.registry.hashes },
  };
}

function otherRow(peer: LocalPeer, view: PeerView): ClusterStatus["peers"][number] {
  const body = peer.peerRecord(view.peerId)?.body as unknown as PeerBody | undefined;
  return {
    peer_id: view.peerId,
    name: body?.name ?? "",
    is_local: false,
    state: stateOfPeer(view),
    ...(view.lastSeenAt === undefined ? {} : { last_seen_at: rfc3339FromMs(view.lastSeenAt) }),
    ...(view.rttMs === undefined ? {} : { rtt_ms: view.rttMs }),
    ...(view.skewMs === undefined ? {} : { skew_ms: view.skewMs }),
    ...(view.hashes === undefined ? {} : { hashes: { ...view.hashes } }),
    reached_by: view.reachedBy,
    unreached_by: [...view.unreachedBy],
  };
}

function dataplaneOf(peer: LocalPeer): ClusterStatus["dataplane"] {
  const { dataplane } = peer;
  if (dataplane.type === "absent") return { connected: false, reason: dataplane.reason };
  const { version, tunnel_backend, relay_engine } = dataplane.identity;
  return {
    connected: true,
    ...(dataplane.refusal === undefined ? {} : { reason: dataplane.refusal }),
    version,
    tunnel_backend,
    relay_engine,
  };
}
