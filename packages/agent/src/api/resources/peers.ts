import { bytesFromBase64url, type PeerBody, type PeerId, type PeerView, rfc3339FromMs } from "@arctic/core";
import type { LocalPeer } from "../../peer/local-peer.ts";
import { jsonFromBody } from "../../peer/own-record.ts";
import { parseHostPort } from "../../transport/address.ts";
import { type Call, type Handlers, relayTo, reply } from "../context.ts";
import { pageOf } from "../page.ts";
import { Problem, problemFromRejection } from "../problem.ts";
import type { Peer } from "../schema.ts";
import { stateOfPeer } from "./peer-state.ts";

export const peerHandlers: Pick<Handlers, "listPeers" | "getPeer" | "addPeer" | "updatePeer"> = {
  listPeers: ({ peer, query }) => {
    const { is_local } = query;
    const wanted = allPeers(peer()).filter((item) => is_local === undefined || String(item.is_local) === is_local);
    const { items, ...next } = pageOf(wanted, (item) => item.id, query);
    return reply({ peers: items, ...next });
  },
  getPeer: ({ peer, params }) => reply(peerOrProblem(peer(), params.peer_id)),
  addPeer,
  updatePeer: (call) => {
    const peer = call.peer();
    const { peer_id } = call.params;
    if (peer_id === peer.identity.peerId) return reply(updateSelf(call, peer));
    peerOrProblem(peer, peer_id);
    return relayTo(peer_id);
  },
};

const RECORD_LIMIT_MS = 3_000;
const RECORD_POLL_MS = 25;

async function addPeer(call: Call<"addPeer">) {
  const peer = call.peer();
  const { address, name, expect_key } = call.body;
  const known = memberAt(peer, address);
  if (known?.reachability === "connected") throw alreadyExists(address, known.peerId);
  const hosts = await resolved(call, address);
  const connectedBefore = new Set(
    peer.node.peers.list().flatMap((view) => (view.link === undefined ? [] : view.peerId)),
  );
  const expectKey = expect_key === undefined ? undefined : bytesFromBase64url(expect_key);
  const outcome = await peer.join(address, hosts, expectKey);
  if (outcome.type === "failed") throw joinProblem(address, outcome.rejection);
  if (connectedBefore.has(outcome.peer)) throw alreadyExists(address, outcome.peer);
  await waitForRecord(call, peer, outcome.peer);
  if (name !== undefined && bodyOf(peer, outcome.peer)?.name !== name) await rename(call, outcome.peer, name);
  return reply(peerOrProblem(peer, outcome.peer));
}

function memberAt(peer: LocalPeer, address: string): PeerView | undefined {
  return peer.node.peers
    .list()
    .filter((view) => view.standing === "member")
    .find((view) => view.provenAddresses.includes(address) || bodyOf(peer, view.peerId)?.addresses.includes(address));
}

async function resolved(call: Call<"addPeer">, address: string): Promise<readonly string[]> {
  const host = parseHostPort(address)?.host ?? "";
  try {
    return await call.context.resolve(host);
  } catch (error) {
    throw new Problem("PEER_UNREACHABLE", error instanceof Error ? error.message : `${host} cannot be dialled`);
  }
}

function alreadyExists(address: string, peerId: PeerId): Problem {
  return new Problem("ALREADY_EXISTS", `the peer at ${address} is a member already: ${peerId}`, { peer_id: peerId });
}

function joinProblem(address: string, rejection: Parameters<typeof problemFromRejection>[0] | undefined): Problem {
  if (rejection === undefined)
    return new Problem("PEER_UNREACHABLE", `the peer at ${address} did not finish a handshake in time`);
  const { code } = problemFromRejection(rejection);
  if (code === "PEER_UNREACHABLE") return new Problem(code, `no agent was reached at ${address}: ${rejection.message}`);
  if (code === "NODE_LIMIT_EXCEEDED") return new Problem(code, `${address} was not added: ${rejection.message}`);
  return new Problem(
    "HANDSHAKE_FAILED",
    `the peer at ${address} was not joined: ${rejection.message}. It has to be bootstrapped with a license of the same customer and, where its first hour is over or it is in a cluster, to add this peer too or to be reopened on its host (arctic bootstrap --reopen)`,
    { rejection: rejection.code },
  );
}

/** The newcomer's own record follows the handshake within a moment. */
async function waitForRecord(call: Call<"addPeer">, peer: LocalPeer, id: PeerId): Promise<void> {
  const { clock } = call.context;
  const untilMs = clock.elapsedMs() + RECORD_LIMIT_MS;
  while (bodyOf(peer, id) === undefined && clock.elapsedMs() < untilMs) {
    await new Promise<void>((resolve) => clock.after(RECORD_POLL_MS, resolve));
  }
}

/** The name is the newcomer's to write. Where it does not, the add still stands. */
async function rename(call: Call<"addPeer">, id: PeerId, name: string): Promise<void> {
  try {
    const { status } = await call.askPeer(id, "PUT", `/v1/peers/${id}`, { name });
    if (status !== 200) call.context.log.warn("peer.not_named", { peer_id: id, status });
  } catch (error) {
    call.context.log.warn("peer.not_named", { peer_id: id, reason: String(error) });
  }
}

function updateSelf(call: Call<"updatePeer">, peer: LocalPeer): Peer {
  const current = peer.ownBody();
  if (current === undefined) throw new Problem("PEER_LEFT", "this peer has left its cluster");
  const { entry, addresses, ...plain } = call.body;
  const announced = addresses ?? peer.announcedAddresses();
  const claimedAt = rfc3339FromMs(call.context.clock.now());
  const next = {
    ...current,
    ...plain,
    addresses: announced.length === 0 ? peer.defaultAddresses() : announced,
    ...(entry === undefined ? {} : { entry: { role: entry.role, claimed_at: claimedAt } }),
  };
  const { rejection } = peer.write("peer", peer.identity.peerId, jsonFromBody(next));
  if (rejection !== undefined) throw problemFromRejection(rejection);
  if (addresses !== undefined) peer.announce(addresses.length === 0 ? undefined : addresses);
  return peerOrProblem(peer, peer.identity.peerId);
}

function allPeers(peer: LocalPeer): Peer[] {
  const others = peer.node.peers.list().map((view) => otherPeer(peer, view));
  return [ownPeer(peer), ...others].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function peerOrProblem(peer: LocalPeer, id: PeerId): Peer {
  if (id === peer.identity.peerId) return ownPeer(peer);
  const view = peer.node.peers.get(id);
  if (view === undefined) throw notFound(id);
  return otherPeer(peer, view);
}

function notFound(id: PeerId): Problem {
  return new Problem("NOT_FOUND", `no peer ${id} is known here`);
}

function ownPeer(peer: LocalPeer): Peer {
  return {
    ...announcedBy(peer.ownBody(), []),
    id: peer.identity.peerId,
    public_key: peer.facts.public_key,
    is_local: true,
    state: peer.node.cluster.hasLeft ? "left" : "connected",
  };
}

function otherPeer(peer: LocalPeer, view: PeerView): Peer {
  return {
    ...announcedBy(bodyOf(peer, view.peerId), view.provenAddresses),
    id: view.peerId,
    ...(view.publicKey === undefined ? {} : { public_key: view.publicKey }),
    is_local: false,
    state: stateOfPeer(view),
    ...(view.lastSeenAt === undefined ? {} : { last_seen_at: rfc3339FromMs(view.lastSeenAt) }),
    ...(view.introducedBy === undefined ? {} : { introduced_by: view.introducedBy }),
  };
}

/** What the peer's signed record says; a peer whose record is not here has said nothing. */
function announcedBy(body: PeerBody | undefined, proven: readonly string[]) {
  const addresses = [...(body?.addresses ?? proven)];
  const [address = addresses[0]] = proven;
  return {
    name: body?.name ?? "",
    description: body?.description ?? "",
    ...(address === undefined ? {} : { address }),
    addresses,
    api_access: body?.api_access ?? ("full" as const),
    ...(body?.entry === undefined ? {} : { entry: { role: body.entry.role, claimed_at: body.entry.claimed_at } }),
    ...(body === undefined
      ? {}
      : { created_at: body.created_at, agent_version: body.agent_version, tls_fingerprint: body.tls_fingerprint }),
    has_dataplane: body?.pegasus !== undefined || body?.tunnel !== undefined,
  };
}

function bodyOf(peer: LocalPeer, id: PeerId): PeerBody | undefined {
  return peer.peerRecord(id)?.body as unknown as PeerBody | undefined;
}
