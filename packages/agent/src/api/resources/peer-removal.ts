import { type ClientId, type PeerBody, type PeerId, rfc3339FromMs } from "@arctic/core";
import type { LocalPeer } from "../../peer/local-peer.ts";
import { callerName } from "../audit.ts";
import { type Call, type Handlers, reply } from "../context.ts";
import { allClients, revokedAtByClient, sharedClientId } from "../credential.ts";
import { Problem, problemFromError, problemFromRejection } from "../problem.ts";
import type { DeletedPeer } from "../schema.ts";
import { scopeName } from "../scope.ts";
import { type Introduction, introductionsOf } from "./introductions.ts";

export const peerRemovalHandlers: Pick<Handlers, "deletePeer" | "removeSelf"> = {
  deletePeer: (call) => {
    const removed = removePeer(call);
    return reply(removed, {
      introduced: removed.introduced.filter(({ fate }) => fate === "revoked").map(({ peer_id }) => peer_id),
      credentials: removed.credentials.filter(({ fate }) => fate === "revoked").map(({ client_id }) => client_id),
    });
  },
  removeSelf: ({ peer }) => {
    const rejection = peer().feed({ type: "leave" });
    if (rejection !== undefined) throw problemFromRejection(rejection);
    return reply(undefined);
  },
};

type Introduced = DeletedPeer["introduced"][number];
type Made = DeletedPeer["credentials"][number];
type Fate = Pick<Introduced, "fate" | "reason">;

/** What the request asks beside the removal itself, and in whose name. */
interface Removal {
  readonly peer: LocalPeer;
  readonly reason: string;
  /** RFC 3339, UTC. */
  readonly at: string;
}

/** The peer first, since nothing else that fails may keep it in; then whom it brought in, then what it made. */
function removePeer(call: Call<"deletePeer">): DeletedPeer {
  const peer = call.peer();
  const { peer_id } = call.params;
  if (peer_id === peer.identity.peerId) {
    throw new Problem(
      "INVALID_REQUEST",
      "path.peer_id: this is the answering peer itself: leave with DELETE /v1/peers/self, or ask another member",
    );
  }
  if (call.origin.type === "relay" && call.origin.from === peer_id) {
    throw new Problem(
      "INVALID_REQUEST",
      "path.peer_id: this is the peer that relays the request, whose links would end before the answer: call another member itself, or leave with DELETE /v1/peers/self",
    );
  }
  const view = peer.node.peers.get(peer_id);
  if (view === undefined) throw new Problem("NOT_FOUND", `no peer ${peer_id} is known here`);
  const removal = {
    peer,
    reason: `deleted by ${callerName(call.caller)}`,
    at: rfc3339FromMs(call.context.clock.now()),
  };
  // Looked up before the revocation, while all of them are members still.
  const { brought, shared } = introductionsOf(peer, peer_id);
  const isWhole = call.query.introduced === "true";
  const makers = [peer_id, ...(isWhole ? brought.map(({ peerId }) => peerId) : [])];
  if (view.standing !== "revoked") writeRevocation(removal, peer_id);
  return {
    peer_id,
    introduced: [
      ...brought.map((introduction) =>
        introducedFrom(peer, introduction, isWhole ? revokedOrWhy(removal, introduction.peerId) : KEPT),
      ),
      ...shared.map((introduction) => introducedFrom(peer, introduction, HAD_IN_BY_OTHERS)),
    ],
    credentials: clientsMadeBy(peer, makers).map((made) => ({
      ...made,
      ...(call.query.credentials === "true" ? fateOfClient(removal, made.client_id, call) : KEPT),
    })),
  };
}

const KEPT: Fate = { fate: "kept" };
const HAD_IN_BY_OTHERS: Fate = { fate: "kept", reason: "another member had it in before: delete it by itself" };

function introducedFrom(peer: LocalPeer, introduction: Introduction, fate: Fate): Introduced {
  const { peerId, introducedBy, alsoAdmittedBy } = introduction;
  return {
    peer_id: peerId,
    name: (peer.peerRecord(peerId)?.body as unknown as PeerBody | undefined)?.name ?? "",
    introduced_by: introducedBy,
    also_admitted_by: alsoAdmittedBy,
    ...fate,
  };
}

function clientsMadeBy(peer: LocalPeer, makers: readonly PeerId[]): Pick<Made, "client_id" | "scopes">[] {
  const revoked = revokedAtByClient(peer.node.registry);
  return allClients(peer.node)
    .filter(({ clientId, createdBy }) => makers.includes(createdBy) && !revoked.has(clientId))
    .map(({ clientId, scopes }) => ({ client_id: clientId, scopes: scopes.map(scopeName) }));
}

/** The shared client and the one that asks stay: without them nobody could go on. */
function fateOfClient(removal: Removal, clientId: ClientId, { caller }: Call<"deletePeer">): Fate {
  if (clientId === sharedClientId(removal.peer.node.cluster.id))
    return { fate: "kept", reason: "it is the cluster's shared client: rotate its secret" };
  if (clientId === caller?.clientId) return { fate: "kept", reason: "it is the client that asks" };
  return revokedOrWhy(removal, clientId);
}

function revokedOrWhy(removal: Removal, id: PeerId | ClientId): Fate {
  try {
    writeRevocation(removal, id);
    return { fate: "revoked" };
  } catch (error) {
    // The peer itself is out by now, so what else could not be done is told and not thrown.
    const problem = problemFromError(error);
    if (problem === undefined) throw error;
    return { fate: "kept", reason: problem.message };
  }
}

function writeRevocation({ peer, reason, at }: Removal, id: PeerId | ClientId): void {
  const { rejection } = peer.write("revocation", id, { reason, revoked_at: at });
  if (rejection !== undefined) throw problemFromRejection(rejection);
}
