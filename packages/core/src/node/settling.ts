import { groupBy } from "../group-by.ts";
import type { PeerId } from "../identity/id.ts";
import { isLasting } from "../registry/horizon.ts";
import { rejectionOf } from "../rejection.ts";
import type { Millis } from "../time.ts";
import type { Dialing } from "./dialing.ts";
import type { Gossip } from "./gossip.ts";
import type { Links } from "./links.ts";
import type { OwnRecords } from "./own-records.ts";
import type { Secrets } from "./secrets.ts";
import { type Applied, type NodeState, touchesTrust } from "./state.ts";

/** What follows from records that became current: who is trusted, which cluster id holds, who must hear of it, whom to dial. */
export class Settling {
  readonly #state: NodeState;
  readonly #own: OwnRecords;
  readonly #links: Links;
  readonly #gossip: Gossip;
  readonly #dialing: Dialing;
  readonly #secrets: Secrets;
  readonly #ended: Set<PeerId>;

  constructor(state: NodeState, own: OwnRecords, links: Links, gossip: Gossip, dialing: Dialing, secrets: Secrets) {
    this.#state = state;
    this.#own = own;
    this.#links = links;
    this.#gossip = gossip;
    this.#dialing = dialing;
    this.#secrets = secrets;
    this.#ended = new Set(
      [...state.membership.admitted()].flatMap(([peer, standing]) => (standing === "member" ? [] : [peer])),
    );
  }

  settle(now: Millis): void {
    const batch: Applied[] = [];
    // Adopting a cluster id writes a record, which settles in its turn; two rounds are the most that can follow.
    while (this.#state.applied.length > 0) {
      const { applied } = this.#state;
      this.#state.applied = [];
      batch.push(...applied);
      if (applied.some(({ record }) => record.kind === "peer" || touchesTrust(record))) this.#own.adoptClusterId(now);
    }
    if (batch.length > 0) {
      this.#welcomeNewMembers(batch, now);
      this.#secrets.changed(
        batch.map(({ record }) => record),
        now,
      );
      if (batch.some(({ record }) => record.kind === "peer" || record.kind === "credential" || touchesTrust(record)))
        this.#secrets.outlived(this.#own.electedCluster(now)?.id, this.#own.aliases(now), now);
      this.#gossip.forward(batch, now);
      if (batch.some(({ record }) => touchesTrust(record))) this.#endPeers(now);
      for (const { record } of batch) this.#dialing.changed(record.owner, now);
    }
    if (batch.length > 0 || this.#state.dropped.length > 0) this.#notify(batch);
    if (!this.#state.isTakingPart()) {
      for (const link of [...this.#state.links.values()]) this.#links.end(link, rejectionOf("peer_left"), now);
    }
    this.#dialing.plan(now);
  }

  /** A vouched peer whose admission has come now hears what it did not hear at its link's beginning. */
  #welcomeNewMembers(batch: readonly Applied[], now: Millis): void {
    const admitted = new Set(batch.flatMap(({ record }) => (record.kind === "admission" ? [record.id] : [])));
    if (admitted.size === 0) return;
    for (const { id, live } of this.#state.liveLinks()) {
      const isNew = admitted.has(live.peer) && this.#state.isMember(live.peer) && live.heartbeatsSent === 0;
      if (!isNew) continue;
      const met = { lastHandshakeAt: now, lastSeenAt: now };
      this.#state.enterInBook({ peer: live.peer, provenAddresses: [], reachability: "connected", ...met });
      this.#gossip.greet(id, live, "all", now);
    }
  }

  #endPeers(now: Millis): void {
    for (const [peer, standing] of this.#state.membership.admitted()) {
      if (standing === "member" || this.#ended.has(peer)) continue;
      this.#ended.add(peer);
      this.#state.outbox.notify({ type: "peer_ended", peer, how: standing });
    }
    for (const link of [...this.#state.links.values()]) {
      if (link.phase.type !== "live") continue;
      const standing = this.#state.standingOf(link.phase.live.peer);
      const voucher = link.origin.direction === "in" ? link.origin.voucher : undefined;
      if (standing === undefined && voucher !== undefined && !this.#state.isMember(voucher.signer))
        this.#links.end(link, rejectionOf("peer_not_accepted", "who vouched for it is no member any more"), now);
      if (standing === "left" || standing === "revoked")
        this.#links.end(link, rejectionOf("peer_ended", standing), now);
    }
    for (const owner of [...this.#state.registry.owners()])
      if (!this.#state.isMember(owner)) this.#dropRecordsOf(owner);
  }

  #dropRecordsOf(owner: PeerId): void {
    for (const held of this.#state.registry.ofOwner(owner)) {
      if (isLasting(this.#state.kinds.get(held.record.kind), held.record)) continue;
      this.#state.registry.drop(held.key);
      this.#state.outbox.drop(held.key);
      this.#state.dropped.push(held.key);
    }
  }

  #notify(batch: readonly Applied[]): void {
    for (const [from, applied] of groupBy(batch, (item) => item.from)) {
      const peer = from === undefined ? undefined : this.#state.live(from)?.peer;
      this.#state.outbox.notify({
        type: "applied",
        records: applied.map(({ record }) => record),
        dropped: [],
        ...(peer === undefined ? {} : { from: peer }),
      });
    }
    const { dropped } = this.#state;
    if (dropped.length === 0) return;
    this.#state.dropped = [];
    this.#state.outbox.notify({ type: "applied", records: [], dropped });
  }
}
