import { isId, isTombstone, type Millis, type PeerId, rfc3339FromMs, type ServiceId } from "@arctic/core";
import type { LocalPeer, PeerNotice } from "../peer/local-peer.ts";
import { stateOfPeer } from "./resources/peer-state.ts";
import { liveServices } from "./resources/service-records.ts";
import { liveState } from "./resources/service-state.ts";
import type { ClusterEvent } from "./schema.ts";

type Subscriber = (event: ClusterEvent) => void;

/** Makes events of what a peer tells, for all subscribers once; watches nothing while there is none. */
export class EventSource {
  readonly #subscribers = new Set<Subscriber>();
  /** The states that were told, so that only changes are. */
  readonly #toldById = new Map<string, string>();
  #stopWatching: (() => void) | undefined;

  /** The first event of a stream. */
  opening(peer: LocalPeer, now: Millis): ClusterEvent {
    const { identity, node } = peer;
    return {
      type: "opened",
      peer_id: identity.peerId,
      cluster_id: node.cluster.id,
      at: rfc3339FromMs(now),
      replays: false,
    };
  }

  /** Tells from now on, until the returned function is called. */
  subscribe(peer: LocalPeer, subscriber: Subscriber): () => void {
    this.#subscribers.add(subscriber);
    this.#stopWatching ??= this.#watch(peer);
    return () => {
      this.#subscribers.delete(subscriber);
      if (this.#subscribers.size > 0) return;
      this.#stopWatching?.();
      this.#stopWatching = undefined;
    };
  }

  #watch(peer: LocalPeer): () => void {
    this.#toldById.clear();
    for (const event of [...peerEvents(peer), ...serviceEvents(peer)]) this.#isNews(event);
    return peer.subscribe((notice) => {
      for (const event of eventsFrom(peer, notice)) {
        if (!this.#isNews(event)) continue;
        for (const subscriber of [...this.#subscribers]) subscriber(event);
      }
    });
  }

  #isNews(event: ClusterEvent): boolean {
    if (event.type === "record" && isTombstone(event.record)) this.#toldById.delete(event.record.id);
    const id = event.type === "peer_state" ? event.peer_id : event.type === "service_state" ? event.service_id : "";
    if (id === "") return true;
    const text = JSON.stringify(event);
    const isNews = this.#toldById.get(id) !== text;
    this.#toldById.set(id, text);
    return isNews;
  }
}

function eventsFrom(peer: LocalPeer, notice: PeerNotice): ClusterEvent[] {
  switch (notice.type) {
    case "applied": {
      const { records, dropped } = notice;
      const changes: ClusterEvent[] = records.map((record) => ({ type: "record", record }));
      // Services change with the peers that they need.
      const isAboutPeers = dropped.length > 0 || records.some(({ kind }) => PEER_KINDS.has(kind));
      const states = isAboutPeers
        ? [...peerEvents(peer), ...serviceEvents(peer)]
        : serviceEvents(peer, new Set(records.map(({ id }) => id)));
      return [...changes, ...dropped.flatMap(droppedEvent), ...states];
    }
    case "peer_linked":
    case "peer_unlinked":
    case "peer_unreachable":
    case "peer_reachability":
    case "peer_ended":
      return peerEvents(peer, notice.peer);
    case "services_observed":
      return serviceEvents(peer);
    case "license_changed":
    case "license_state": {
      const { license, licenseState } = peer.node.cluster;
      return [{ type: "license", license_id: license.license_id, state: licenseState }];
    }
    case "cluster_changed": {
      const { id, aliases } = peer.node.cluster;
      return [{ type: "cluster", cluster_id: id, cluster_id_aliases: [...aliases] }];
    }
    case "stopped":
      return [{ type: "closed", code: "STOPPED", error: "the agent stops: open the stream again in a moment" }];
    case "joined":
    case "join_failed":
    case "refused":
    case "equivocation":
    case "cloned":
    case "called":
    case "answered":
    case "call_failed":
      return [];
  }
}

const PEER_KINDS: ReadonlySet<string> = new Set(["peer", "admission", "revocation"]);

/** Of one other peer, or of all of them. */
function peerEvents(peer: LocalPeer, only?: PeerId): ClusterEvent[] {
  const views = only === undefined ? peer.node.peers.list() : [peer.node.peers.get(only)];
  return views.flatMap((view) =>
    view === undefined
      ? []
      : [{ type: "peer_state", peer_id: view.peerId, name: peer.nameOf(view.peerId), state: stateOfPeer(view) }],
  );
}

/** Of the services with these ids, or of all of them. */
function serviceEvents(peer: LocalPeer, only?: ReadonlySet<string>): ClusterEvent[] {
  const records = liveServices(peer).filter(({ id }) => only === undefined || only.has(id));
  return records.map((record) => {
    const { local_role, state, reason } = liveState(peer, record);
    const service_id = record.id as ServiceId;
    return { type: "service_state", service_id, local_role, state, ...(reason === undefined ? {} : { reason }) };
  });
}

/** A registry key is `kind|owner|id`. */
function droppedEvent(key: string): ClusterEvent[] {
  const [kind = "", owner, ...id] = key.split("|");
  return isId("peer", owner) ? [{ type: "record_dropped", kind, owner, id: id.join("|") }] : [];
}
