import type { Message, MessageOf } from "../gossip/message.ts";
import type { PeerId } from "../identity/id.ts";
import { DIGEST_GROUPS } from "../registry/kind.ts";
import { type Rejection, rejectionOf } from "../rejection.ts";
import { MINUTE_MS, type Millis } from "../time.ts";
import { Calls } from "./calls.ts";
import { clockStep } from "./clock-step.ts";
import { Clones } from "./clones.ts";
import type { ClusterNode, NodeOptions, Step } from "./cluster-node.ts";
import { Connectivity } from "./connectivity.ts";
import { Dialing, dialRejection } from "./dialing.ts";
import { invite } from "./door.ts";
import { Gossip } from "./gossip.ts";
import type { Input, LinkId } from "./input.ts";
import { Intake } from "./intake.ts";
import { Licensing } from "./licensing.ts";
import { type Link, type LiveLink, shiftLink, type Welcome } from "./link.ts";
import { Links } from "./links.ts";
import { Liveness } from "./liveness.ts";
import { Neighbourhood } from "./neighbourhood.ts";
import { rejected, written } from "./outcome.ts";
import { OwnRecords } from "./own-records.ts";
import { Pacing } from "./pacing.ts";
import { Reception } from "./reception.ts";
import { Repair } from "./repair.ts";
import { Secrets } from "./secrets.ts";
import { Settling } from "./settling.ts";
import { NodeState } from "./state.ts";
import type { ClusterView, PeersView, RegistryView } from "./view.ts";
import { clusterView, peersView, registryView } from "./views.ts";
import { Vouching } from "./vouching.ts";

type InputOf<T extends Input["type"]> = Extract<Input, { type: T }>;

/** Feeds each input to the room that it belongs to, settles what follows from it, and hands the effects back. */
export class Node implements ClusterNode {
  readonly registry: RegistryView;
  readonly peers: PeersView;
  readonly cluster: ClusterView;
  readonly #state: NodeState;
  readonly #intake: Intake;
  readonly #own: OwnRecords;
  readonly #links: Links;
  readonly #dialing: Dialing;
  readonly #gossip: Gossip;
  readonly #reception: Reception;
  readonly #repair: Repair;
  readonly #vouching: Vouching;
  readonly #clones: Clones;
  readonly #licensing: Licensing;
  readonly #liveness: Liveness;
  readonly #connectivity: Connectivity;
  readonly #neighbourhood: Neighbourhood;
  readonly #calls: Calls;
  readonly #settling: Settling;
  #maintainAt: Millis;
  /** Asked for at least twice an input, and the same until the next. */
  #wakeAt: Millis | undefined;

  constructor(options: NodeOptions) {
    this.#state = new NodeState(options);
    this.#intake = new Intake(this.#state);
    this.#own = new OwnRecords(this.#state, this.#intake);
    this.#neighbourhood = new Neighbourhood(this.#state);
    this.#connectivity = new Connectivity(this.#state, {
      onDoubt: (peer, now) => this.#liveness.probe(peer, now),
      onAffirmed: (peer, now) => this.#dialing.affirmed(peer, now),
      onChange: (peer, isDown, now) => this.#reachabilityChanged(peer, isDown, now),
    });
    this.peers = peersView(this.#state, this.#connectivity);
    this.#dialing = new Dialing(this.#state, this.#neighbourhood, (...failed) => this.#dialFailedTo(...failed));
    const pacing = new Pacing(this.#state);
    this.#gossip = new Gossip(this.#state, this.#connectivity, pacing);
    this.#licensing = new Licensing(this.#state);
    this.#vouching = new Vouching(this.#state);
    this.#clones = new Clones(this.#state);
    this.#repair = new Repair(this.#state, pacing);
    this.#calls = new Calls(this.#state);
    this.#links = new Links(this.#state, {
      onLive: (link, live, welcome, now) => this.#becameLive(link, live, welcome, now),
      onHandshakeFailed: (origin, rejection, now) => this.#dialing.failed(origin.dial, rejection, now),
      onUnlinked: (link, live, now) => this.#unlinked(link, live, now),
    });
    this.#reception = new Reception(this.#state, this.#intake, this.#own, this.#connectivity, this.#links);
    this.#liveness = new Liveness(this.#state, this.#links, this.#connectivity, this.#neighbourhood, pacing);
    const secrets = new Secrets(this.#state);
    this.#settling = new Settling(this.#state, this.#own, this.#links, this.#gossip, this.#dialing, secrets);
    this.#maintainAt = options.startedAt;
    this.registry = registryView(this.#state);
    this.cluster = clusterView(this.#state, this.#own, secrets, () => this.#state.now);
  }

  get wakeAt(): Millis {
    this.#wakeAt ??= this.#nextWakeAt();
    return this.#wakeAt;
  }

  #nextWakeAt(): Millis {
    if (!this.#state.isTakingPart()) return this.#maintainAt;
    let at = Math.min(this.#maintainAt, this.#dialing.wakeAt, this.#liveness.wakeAt, this.#licensing.wakeAt);
    at = Math.min(at, this.#gossip.wakeAt, this.#links.wakeAt, this.#vouching.wakeAt, this.#connectivity.wakeAt);
    return Math.ceil(at);
  }

  handle(input: Input, now: Millis): Step {
    this.#followClock(now);
    this.#wakeAt = undefined;
    this.#state.now = now;
    const outcome = this.#perform(input, now);
    this.#settling.settle(now);
    return { effects: this.#state.outbox.take(), ...outcome };
  }

  /**
   * A clock that was set, or a host that slept: what was waited for is waited for as long as before, by the clock as it
   * is, so that nothing ends at once and nothing stands still.
   */
  #followClock(now: Millis): void {
    const byMs = clockStep(this.#state.now, this.wakeAt, now);
    if (byMs === 0) return;
    for (const link of this.#state.links.values()) shiftLink(link, byMs);
    const rooms = [this.#gossip, this.#dialing, this.#connectivity, this.#licensing, this.#vouching];
    for (const room of rooms) room.shift(byMs);
    if (this.#state.writesFrom > 0) this.#state.writesFrom += byMs;
    // What was written by the wrong clock, and what it let in, is looked at by the right one.
    this.#maintainAt = now;
  }

  #perform(input: Input, now: Millis): Omit<Step, "effects"> {
    switch (input.type) {
      case "opened":
        return rejected(this.#open(input, now));
      case "dial_failed":
        return this.#dialFailed(input, now);
      case "received":
        return rejected(this.#receive(input.link, input.text, now));
      case "closed":
        this.#links.closed(input.link, now);
        return {};
      case "write":
        return written(this.#own.write(input.kind, input.id, input.body, now));
      case "delete":
        return written(this.#own.delete(input.kind, input.id, now));
      case "join":
        return rejected(this.#join(input, now));
      case "reopen":
        this.#state.openDoor(input);
        return {};
      case "found":
        return written(this.#own.found(input.clusterId, now));
      case "call":
        return rejected(this.#call(input, now));
      case "answer":
        return rejected(this.#calls.answer(input.peer, input.call, input.body));
      case "license":
        return rejected(this.#takeOperatorsLicense(input, now));
      case "leave":
        return this.#leave(now);
      case "sync":
        this.#dialing.changedAll(now);
        this.#beatAll(now);
        return {};
      case "wake":
        this.#wake(now);
        return {};
    }
  }

  #open(input: InputOf<"opened">, now: Millis): Rejection | undefined {
    if (input.direction === "in") {
      const origin = {
        direction: "in" as const,
        remoteHost: input.remoteHost,
        ...(input.voucher === undefined ? {} : { voucher: input.voucher }),
      };
      return this.#links.opened(input.link, origin, input.binding, now);
    }
    const dial = this.#dialing.redeem(input.dial);
    if (dial !== undefined) return this.#links.opened(input.link, { direction: "out", dial }, input.binding, now);
    const rejection = rejectionOf("message_unexpected", "nobody asked for this connection");
    this.#state.outbox.close(input.link, rejection);
    return rejection;
  }

  #dialFailed(input: InputOf<"dial_failed">, now: Millis): Omit<Step, "effects"> {
    const dial = this.#dialing.redeem(input.dial);
    if (dial !== undefined) this.#dialing.failed(dial, dialRejection(input.reason), now);
    return {};
  }

  #join(input: InputOf<"join">, now: Millis): Rejection | undefined {
    const refused = invite(this.#state, input, now);
    if (refused === undefined) this.#dialing.join(input.address, input.expectKey, now);
    return refused;
  }

  #takeOperatorsLicense(input: InputOf<"license">, now: Millis): Rejection | undefined {
    const rejection = this.#licensing.put(input.document, now);
    if (rejection === undefined) this.#beatAll(now);
    return rejection;
  }

  #beatAll(now: Millis): void {
    for (const { id, live } of this.#state.liveLinks())
      if (this.#state.isMember(live.peer)) this.#gossip.heartbeat(id, live, [], now);
  }

  #call({ peer, call, body }: InputOf<"call">, now: Millis): Rejection | undefined {
    const outcome = this.#calls.call(peer, call, body);
    if (outcome === "dial") this.#dialing.want(peer, now);
    return typeof outcome === "string" ? undefined : outcome;
  }

  #dialFailedTo(peer: PeerId, isTold: boolean, now: Millis): void {
    this.#calls.unreachable(peer);
    // Only who keeps a link with it says that it is gone; who merely looked says nothing.
    const isKept = this.#neighbourhood.at(now).targets.has(peer);
    if (isTold && isKept) this.#connectivity.lost(peer, this.#state.book.get(peer)?.lastSeenAt ?? now, now);
  }

  /** Enough members say that a peer is gone, or it is back. */
  #reachabilityChanged(peer: PeerId, isDown: boolean, now: Millis): void {
    this.#neighbourhood.forget();
    if (!isDown) this.#dialing.changed(peer, now);
    const reportedBy = this.#connectivity.deniersOf(peer);
    this.#state.outbox.notify({ type: "peer_reachability", peer, isReachable: !isDown, reportedBy });
  }

  #leave(now: Millis): Omit<Step, "effects"> {
    const deleted = this.#own.delete("peer", this.#state.self, now);
    if (deleted.ok) this.#state.setFlags({ hasLeft: true });
    return written(deleted);
  }

  #receive(id: LinkId, text: string, now: Millis): Rejection | undefined {
    const link = this.#state.links.get(id);
    if (link === undefined) return rejectionOf("message_unexpected", "the link is not open");
    const { decoded, shown } = this.#state.ahead.hear(text);
    if (!decoded.ok) {
      this.#links.end(link, decoded.rejection, now);
      return decoded.rejection;
    }
    if (link.phase.type !== "live") return this.#links.received(link, decoded.value, now);
    this.#gossip.heardHeld(id, shown);
    return this.#hear(link, link.phase.live, decoded.value, now);
  }

  /** A message on a live link. A peer that is not a member yet may show why it is one, and learns nothing. */
  #hear(link: Link, live: LiveLink, message: Message, now: Millis): Rejection | undefined {
    if (message.type !== "heartbeat") live.heardAt = now;
    if (live.superseded !== undefined) this.#clones.heardOnOlder(link, live, now);
    switch (message.type) {
      case "heartbeat":
        if (!this.#gossip.takeHeartbeat(live, message, now))
          return rejectionOf("record_held", "the heartbeat was seen before");
        live.heardAt = now;
        this.#licensing.pull(link.id, live.peer, message, now);
        this.#reception.take(link, live, message.records, now);
        if (this.#state.isMember(live.peer)) this.#hearMembersHashes(link, live, message, now);
        return undefined;
      case "push":
        this.#reception.take(link, live, message.records, now);
        return undefined;
      case "ping":
        this.#liveness.takePing(link.id, live, message);
        return undefined;
      case "pong":
        this.#liveness.takePong(link.id, live, message, now);
        return undefined;
      case "hello":
      case "welcome":
      case "proof":
      case "refusal":
        return this.#violate(link, message, now);
      default:
        return this.#state.isMember(live.peer) ? this.#hearMember(link, live, message, now) : undefined;
    }
  }

  #hearMembersHashes(link: Link, live: LiveLink, message: MessageOf<"heartbeat">, now: Millis): void {
    const own = this.#state.registry.hashes;
    this.#state.mergedWith(
      DIGEST_GROUPS.every((group) => own[group] === message.hashes[group]),
      now,
    );
    this.#repair.afterHeartbeat(link.id, live, message, now);
  }

  #hearMember(link: Link, live: LiveLink, message: Message, now: Millis): Rejection | undefined {
    switch (message.type) {
      case "offer":
        this.#gossip.takeOffer(link.id, message);
        return undefined;
      case "want":
        if (message.keys !== undefined) this.#gossip.takeWant(link.id, message.keys);
        if (message.group !== undefined && message.elements !== undefined)
          this.#repair.takeWantedElements(link.id, message.group, message.elements);
        return undefined;
      case "sketch":
        this.#repair.takeSketch(link.id, live, message, now);
        return undefined;
      case "buckets":
        this.#repair.takeBuckets(link.id, live, message, now);
        return undefined;
      case "license_wanted":
        this.#licensing.answer(link.id, message.hash);
        return undefined;
      case "license":
        if (this.#licensing.take(message.document, now)) this.#beatAll(now);
        return undefined;
      case "voucher":
        this.#vouching.take(live, message.voucher, now);
        return undefined;
      case "voucher_wanted":
        this.#vouching.takeWanted(link.id, live, now);
        return undefined;
      case "duplicate":
        this.#clones.takeDuplicate(live.peer, message);
        return undefined;
      case "call":
        this.#calls.takeCall(live, message.call, message.body);
        return undefined;
      case "answer":
        this.#calls.takeAnswer(live, message.call, message.body);
        return undefined;
      default:
        return this.#violate(link, message, now);
    }
  }

  #violate(link: Link, message: Message, now: Millis): Rejection {
    const rejection = rejectionOf("message_unexpected", message.type);
    this.#links.end(link, rejection, now);
    return rejection;
  }

  #becameLive(link: Link, live: LiveLink, welcome: Welcome, now: Millis): void {
    const { peer } = live;
    const { origin } = link;
    const before = this.#state.book.get(peer);
    const proven = origin.direction === "out" ? [origin.dial.address] : [];
    const entry = {
      peer,
      provenAddresses: [...new Set([...proven, ...(before?.provenAddresses ?? [])])].slice(0, 4),
      reachability: "connected" as const,
      lastHandshakeAt: now,
      lastSeenAt: now,
    };
    // Whom a voucher let in is entered once it is a member: a member may vouch for as many as it likes.
    if (welcome !== "voucher") this.#state.enterInBook(entry);
    this.#dialing.linked(peer, origin.direction === "out" ? origin.dial : undefined);
    // The invitation that this add left for the other side's own dial is used up by it.
    if (origin.direction === "out")
      this.#state.invitations = this.#state.invitations.filter(({ address }) => address !== origin.dial.address);
    const isFirstContact = welcome === "first_contact";
    const isAdmittedByIt = this.#state.registry.get("admission", peer, this.#state.self) !== undefined;
    if (isFirstContact || (welcome === "member" && isAdmittedByIt)) this.#own.admit(peer, now);
    this.#state.outbox.notify({
      type: "peer_linked",
      peer,
      link: link.id,
      direction: origin.direction,
      isFirstContact,
    });
    if (!this.#state.isMember(peer)) return;
    this.#connectivity.reached(peer, now);
    this.#calls.linked(peer);
    if (isFirstContact) this.#vouching.give(link.id, live, now);
    const isVouched = origin.direction === "out" && this.#state.flags.voucher !== undefined;
    const isStranger = isVouched && before?.lastHandshakeAt === undefined;
    this.#gossip.greet(link.id, live, isFirstContact ? "all" : isStranger ? "introduction" : "nothing", now);
  }

  #unlinked(link: Link, live: LiveLink, now: Millis): void {
    this.#calls.linkLost(live);
    this.#dialing.unlinked(live.peer, now - link.openedAt, now);
    this.#connectivity.judge(live.peer, now);
    const entry = this.#state.book.get(live.peer);
    if (entry === undefined || this.#state.linkByPeer.has(live.peer)) return;
    this.#state.enterInBook({ ...entry, reachability: "idle", lastSeenAt: live.heardAt });
  }

  #wake(now: Millis): void {
    this.#links.expire(now);
    this.#licensing.wake(now);
    this.#vouching.wake(now);
    this.#liveness.wake(now);
    this.#connectivity.wake(now);
    this.#gossip.wake(now);
    if (now < this.#maintainAt) return;
    this.#own.prune(now);
    if (now < this.#state.writesFrom) this.#maintainAt = this.#state.writesFrom;
    else this.#maintainAt = Math.min(now + 60 * MINUTE_MS, Math.max(now + MINUTE_MS, this.#own.renew(now)));
  }
}
