import type { PeerId } from "../identity/id.ts";
import { recordKey, type SignedRecord } from "../registry/record.ts";
import type { Millis } from "../time.ts";
import type { Connectivity } from "./connectivity.ts";
import { freshUntil } from "./door.ts";
import type { OwnRecords } from "./own-records.ts";
import type { Secrets } from "./secrets.ts";
import type { NodeState } from "./state.ts";
import type { ClusterView, PeersView, PeerView, RegistryView } from "./view.ts";

export function registryView(state: NodeState): RegistryView {
  const { registry } = state;
  return {
    get size() {
      return registry.size;
    },
    get hashes() {
      return registry.hashes;
    },
    get: (kind, owner, id) => {
      const held = registry.held(recordKey({ kind, owner, id }));
      return held !== undefined && registry.isUnderstood(held) ? held.record : undefined;
    },
    live: (kind) => registry.live(kind),
    all: () => recordsOf(state),
    signaturesIn: (text) => state.ahead.signaturesIn(text),
  };
}

export function peersView(state: NodeState, connectivity: Connectivity): PeersView {
  const known = () =>
    [...new Set([...Array.from(state.membership.admitted(), ([peer]) => peer), ...state.linkByPeer.keys()])].filter(
      (peer) => peer !== state.self,
    );
  return {
    list: () =>
      known()
        .sort()
        .map((peer) => peerView(state, connectivity, peer)),
    get: (peer) => (isKnown(state, peer) ? peerView(state, connectivity, peer) : undefined),
    isMember: (peer) => state.isMember(peer),
    hashes: () =>
      state.liveLinks().flatMap(({ live: { peer, hashes } }) => (hashes === undefined ? [] : [[peer, hashes]])),
  };
}

/** `now` is the clock of the last input. */
export function clusterView(state: NodeState, own: OwnRecords, secrets: Secrets, now: () => Millis): ClusterView {
  return {
    get id() {
      return elected(own, now()).id;
    },
    get mintedBy() {
      return elected(own, now()).mintedBy;
    },
    get aliases() {
      return own.aliases(now());
    },
    get license() {
      return state.license;
    },
    get licenseState() {
      return state.licenseProgress.state;
    },
    get freshUntil() {
      return freshUntil(state, now());
    },
    get isCloned() {
      return state.flags.isCloned === true;
    },
    get writesFrom() {
      return state.writesFrom;
    },
    get equivocations() {
      return { count: state.equivocations, evidence: [...state.evidenceByKey.values()] };
    },
    get otherLicenseHashes() {
      const named = state.liveLinks().flatMap(({ live }) => live.licenseHash ?? []);
      return [...new Set(named)].filter((hash) => hash !== state.licenseHash).sort();
    },
    acceptedSecrets: (client) => secrets.accepted(client, own.electedCluster(now())?.id, now()),
    get hasLeft() {
      return !state.isTakingPart();
    },
  };
}

function isKnown(state: NodeState, peer: PeerId): boolean {
  return peer !== state.self && (state.membership.isAdmitted(peer) || state.linkByPeer.has(peer));
}

function elected(own: OwnRecords, now: Millis) {
  const claim = own.electedCluster(now) ?? own.ownClaim();
  if (claim === undefined) throw new Error("this peer has no record of its own yet: write its peer record first");
  return claim;
}

function peerView(state: NodeState, connectivity: Connectivity, peer: PeerId): PeerView {
  const link = state.linkByPeer.get(peer);
  const live = link === undefined ? undefined : state.live(link);
  const entry = state.book.get(peer);
  const standing = state.standingOf(peer);
  const isGone = entry?.reachability === "unreachable" || state.downPeers.has(peer);
  return {
    peerId: peer,
    publicKey: state.keyByPeer.get(peer),
    standing: standing ?? "vouched",
    reachability: live === undefined ? (isGone ? "unreachable" : "idle") : "connected",
    link,
    rttMs: live?.rttMs,
    lastSeenAt: live?.heardAt ?? entry?.lastSeenAt,
    lastHandshakeAt: entry?.lastHandshakeAt,
    skewMs: live?.skewMs,
    hashes: live?.hashes,
    introducedBy: state.introducerOf(peer),
    ...connectivity.saidOf(peer),
    provenAddresses: entry?.provenAddresses ?? [],
  };
}

function* recordsOf(state: NodeState): Iterable<SignedRecord> {
  for (const held of state.registry.all()) yield held.record;
}
