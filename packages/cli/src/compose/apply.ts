import { ApiError, ConnectionError, createClient, type Peer, type Service } from "@arctic/agent/client";
import type { License } from "@arctic/core";
import { withPeers } from "../config/config.ts";
import { EXIT, Failure } from "../failure.ts";
import { bootstrapHost } from "../session/bootstrap.ts";
import { failureFromClient } from "../session/client-failure.ts";
import { knownPeerFrom } from "../session/remember.ts";
import { type Access, addressOf, type Hub, isEnded } from "./observe.ts";
import { composePlan, type ObservedPeer, type Step, serviceBody, serviceChange } from "./plan.ts";
import type { Prepared } from "./prepare.ts";
import { stepText } from "./step-text.ts";
import { Views } from "./views.ts";
import { askedOf, waitUntil } from "./wait.ts";

export interface ApplyOptions {
  readonly access: Access;
  /** Needed where a peer is to be bootstrapped. */
  readonly license: License | undefined;
  readonly isPruning: boolean;
  readonly isIgnoringUnreachable: boolean;
  /** One line for a person. */
  readonly report: (line: string) => void;
  /** What is being done, until the next line: for a terminal. */
  readonly begin: (text: string) => void;
}

export interface Applied {
  readonly clusterId: string | undefined;
  readonly done: readonly Step[];
  /** With `isIgnoringUnreachable`: what was left out, and why. */
  readonly failed: readonly { readonly text: string; readonly reason: string }[];
}

const SETTLE_LIMIT_MS = 60_000;

/** Does the plan, step by step. Interrupted at any point, the same call made anew goes on from there. */
export async function applyPlan(prepared: Prepared, options: ApplyOptions): Promise<Applied> {
  const run = new Run(prepared, options);
  try {
    return await run.all();
  } finally {
    run.close();
  }
}

class Run {
  readonly #prepared: Prepared;
  readonly #options: ApplyOptions;
  readonly #idByName = new Map<string, Peer["id"]>();
  readonly #keyByName = new Map<string, string>();
  readonly #ownClusterByName = new Map<string, string>();
  readonly #done: Step[] = [];
  readonly #failed: { text: string; reason: string }[] = [];
  #hub: Hub | undefined;
  #views: Views | undefined;

  constructor(prepared: Prepared, options: ApplyOptions) {
    this.#prepared = prepared;
    this.#options = options;
    this.#hub = prepared.hub;
    for (const [name, peer] of prepared.observed.peerByName) {
      if (peer.type === "member") this.#idByName.set(name, peer.peer.id);
    }
    for (const [name, probe] of prepared.probes) {
      if (probe.type === "peer") this.#keyByName.set(name, probe.identity.public_key);
    }
  }

  async all(): Promise<Applied> {
    const { steps, unreachable } = this.#prepared.plan;
    for (const { peer, reason } of unreachable) this.#failed.push({ text: `peer ${peer}`, reason });
    const joins = steps.filter((step) => step.type === "bootstrap" || step.type === "add");
    const rest = steps.filter((step) => step.type !== "bootstrap" && step.type !== "add");
    for (const step of joins) await this.#attempt(step);
    if (joins.length > 0) await this.#wait("every peer knows every other", () => this.#unacquainted());
    for (const step of rest) await this.#attempt(step);
    if (rest.length > 0) await this.#wait("every peer holds the new state", () => this.#unsettled());
    await this.#keepPeers();
    return { clusterId: this.#hub?.cluster?.cluster_id, done: this.#done, failed: this.#failed };
  }

  close(): void {
    this.#views?.close();
    this.#hub?.client.close();
  }

  async #attempt(step: Step): Promise<void> {
    const startedAt = Date.now();
    const text = stepText(step);
    this.#options.begin(text);
    try {
      await this.#do(step);
    } catch (error) {
      if (!this.#options.isIgnoringUnreachable || !isReachability(error)) {
        this.#options.report(`  ✗  ${text}`);
        throw failureFromClient(error);
      }
      this.#failed.push({ text, reason: error.message });
      this.#options.report(`  ✗  ${text}: ${error.message}`);
      return;
    }
    this.#done.push(step);
    this.#options.report(`  ✓  ${text} (${secondsText(Date.now() - startedAt)})`);
  }

  async #do(step: Step): Promise<void> {
    switch (step.type) {
      case "bootstrap":
        return this.#bootstrap(step);
      case "add":
        return this.#add(step);
      case "update_peer":
        await this.#lead().client.updatePeer(this.#idOf(step.peer), step.change);
        return;
      case "create_service": {
        const { service } = step;
        const ids = { source: this.#idOf(service.source_peer), target: this.#idOf(service.target_peer) };
        const client = await this.#clientOf(service.source_peer);
        await client.createService(serviceBody(service, ids));
        return;
      }
      case "update_service": {
        const client = await this.#clientOf(step.service.source_peer);
        await client.updateService(step.id, serviceChange(step.service, this.#idOf(step.service.target_peer)));
        return;
      }
      case "delete_service":
        await this.#lead().client.deleteService(step.id);
        return;
    }
  }

  async #bootstrap(step: Extract<Step, { type: "bootstrap" }>): Promise<void> {
    const { access, license, report } = this.#options;
    if (license === undefined) throw new Error("a bootstrap was planned without a license");
    const probe = this.#prepared.probes.get(step.peer);
    const shown = probe?.type === "blank" ? probe.fingerprint : undefined;
    if (shown !== undefined && access.trust === undefined) {
      report(`     ${step.peer} shows the certificate SHA-256 ${shown}: trusted from now on`);
    }
    const { reply, cluster } = await bootstrapHost({
      url: `https://${step.address}`,
      body: {
        license,
        name: step.peer,
        addresses: [step.address],
        ...(step.role === "joiner" ? { accept_key: this.#lead().publicKey } : {}),
      },
      trust: access.trust ?? (shown === undefined ? undefined : { type: "fingerprints", sha256: [shown] }),
      auth: access.given?.type === "recovery" ? access.given : { type: "none" },
      timeoutMs: access.timeoutMs,
    });
    const leading = this.#hub?.cluster?.cluster_id;
    // Before anything else: the secret is in no other place.
    if (step.role === "founder") access.store.save(cluster, "make_current");
    else access.store.save({ ...cluster, joining: leading ?? "unknown" }, "leave_current");
    this.#keyByName.set(step.peer, reply.peer_public_key);
    if (step.role === "joiner") {
      this.#ownClusterByName.set(step.peer, reply.cluster_id);
      return;
    }
    this.#idByName.set(step.peer, reply.peer_id);
    const auth = { type: "credentials", clientId: reply.client_id, clientSecret: reply.client_secret } as const;
    const trust = access.trust ?? { type: "fingerprints", sha256: [reply.tls_fingerprint] };
    this.#hub = {
      name: step.peer,
      publicKey: reply.peer_public_key,
      peerId: reply.peer_id,
      client: createClient({ endpoints: [step.address], trust, auth, timeoutMs: access.timeoutMs }),
      auth,
      cluster,
    };
  }

  async #add({ peer: name, address }: Extract<Step, { type: "add" }>): Promise<void> {
    const { client } = this.#lead();
    const key = this.#keyByName.get(name);
    const added = await client.addPeer({ address, name, ...(key === undefined ? {} : { expect_key: key }) });
    this.#idByName.set(name, added.id);
    await waitUntil(`the link to ${name}`, SETTLE_LIMIT_MS, async () => {
      const peer = await client.getPeer(added.id);
      return peer.state === "connected" || peer.state === "idle" ? [] : [`${name} is ${peer.state}`];
    });
    const ownCluster = this.#ownClusterByName.get(name) ?? this.#ownClusterOf(name);
    if (ownCluster !== undefined) this.#options.access.store.forgetJoined(ownCluster);
  }

  /** The cluster that a fresh peer was bootstrapped with in an earlier, interrupted run. */
  #ownClusterOf(name: string): string | undefined {
    const probe = this.#prepared.probes.get(name);
    const clusterId = probe?.type === "peer" ? probe.identity.cluster_id : undefined;
    return clusterId === this.#hub?.cluster?.cluster_id ? undefined : clusterId;
  }

  /** Who does not know whom yet. */
  async #unacquainted(): Promise<string[]> {
    const members = await this.#lead().client.allPeers();
    const missing = [...this.#idByName].map(async ([name, id]) => {
      const peer = members.find((candidate) => candidate.id === id);
      if (peer === undefined) return [`${this.#lead().name}: does not know ${name} yet`];
      if (this.#isAway(peer)) return [];
      return askedOf(name, async () => {
        const known = await this.#viewsOf().of(name, peer).allPeers();
        const missed = [...this.#idByName].filter(
          ([, other]) => !known.some((seen) => seen.id === other && !isEnded(seen)),
        );
        return missed.map(([other]) => `does not know ${other} yet`);
      });
    });
    return (await Promise.all(missing)).flat();
  }

  /** Which peers see something else than the file says. */
  async #unsettled(): Promise<string[]> {
    const { compose } = this.#prepared;
    const members = await this.#lead().client.allPeers();
    const missing = [...this.#idByName].map(async ([name, id]) => {
      const peer = members.find((candidate) => candidate.id === id);
      if (peer === undefined || this.#isAway(peer)) return [];
      return askedOf(name, async () => {
        const services = await this.#viewsOf().of(name, peer).allServices();
        return this.#stepsLeft(members, services).map((step) => `still to see: ${stepText(step)}`);
      });
    });
    return compose.services.length === 0 && !this.#options.isPruning ? [] : (await Promise.all(missing)).flat();
  }

  /** What would still be planned if the cluster's services were these. */
  #stepsLeft(members: readonly Peer[], services: readonly Service[]): Step[] {
    const { compose } = this.#prepared;
    const peerByName = new Map(
      compose.peers.map(({ name }): [string, ObservedPeer] => {
        const peer = members.find((candidate) => candidate.id === this.#idByName.get(name));
        return [name, peer === undefined ? { type: "unreachable", reason: "" } : { type: "member", peer }];
      }),
    );
    const left = composePlan(compose, { peerByName, services }, { isPruning: this.#options.isPruning }).steps;
    const given = new Set(this.#failed.map(({ text }) => text));
    return left.filter((step) => isServiceStep(step) && !given.has(stepText(step)));
  }

  async #wait(what: string, missing: () => Promise<readonly string[]>): Promise<void> {
    const startedAt = Date.now();
    this.#options.begin(`waiting until ${what}`);
    await waitUntil(`the wait until ${what}`, SETTLE_LIMIT_MS, missing).catch((error: unknown) => {
      throw failureFromClient(error);
    });
    this.#options.report(`  ✓  ${what} (${secondsText(Date.now() - startedAt)})`);
  }

  /** Keeps what the cluster's signed records say of endpoints and certificates. */
  async #keepPeers(): Promise<void> {
    const hub = this.#hub;
    const { store } = this.#options.access;
    if (hub?.cluster === undefined || !store.canSave) return;
    const members = await hub.client.allPeers();
    const { compose } = this.#prepared;
    const known = members.flatMap(knownPeerFrom).map((peer) => {
      const name = [...this.#idByName].find(([, id]) => id === peer.peer_id)?.[0];
      return name === undefined
        ? peer
        : { ...peer, endpoints: [...new Set([addressOf(compose, name), ...peer.endpoints])] };
    });
    store.save(withPeers(hub.cluster, known), "make_current");
  }

  /** Whom the lead cannot reach cannot be waited for, where that was allowed. */
  #isAway(peer: Peer): boolean {
    return this.#options.isIgnoringUnreachable && peer.state === "unreachable";
  }

  async #clientOf(name: string) {
    const peer = await this.#lead().client.getPeer(this.#idOf(name));
    return this.#viewsOf().of(name, peer);
  }

  #viewsOf(): Views {
    const { compose, probes } = this.#prepared;
    this.#views ??= new Views(compose, probes, this.#lead(), this.#options.access.timeoutMs);
    return this.#views;
  }

  #lead(): Hub {
    if (this.#hub !== undefined) return this.#hub;
    throw new Failure(
      EXIT.connection,
      "PEER_UNREACHABLE",
      "no peer of the file leads a cluster: the first could not be bootstrapped.",
    );
  }

  #idOf(name: string): Peer["id"] {
    const id = this.#idByName.get(name);
    if (id !== undefined) return id;
    throw new ConnectionError(addressOf(this.#prepared.compose, name), `${name} is no member of the cluster`, false);
  }
}

function isServiceStep(step: Step): boolean {
  return step.type === "create_service" || step.type === "update_service" || step.type === "delete_service";
}

function isReachability(error: unknown): error is ConnectionError | ApiError {
  return error instanceof ConnectionError || (error instanceof ApiError && error.code === "PEER_UNREACHABLE");
}

function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
