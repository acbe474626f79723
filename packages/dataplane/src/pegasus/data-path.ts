import type { LinkIdentity } from "./certificate.ts";
import { Entry } from "./entry.ts";
import { Exit } from "./exit.ts";
import { createHostAddresses } from "./host-addresses.ts";
import { Ledger } from "./ledger.ts";
import { Limiter, type LimiterClock } from "./limiter.ts";
import { LinkServer } from "./link-server.ts";
import { onreadEngine } from "./onread-engine.ts";
import { PeerLinks } from "./peer-links.ts";
import type { PegasusPlan } from "./pegasus.ts";
import type { RelayEngine } from "./relay-engine.ts";
import type { ServiceRate, ServiceUse, WorkerCounts } from "./worker-message.ts";

/** All that one worker does: entry, exit, the links between, and what they count. */

export interface DataPathOptions {
  readonly identity: LinkIdentity;
  readonly linkPort: number;
  readonly capturePort: number;
  /** Links that are kept up to each peer that a service leads to. */
  readonly linksAPeer: number;
}

/** What the running Node was found to do; see the tests that pin it. */
export const ENGINE: RelayEngine = onreadEngine;

const DRAIN_LOOK_MS = 20;

export class DataPath {
  readonly #options: DataPathOptions;
  readonly #ledger = new Ledger(() => Date.now());
  readonly #entry: Entry;
  readonly #exit: Exit;
  #server: LinkServer | undefined;
  readonly #linksByPeer = new Map<string, PeerLinks>();
  /** By role and service id: each side limits what enters the link there. */
  readonly #limitersByKey = new Map<string, Limiter>();
  #useTakenAt = performance.now();
  #knownFingerprints: ReadonlySet<string> = new Set();

  private constructor(options: DataPathOptions) {
    this.#options = options;
    this.#entry = new Entry({
      capturePort: options.capturePort,
      engine: ENGINE,
      ledger: this.#ledger,
      linksOf: (peerId) => this.#linksByPeer.get(peerId),
      limitOf: (serviceId) => this.#limitOf("entry", serviceId),
    });
    this.#exit = new Exit({
      engine: ENGINE,
      ledger: this.#ledger,
      isHostAddress: createHostAddresses(() => performance.now()),
      limitOf: (serviceId) => this.#limitOf("exit", serviceId),
    });
  }

  /** Listens on the link port and, with the plan, on the capture ports. @throws the system's error. */
  static async start(options: DataPathOptions, plan: PegasusPlan): Promise<DataPath> {
    const path = new DataPath(options);
    path.#server = await LinkServer.listen({
      identity: options.identity,
      port: options.linkPort,
      isKnown: (fingerprint) => path.#knownFingerprints.has(fingerprint),
      onOpen: (flow, link) => path.#exit.open(flow, link),
    });
    await path.apply(plan);
    return path;
  }

  /** Limits in the plan are this worker's share to begin with. */
  async apply(plan: PegasusPlan): Promise<void> {
    this.#knownFingerprints = new Set(plan.peers.map(({ tlsFingerprint }) => tlsFingerprint));
    this.#server?.review();
    this.#exit.apply(plan);
    for (const { serviceId, role, limitBps } of plan.services) this.#limitOf(role, serviceId).setRate(limitBps);
    this.#reviewLinks(plan);
    await this.#entry.apply(plan);
  }

  get counts(): WorkerCounts {
    return {
      services: this.#ledger.services,
      links: [...this.#linksByPeer].map(([peerId, links]) => {
        const { openCount, lastError } = links;
        return { peerId, open: openCount, ...(lastError === undefined ? {} : { lastError }) };
      }),
      unmatched: this.#ledger.unmatched,
    };
  }

  /** What was asked of each limit since this was last taken. */
  takeUse(): ServiceUse[] {
    const now = performance.now();
    const seconds = Math.max(0.001, (now - this.#useTakenAt) / 1000);
    this.#useTakenAt = now;
    return [...this.#limitersByKey].flatMap(([key, limiter]) => {
      if (limiter.isUnlimited) return [];
      const [role, serviceId] = key.split(" ");
      const use = limiter.takeUse();
      return role === "entry" || role === "exit"
        ? [{ serviceId: serviceId ?? "", role, ...use, bitsPerSecond: (use.bytes * 8) / seconds }]
        : [];
    });
  }

  /** This worker's share of each limit, in bits per second, until the next plan. */
  setRates(rates: readonly ServiceRate[]): void {
    for (const { serviceId, role, bitsPerSecond } of rates) {
      const limiter = this.#limitersByKey.get(`${role} ${serviceId}`);
      if (limiter !== undefined && !limiter.isUnlimited && bitsPerSecond > 0) limiter.setRate(bitsPerSecond);
    }
  }

  /** Takes no flows any more, waits until the open ones end, at most `drainMs`, and resets the rest. */
  async stop(drainMs: number): Promise<void> {
    this.#entry.stopListening();
    this.#exit.stopTaking();
    this.#server?.stopListening();
    const until = performance.now() + drainMs;
    while (this.#entry.flowCount + this.#exit.flowCount > 0 && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    }
    this.#entry.resetAll("cancelled");
    this.#exit.resetAll();
    // One turn, so that what was just said still goes out.
    await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    for (const links of this.#linksByPeer.values()) links.close("this host is stopping");
    this.#server?.closeLinks("this host is stopping");
  }

  /** Warm links to every peer that an entry service leads to, and to no other. */
  #reviewLinks(plan: PegasusPlan): void {
    const targets = new Set(plan.services.filter(({ role }) => role === "entry").map(({ peerId }) => peerId));
    const peersById = new Map(
      plan.peers.filter(({ peerId }) => targets.has(peerId)).map((peer) => [peer.peerId, peer]),
    );
    for (const [peerId, links] of this.#linksByPeer) {
      if (peersById.get(peerId)?.tlsFingerprint === links.fingerprint) continue;
      links.close("its peer left the plan");
      this.#linksByPeer.delete(peerId);
    }
    const { identity, linksAPeer } = this.#options;
    for (const [peerId, peer] of peersById) {
      const links = this.#linksByPeer.get(peerId);
      if (links !== undefined) links.update(peer);
      else this.#linksByPeer.set(peerId, new PeerLinks(peer, { identity, count: linksAPeer, random: Math.random }));
    }
  }

  #limitOf(role: "entry" | "exit", serviceId: string): Limiter {
    const key = `${role} ${serviceId}`;
    const found = this.#limitersByKey.get(key);
    if (found !== undefined) return found;
    const fresh = new Limiter(CLOCK);
    this.#limitersByKey.set(key, fresh);
    return fresh;
  }
}

const CLOCK: LimiterClock = {
  nowMs: () => performance.now(),
  after: (delayMs, task) => {
    const timer = setTimeout(task, Math.ceil(delayMs));
    return () => clearTimeout(timer);
  },
};
