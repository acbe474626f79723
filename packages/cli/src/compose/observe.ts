import {
  ApiError,
  type Client,
  type ClientAuth,
  type ClusterIdentity,
  ConnectionError,
  createClient,
  fetchTlsFingerprint,
  type Peer,
  type Service,
  TlsMismatchError,
  type Trust,
} from "@arctic/agent/client";
import { fingerprintsOf, type KnownCluster } from "../config/config.ts";
import { configFailure, type Failure } from "../failure.ts";
import type { CredentialStore } from "./credential-store.ts";
import { firstPeers, type Observed, type ObservedPeer } from "./plan.ts";
import { addressWithPort, type Compose } from "./schema.ts";

/** What a host answers before it is known. Nothing of it is proven; no secret is sent for it. */
export type Probe =
  | { readonly type: "blank"; readonly fingerprint: string }
  | { readonly type: "peer"; readonly fingerprint: string; readonly identity: ClusterIdentity }
  | { readonly type: "silent"; readonly reason: string };

/** The member through which everything is asked and changed. */
export interface Hub {
  readonly name: string;
  readonly publicKey: string;
  readonly peerId: Peer["id"];
  readonly client: Client;
  readonly auth: ClientAuth;
  /** As the store knows it; absent where the caller gave a token of his own. */
  readonly cluster: KnownCluster | undefined;
}

export interface Access {
  readonly given: ClientAuth | undefined;
  readonly trust: Trust | undefined;
  readonly store: CredentialStore;
  readonly timeoutMs: number;
}

/** Asks every host of the file who it is. */
export async function probePeers(compose: Compose, timeoutMs: number): Promise<Map<string, Probe>> {
  const probes = compose.peers.map(
    async ({ name, address }): Promise<[string, Probe]> => [name, await probe(addressWithPort(address), timeoutMs)],
  );
  return new Map(await Promise.all(probes));
}

/** The first bootstrapped peer of the file that we can enter; `undefined` where none is bootstrapped yet. */
export function findHub(compose: Compose, probes: ReadonlyMap<string, Probe>, access: Access): Hub | undefined {
  const peers = firstPeers(compose).flatMap((name) => {
    const seen = probes.get(name);
    return seen?.type === "peer" ? [{ name, seen }] : [];
  });
  for (const { name, seen } of peers) {
    const cluster = access.store.clusterOf(seen.identity.peer_id);
    const trust = access.trust ?? (cluster === undefined ? undefined : trustIn(cluster));
    const auth = access.given ?? (cluster === undefined ? undefined : credentialsOf(cluster));
    if (trust === undefined || auth === undefined) continue;
    const address = addressOf(compose, name);
    const client = createClient({ endpoints: [address], trust, auth, timeoutMs: access.timeoutMs });
    return { name, publicKey: seen.identity.public_key, peerId: seen.identity.peer_id, client, auth, cluster };
  }
  if (peers.length > 0) throw noCredentials(peers.map(({ name }) => name));
  return undefined;
}

/** The cluster as the hub sees it, laid over what the hosts themselves answered. */
export async function observe(
  compose: Compose,
  probes: ReadonlyMap<string, Probe>,
  hub: Hub | undefined,
): Promise<Observed> {
  const members = hub === undefined ? [] : await hub.client.allPeers();
  const services: Service[] = hub === undefined ? [] : await hub.client.allServices();
  const peerByName = new Map(
    compose.peers.map(({ name, address }): [string, ObservedPeer] => [
      name,
      observedPeer(name, addressWithPort(address), probes.get(name), members),
    ]),
  );
  return { peerByName, services };
}

export function addressOf(compose: Compose, name: string): string {
  const peer = compose.peers.find((candidate) => candidate.name === name);
  return peer === undefined ? "" : addressWithPort(peer.address);
}

export function isEnded(peer: Peer): boolean {
  return peer.state === "left" || peer.state === "revoked";
}

async function probe(address: string, timeoutMs: number): Promise<Probe> {
  try {
    const fingerprint = await fetchTlsFingerprint(address, timeoutMs);
    const client = createClient({
      endpoints: [address],
      trust: { type: "fingerprints", sha256: [fingerprint] },
      timeoutMs,
    });
    try {
      return { type: "peer", fingerprint, identity: await client.getIdentity() };
    } catch (error) {
      if (error instanceof ApiError && error.code === "NOT_BOOTSTRAPPED") return { type: "blank", fingerprint };
      throw error;
    } finally {
      client.close();
    }
  } catch (error) {
    if (error instanceof ConnectionError || error instanceof TlsMismatchError || error instanceof ApiError) {
      return { type: "silent", reason: error.message };
    }
    throw error;
  }
}

function observedPeer(name: string, address: string, seen: Probe | undefined, members: readonly Peer[]): ObservedPeer {
  const live = members.filter((peer) => !isEnded(peer));
  switch (seen?.type) {
    case "blank":
      return { type: "blank" };
    case "peer": {
      const { peer_id } = seen.identity;
      const member = live.find((peer) => peer.id === peer_id);
      if (member !== undefined) return { type: "member", peer: member };
      const ended = members.find((peer) => peer.id === peer_id);
      if (ended === undefined) return { type: "stranger", peerId: peer_id };
      const word = ended.state === "left" ? "left the cluster" : "was revoked";
      return { type: "unreachable", reason: `${peer_id} ${word} for good: the host must be bootstrapped anew` };
    }
    default: {
      const named = live.filter((peer) => peer.name === name);
      const found = named.length === 1 ? named : live.filter((peer) => peer.addresses.includes(address));
      const [member] = found;
      if (member !== undefined && found.length === 1 && member.state !== "unreachable")
        return { type: "member", peer: member };
      return { type: "unreachable", reason: seen?.reason ?? "it was not asked" };
    }
  }
}

function trustIn(cluster: KnownCluster): Trust {
  return { type: "fingerprints", sha256: fingerprintsOf(cluster) };
}

function credentialsOf(cluster: KnownCluster): ClientAuth {
  return { type: "credentials", clientId: cluster.client_id, clientSecret: cluster.client_secret };
}

function noCredentials(names: readonly string[]): Failure {
  return configFailure(
    `${names.join(", ")}: bootstrapped already, and no credentials of that cluster are known here.`,
    "Name the file that holds them with --credentials-file or --config, or give --token and --tls-fingerprint.",
  );
}
