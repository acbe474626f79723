import {
  type Address,
  base64urlFromBytes,
  bytesFromBase64url,
  type ClientId,
  type ClusterId,
  type ClusterNode,
  type Crypto,
  createClusterNode,
  type Identity,
  type Input,
  isTombstone,
  type JsonObject,
  type License,
  type LicenseRoot,
  type LicenseState,
  type LiveRecord,
  type Millis,
  type Notice,
  type PeerBody,
  type PeerId,
  type Rejection,
  type SignedRecord,
} from "@arctic/core";
import type { DataplaneIdentity, ServiceObservation } from "@arctic/dataplane";
import type { Clock } from "../clock.ts";
import { Driver } from "../driver.ts";
import type { Log } from "../log.ts";
import { planFromRegistry } from "../network/plan-from-registry.ts";
import { type DataplaneLink, type DataplaneStatus, Reconciler } from "../network/reconciler.ts";
import type { Facts, Store, StoreError } from "../store/store.ts";
import type { Transport } from "../transport/transport.ts";
import { logNotice } from "./log-notice.ts";
import { jsonFromBody, updatedPeerBody } from "./own-record.ts";
import { Pending } from "./pending.ts";

export interface LocalPeerOptions {
  readonly identity: Identity;
  readonly facts: Facts;
  readonly license: License;
  readonly roots: readonly LicenseRoot[];
  readonly crypto: Crypto;
  readonly store: Store;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  readonly heartbeatEveryMs: number;
  readonly tlsFingerprint: string;
  readonly agentVersion: string;
  readonly apiPort: number;
  /** What to announce where the operator has set nothing. */
  readonly defaultAddresses: () => readonly string[];
  readonly connectDataplane: () => Promise<DataplaneLink>;
  /** Counts what core tells. */
  readonly meterNotice?: (notice: Notice) => void;
}

/** How a call to another peer ended. */
export type CallOutcome =
  | { readonly type: "answered"; readonly body: string }
  | { readonly type: "failed"; readonly wasSent: boolean };

/** What a peer tells: what core tells, that the data plane was looked at, and that the peer stops. */
export type PeerNotice = Notice | { readonly type: "services_observed" } | { readonly type: "stopped" };

export type JoinOutcome =
  | { readonly type: "joined"; readonly peer: PeerId }
  | { readonly type: "failed"; readonly rejection: Rejection | undefined };

const UPKEEP_EVERY_MS = 30_000;
/** How long a peer that knows others waits for one of them before it writes. */
const MERGE_FIRST_MS = 10_000;
const MERGE_POLL_MS = 50;
const JOIN_LIMIT_MS = 25_000;
const CALL_LIMIT_MS = 20_000;

/** A bootstrapped peer while it runs: its node, its own record, its data plane, and the calls between it and others. */
export class LocalPeer {
  readonly identity: Identity;
  readonly #options: LocalPeerOptions;
  readonly #driver: Driver;
  readonly #reconciler: Reconciler;
  readonly #joins: Pending<JoinOutcome>;
  readonly #calls: Pending<CallOutcome>;
  readonly #listeners = new Set<(notice: PeerNotice) => void>();
  #facts: Facts;
  #dataplane: DataplaneIdentity | undefined;
  #answerCall: ((from: PeerId, body: string) => Promise<string>) | undefined;
  readonly #startedAtMs: number;
  #mayWriteAtMs: number;
  #cancelUpkeep: (() => void) | undefined;

  constructor(options: LocalPeerOptions) {
    this.identity = options.identity;
    this.#options = options;
    this.#facts = options.facts;
    this.#joins = new Pending(options.clock);
    this.#calls = new Pending(options.clock);
    this.#driver = new Driver({
      self: options.identity.peerId,
      store: options.store,
      transport: options.transport,
      clock: options.clock,
      log: options.log,
      onNotice: (notice) => this.#onNotice(notice),
      createNode: (stored, startedAt) => createNode(options, stored, startedAt),
    });
    this.#reconciler = new Reconciler({
      connect: options.connectDataplane,
      plan: () => this.#plan(),
      clock: options.clock,
      log: options.log,
      onObserved: () => this.#tell({ type: "services_observed" }),
      onIdentity: (identity) => {
        this.#dataplane = identity;
        this.#keepUp();
      },
    });
    const knowsOthers = this.node.peers.list().some((peer) => peer.standing === "member");
    this.#startedAtMs = options.clock.elapsedMs();
    this.#mayWriteAtMs = options.clock.elapsedMs() + (knowsOthers ? MERGE_FIRST_MS : 0);
  }

  get node(): ClusterNode {
    return this.#driver.node;
  }

  get facts(): Facts {
    return this.#facts;
  }

  get storageError(): StoreError | undefined {
    return this.#driver.storageError;
  }

  get dataplane(): DataplaneStatus {
    return this.#reconciler.status;
  }

  get licenseState(): LicenseState {
    return this.node.cluster.licenseState;
  }

  get flowsAtMost(): number | undefined {
    return this.#reconciler.flowsAtMost;
  }

  observationOf(serviceId: string): ServiceObservation | undefined {
    return this.#reconciler.observationOf(serviceId);
  }

  start(): void {
    this.#driver.start();
    this.#reconciler.start();
    this.#cancelUpkeep = this.#options.clock.every(UPKEEP_EVERY_MS, () => this.#keepUp());
    this.#options.clock.after(Math.max(0, this.#mayWriteAtMs - this.#options.clock.elapsedMs()), () => this.#keepUp());
  }

  stop(): void {
    this.#tell({ type: "stopped" });
    this.#cancelUpkeep?.();
    this.#reconciler.stop();
    this.#driver.stop();
  }

  /**
   * Resolves once this peer writes: right after a start it hears first what others hold of its records, for ten
   * seconds at most.
   */
  async merged(): Promise<void> {
    const { clock } = this.#options;
    while (clock.now() < this.node.cluster.writesFrom && clock.elapsedMs() < this.#startedAtMs + 2 * MERGE_FIRST_MS)
      await new Promise<void>((resolve) => void clock.after(MERGE_POLL_MS, resolve));
  }

  /** Who answers the calls that members send over their links. */
  answerCalls(answer: (from: PeerId, body: string) => Promise<string>): void {
    this.#answerCall = answer;
  }

  /** Feeds an input of the operator's. The answer is the rejection, where there is one. Throws StoreError. */
  feed(input: Input): Rejection | undefined {
    return this.#driver.feed(input).rejection;
  }

  /** Writes a record of this peer's. Throws StoreError. */
  write(
    kind: string,
    id: string,
    body: JsonObject,
  ): { readonly record?: SignedRecord; readonly rejection?: Rejection } {
    return this.#driver.feed({ type: "write", kind, id, body });
  }

  /** Dials the address and waits until the peer there is linked or will not be. */
  async join(address: Address, hosts: readonly string[], expectKey: Uint8Array | undefined): Promise<JoinOutcome> {
    const outcome = this.#joins.wait(address, JOIN_LIMIT_MS, { type: "failed", rejection: undefined });
    const rejection = this.feed({ type: "join", address, hosts, ...(expectKey === undefined ? {} : { expectKey }) });
    if (rejection !== undefined) this.#joins.settle(address, { type: "failed", rejection });
    return outcome;
  }

  /** Sends a call to a member over its link and waits for the answer. */
  async call(peer: PeerId, body: string): Promise<CallOutcome> {
    const call = base64urlFromBytes(this.#options.crypto.randomBytes(16));
    const outcome = this.#calls.wait(call, CALL_LIMIT_MS, { type: "failed", wasSent: true });
    const rejection = this.feed({ type: "call", peer, call, body });
    if (rejection !== undefined) this.#calls.settle(call, { type: "failed", wasSent: false });
    return outcome;
  }

  /** The peer's own live record's body. */
  ownBody(): PeerBody | undefined {
    return this.peerRecord(this.identity.peerId)?.body as unknown as PeerBody | undefined;
  }

  peerRecord(peer: PeerId): LiveRecord | undefined {
    const record = this.node.registry.get("peer", peer, peer);
    return record === undefined || isTombstone(record) ? undefined : record;
  }

  /** What the peer's record says its name is; empty where there is none. */
  nameOf(peer: PeerId): string {
    return (this.peerRecord(peer)?.body as unknown as PeerBody | undefined)?.name ?? "";
  }

  /** Tells all that core tells, and of each look at the data plane, until the returned function is called. */
  subscribe(listener: (notice: PeerNotice) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Keeps which cluster this peer has made anew, and its shared client. Throws StoreError. */
  takeCluster(clusterId: ClusterId, clientId: ClientId): void {
    this.#keepFacts({ ...this.#facts, cluster_id: clusterId, client_id: clientId });
  }

  /** Opens the door for a first contact until then, to the one key where it is given. Throws StoreError. */
  reopen(until: Millis, acceptKey: string | undefined): Rejection | undefined {
    const key = acceptKey === undefined ? undefined : bytesFromBase64url(acceptKey);
    const { accept_key: _, ...rest } = this.#facts;
    this.#keepFacts({ ...rest, fresh_until: until, ...(acceptKey === undefined ? {} : { accept_key: acceptKey }) });
    return this.feed({ type: "reopen", until, ...(key === undefined ? {} : { acceptKey: key }) });
  }

  /** Sets what this peer announces; `undefined` goes back to what is configured or found. Throws StoreError. */
  announce(addresses: readonly string[] | undefined): void {
    const { announced_addresses: _, ...rest } = this.#facts;
    this.#keepFacts(addresses === undefined ? rest : { ...rest, announced_addresses: [...addresses] });
  }

  /** What the own record says of this host's addresses. */
  announcedAddresses(): readonly string[] {
    return this.#facts.announced_addresses ?? this.defaultAddresses();
  }

  /** What it announces where the operator has set nothing. */
  defaultAddresses(): readonly string[] {
    return this.#options.defaultAddresses();
  }

  #keepFacts(facts: Facts): void {
    this.#options.store.commit({ facts });
    this.#facts = facts;
  }

  /** What the host says of itself has changed: the own record follows. */
  hostChanged(): void {
    this.#keepUp();
  }

  #plan() {
    const { node } = this;
    return planFromRegistry({
      self: this.identity.peerId,
      services: node.registry.live("service"),
      peerRecord: (peer) => this.peerRecord(peer),
      peerView: (peer) => node.peers.get(peer),
      members: node.peers.list().filter((peer) => peer.standing === "member"),
      licenseState: this.licenseState,
      hasLeft: node.cluster.hasLeft,
      agentPort: this.#options.apiPort,
    });
  }

  /** Rewrites the own record where the host has changed, and only then. */
  #keepUp(): void {
    const { clock, log, tlsFingerprint, agentVersion } = this.#options;
    const { isCloned, hasLeft } = this.node.cluster;
    const current = this.ownBody();
    if (clock.elapsedMs() < this.#mayWriteAtMs || isCloned || hasLeft || current === undefined) return;
    const next = updatedPeerBody(current, {
      addresses: this.announcedAddresses(),
      tlsFingerprint,
      agentVersion,
      dataplane: this.#dataplane,
    });
    if (next === undefined || this.storageError !== undefined) return;
    try {
      const { rejection } = this.write("peer", this.identity.peerId, jsonFromBody(next));
      if (rejection !== undefined) log.warn("peer.record_refused", { reason: rejection.message });
    } catch (error) {
      log.warn("peer.record_not_stored", { reason: String(error) });
    }
  }

  #tell(notice: PeerNotice): void {
    for (const listener of [...this.#listeners]) listener(notice);
  }

  #onNotice(notice: Notice): void {
    logNotice(this.#options.log, notice);
    this.#options.meterNotice?.(notice);
    this.#tell(notice);
    switch (notice.type) {
      case "joined":
        this.#joins.settle(notice.address, { type: "joined", peer: notice.peer });
        return;
      case "join_failed":
        this.#joins.settle(notice.address, { type: "failed", rejection: notice.rejection });
        return;
      case "answered":
        this.#calls.settle(notice.call, { type: "answered", body: notice.body });
        return;
      case "call_failed":
        this.#calls.settle(notice.call, { type: "failed", wasSent: notice.wasSent });
        return;
      case "called":
        void this.#answer(notice.peer, notice.call, notice.body);
        return;
      case "peer_linked":
        this.#mayWriteAtMs = Math.min(this.#mayWriteAtMs, this.#options.clock.elapsedMs() + 1_000);
        this.#reconciler.changed();
        return;
      case "applied":
      case "peer_unlinked":
      case "peer_ended":
      case "license_changed":
        this.#reconciler.changed();
        return;
      case "peer_unreachable":
      case "refused":
      case "equivocation":
      case "cluster_changed":
      case "cloned":
        return;
    }
  }

  async #answer(peer: PeerId, call: string, body: string): Promise<void> {
    const { log } = this.#options;
    try {
      const answer = await this.#answerCall?.(peer, body);
      if (answer !== undefined) this.feed({ type: "answer", peer, call, body: answer });
    } catch (error) {
      log.error("relay.answer_failed", { peer_id: peer, reason: String(error) });
    }
  }
}

type Stored = Parameters<ConstructorParameters<typeof Driver>[0]["createNode"]>[0];

function createNode(options: LocalPeerOptions, stored: Stored, startedAt: number): ClusterNode {
  const { facts, crypto } = options;
  const acceptKey = facts.accept_key === undefined ? undefined : bytesFromBase64url(facts.accept_key);
  return createClusterNode({
    crypto,
    identity: options.identity,
    roots: options.roots,
    license: stored.license ?? options.license,
    bootId: base64urlFromBytes(crypto.randomBytes(16)),
    stored,
    heartbeatEveryMs: options.heartbeatEveryMs,
    fresh: { until: facts.fresh_until, ...(acceptKey === undefined ? {} : { acceptKey }) },
    startedAt,
  });
}
