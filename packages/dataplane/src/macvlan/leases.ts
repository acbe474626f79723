import * as z from "zod";
import type { Log } from "../log.ts";
import type { StateDir } from "../state-dir.ts";
import { askForLease, type Lease } from "./dhcp-client.ts";
import { openPacketSocket } from "./packet-socket.ts";

/** A service's own interface that has its address from DHCP. */
export interface LeasedLink {
  readonly serviceId: string;
  readonly link: string;
  readonly mac: string;
}

export interface LeasesOptions {
  readonly state: Pick<StateDir, "read" | "write">;
  readonly log: Log;
  /** An address came, changed or went: the kernel must be made to match. */
  readonly onChange: () => void;
}

const leaseSchema = z.strictObject({
  cidr: z.cidrv4(),
  server: z.ipv4().optional(),
  lease_seconds: z.int().min(0),
});
const leasesSchema = z.record(z.string(), leaseSchema);
const FILE = "leases.json";
/** While no server answers. */
const RETRY_MS = 15_000;
const SHORTEST_RENEWAL_MS = 5_000;
/** Node's timers hold no longer delay. */
const LONGEST_MS = 2 ** 31 - 1;

/** Keeps an address for each link that asks DHCP: asks, asks again at half of the lease, gives it up at its end. */
export class Leases {
  readonly #options: LeasesOptions;
  readonly #leaseByService = new Map<string, Lease>();
  readonly #linkByService = new Map<string, LeasedLink>();
  readonly #timerByService = new Map<string, NodeJS.Timeout>();
  readonly #endByService = new Map<string, number>();
  #isLoaded = false;

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  /** The addresses that are held, by service id. */
  get cidrs(): ReadonlyMap<string, string> {
    return new Map([...this.#leaseByService].map(([serviceId, { cidr }]) => [serviceId, cidr]));
  }

  /** Reads what was leased before this start; it is asked for again before anything else. */
  async load(): Promise<void> {
    const stored = (await this.#options.state.read(FILE, leasesSchema)) ?? {};
    for (const [serviceId, { cidr, server, lease_seconds }] of Object.entries(stored)) {
      this.#leaseByService.set(serviceId, { cidr, server, leaseSeconds: lease_seconds });
    }
    this.#isLoaded = true;
  }

  /** The links that are there and up, and no others: who is new asks, who is gone is forgotten. */
  setLinks(links: readonly LeasedLink[]): void {
    if (!this.#isLoaded) return;
    const wanted = new Map(links.map((link) => [link.serviceId, link]));
    for (const serviceId of [...this.#linkByService.keys(), ...this.#leaseByService.keys()]) {
      if (!wanted.has(serviceId)) this.#forget(serviceId);
    }
    for (const link of links) {
      if (this.#linkByService.get(link.serviceId)?.link === link.link) continue;
      this.#linkByService.set(link.serviceId, link);
      this.#askAfter(link.serviceId, 0);
    }
  }

  stop(): void {
    for (const timer of this.#timerByService.values()) clearTimeout(timer);
    this.#timerByService.clear();
    this.#linkByService.clear();
  }

  #forget(serviceId: string): void {
    clearTimeout(this.#timerByService.get(serviceId));
    this.#timerByService.delete(serviceId);
    this.#linkByService.delete(serviceId);
    this.#endByService.delete(serviceId);
    if (this.#leaseByService.delete(serviceId)) void this.#store();
  }

  #askAfter(serviceId: string, delayMs: number): void {
    clearTimeout(this.#timerByService.get(serviceId));
    const timer = setTimeout(() => void this.#ask(serviceId), Math.min(delayMs, LONGEST_MS)).unref();
    this.#timerByService.set(serviceId, timer);
  }

  async #ask(serviceId: string): Promise<void> {
    const link = this.#linkByService.get(serviceId);
    if (link === undefined) return;
    const before = this.#leaseByService.get(serviceId);
    const lease = await this.#leaseOn(link, before);
    if (this.#linkByService.get(serviceId) !== link) return;
    if (lease !== undefined) this.#held(link, before, lease);
    else this.#missed(serviceId, before);
  }

  async #leaseOn({ link, mac }: LeasedLink, before: Lease | undefined): Promise<Lease | undefined> {
    try {
      const socket = openPacketSocket(link);
      try {
        return await askForLease(socket, Buffer.from(mac.replaceAll(":", ""), "hex"), before);
      } finally {
        socket.close();
      }
    } catch (error) {
      this.#options.log.warn({ link, reason: error instanceof Error ? error.message : String(error) }, "dhcp_failed");
      return undefined;
    }
  }

  #held({ serviceId, link }: LeasedLink, before: Lease | undefined, lease: Lease): void {
    const leaseMs = lease.leaseSeconds * 1000;
    this.#leaseByService.set(serviceId, lease);
    this.#endByService.set(serviceId, performance.now() + leaseMs);
    this.#askAfter(serviceId, Math.max(SHORTEST_RENEWAL_MS, leaseMs / 2));
    void this.#store();
    if (before?.cidr === lease.cidr) return;
    this.#options.log.info(
      { link, address: lease.cidr, server: lease.server, seconds: lease.leaseSeconds },
      "dhcp_leased",
    );
    this.#options.onChange();
  }

  #missed(serviceId: string, before: Lease | undefined): void {
    const leftMs = (this.#endByService.get(serviceId) ?? 0) - performance.now();
    if (before !== undefined && leftMs <= 0) {
      this.#leaseByService.delete(serviceId);
      void this.#store();
      this.#options.log.warn({ address: before.cidr }, "dhcp_lost");
      this.#options.onChange();
    }
    this.#askAfter(serviceId, leftMs > 0 ? Math.min(RETRY_MS, leftMs) : RETRY_MS);
  }

  async #store(): Promise<void> {
    const rows = [...this.#leaseByService].map(([serviceId, { cidr, server, leaseSeconds }]) => [
      serviceId,
      { cidr, ...(server === undefined ? {} : { server }), lease_seconds: leaseSeconds },
    ]);
    await this.#options.state.write(FILE, Object.fromEntries(rows)).catch((error: Error) => {
      this.#options.log.warn({ reason: error.message }, "dhcp_not_stored");
    });
  }
}
