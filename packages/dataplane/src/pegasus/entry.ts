import net from "node:net";
import { formatAddress, type IpAddress, parseAddress } from "../cidr.ts";
import { createMatcher, type Packet, type RouteMatch } from "../match.ts";
import { acceptedEndpoints } from "./accepted-endpoints.ts";
import { specialKindOf } from "./admission.ts";
import type { OpenRequest, ResetCode } from "./frame.ts";
import type { Ledger } from "./ledger.ts";
import type { Limiter } from "./limiter.ts";
import type { Link } from "./link.ts";
import type { PeerLinks } from "./peer-links.ts";
import type { PegasusPlan, PegasusService } from "./pegasus.ts";
import type { Relay, RelayEngine } from "./relay-engine.ts";
import { type Endpoint, listenTransparent } from "./socket.ts";

/** Takes what the kernel captured, finds its service and sends it over a link to the service's peer. */

export interface EntryOptions {
  /** Where flows that a route matches arrive. */
  readonly capturePort: number;
  readonly engine: RelayEngine;
  readonly ledger: Ledger;
  linksOf(peerId: string): PeerLinks | undefined;
  limitOf(serviceId: string): Limiter;
}

interface EntryFlow {
  readonly service: PegasusService;
  /** Ends it, whatever it waits for. */
  reset(code: ResetCode): void;
}

/** Where no link is up after so long, the client is reset. */
const LINK_WAIT_MS = 5000;
const BACKLOG = 1024;
const LOOPBACK = ["127.0.0.1", "::1"] as const;

export class Entry {
  readonly #options: EntryOptions;
  readonly #serversByPort = new Map<number, readonly net.Server[]>();
  readonly #flows = new Set<EntryFlow>();
  #servicesByPort = new Map<number, PegasusService>();
  /** Those that `#match` was made of. */
  #services: readonly PegasusService[] = [];
  #match: (packet: Packet) => RouteMatch<PegasusService> | undefined = () => undefined;

  constructor(options: EntryOptions) {
    this.#options = options;
  }

  get flowCount(): number {
    return this.#flows.size;
  }

  /** Takes flows by this plan; resets those whose service is gone, refuses, or goes elsewhere. */
  async apply(plan: PegasusPlan): Promise<void> {
    const services = plan.services.filter(({ role }) => role === "entry");
    if (!isSameList(services, this.#services)) this.#match = createMatcher(services);
    this.#services = services;
    this.#servicesByPort = new Map(
      services.flatMap((service) => {
        const port = service.interface?.capturePort;
        return port === undefined ? [] : [[port, service] as const];
      }),
    );
    this.#resetStale(services);
    await this.#listenOn(new Set([this.#options.capturePort, ...this.#servicesByPort.keys()]));
  }

  stopListening(): void {
    for (const server of [...this.#serversByPort.values()].flat()) server.close();
    this.#serversByPort.clear();
  }

  resetAll(code: ResetCode): void {
    for (const flow of [...this.#flows]) flow.reset(code);
  }

  #resetStale(services: readonly PegasusService[]): void {
    const servicesById = new Map(services.map((service) => [service.serviceId, service]));
    for (const flow of [...this.#flows]) {
      const now = servicesById.get(flow.service.serviceId);
      const goesOn =
        now?.peerId === flow.service.peerId &&
        now.refuse === undefined &&
        now.fullyTransparent === flow.service.fullyTransparent;
      if (!goesOn) flow.reset("cancelled");
    }
  }

  async #listenOn(ports: ReadonlySet<number>): Promise<void> {
    for (const [port, servers] of this.#serversByPort) {
      if (ports.has(port)) continue;
      for (const server of servers) server.close();
      this.#serversByPort.delete(port);
    }
    for (const port of ports) {
      if (!this.#serversByPort.has(port)) this.#serversByPort.set(port, await this.#openServers(port));
    }
  }

  async #openServers(port: number): Promise<net.Server[]> {
    const servers: net.Server[] = [];
    for (const text of LOOPBACK) {
      const address = parseAddress(text);
      const server = address === undefined ? undefined : await this.#openServer({ address, port });
      if (server !== undefined) servers.push(server);
    }
    return servers;
  }

  /** Undefined on a host without that family. */
  async #openServer(endpoint: Endpoint): Promise<net.Server | undefined> {
    const fd = listenUnlessMissing(endpoint);
    if (fd === undefined) return undefined;
    const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true });
    server.on("connection", (socket) => this.#take(socket, endpoint.port));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ fd }, () => {
        server.off("error", reject);
        resolve();
      });
    });
    // Accepting fails when descriptors run out; the connection waits in the backlog, and flows that end free some.
    server.on("error", (error) => this.#options.ledger.refuseUnmatched(`accepting failed: ${error.message}`));
    return server;
  }

  #take(socket: net.Socket, port: number): void {
    // Until a relay takes over: what ends a connection this early ends it without more.
    socket.on("error", () => {});
    const endpoints = acceptedEndpoints(socket);
    if (endpoints === undefined) return void socket.destroy();
    const { source, destination } = endpoints;
    const service = this.#serviceOf(source.address, destination.address, port);
    const { ledger } = this.#options;
    if (typeof service === "string") {
      ledger.refuseUnmatched(`${describe(source)} to ${describe(destination)}: ${service}`);
      socket.resetAndDestroy();
      return;
    }
    if (service.refuse !== undefined) {
      ledger.refuse(service, service.refuse);
      ledger.countConnect(service, "not_carried");
      socket.resetAndDestroy();
      return;
    }
    this.#findLink(socket, service, {
      serviceId: service.serviceId,
      source,
      destination,
      transparent: service.fullyTransparent,
      byInterface: port !== this.#options.capturePort,
    });
  }

  /** The service, or why there is none. */
  #serviceOf(source: IpAddress, destination: IpAddress, port: number): PegasusService | string {
    // Nobody captures traffic to loopback: somebody on this host dialled the port itself.
    if (specialKindOf(destination) === "loopback") return "it was dialled and not captured";
    if (port !== this.#options.capturePort) return this.#servicesByPort.get(port) ?? "its service is gone";
    return this.#match({ source, destination })?.service ?? "no route of any service matches";
  }

  #findLink(socket: net.Socket, service: PegasusService, request: OpenRequest): void {
    const links = this.#options.linksOf(service.peerId);
    const link = links?.pick();
    if (link !== undefined) {
      this.#relay(socket, service, request, link);
      return;
    }
    const refuse = (reason: string) => {
      this.#options.ledger.refuse(service, reason);
      this.#options.ledger.countConnect(service, "not_carried");
      socket.resetAndDestroy();
    };
    if (links === undefined) {
      refuse(`${service.peerId} has no Pegasus that is known here`);
      return;
    }
    const waiting: EntryFlow = {
      service,
      reset: () => {
        this.#flows.delete(waiting);
        this.#options.ledger.countConnect(service, "not_carried");
        socket.resetAndDestroy();
      },
    };
    this.#flows.add(waiting);
    links.whenUp(LINK_WAIT_MS, (found) => {
      if (!this.#flows.delete(waiting)) return;
      if (found !== undefined) this.#relay(socket, service, request, found);
      else refuse(`no link to ${service.peerId}: ${links.lastError ?? "it left"}`);
    });
  }

  #relay(socket: net.Socket, service: PegasusService, request: OpenRequest, link: Link): void {
    const counts = this.#options.ledger.of(service);
    counts.flowsOpen += 1;
    counts.flowsTotal += 1;
    const trying = this.#options.ledger.trying(service);
    const relay: Relay = this.#options.engine.relay({
      end: { type: "accepted", socket },
      flow: link.mux.open(request),
      limit: this.#options.limitOf(service.serviceId),
      watcher: {
        connected: trying.connected,
        fromSocket: (bytes) => {
          counts.bytesIn += bytes;
        },
        toSocket: (bytes) => {
          counts.bytesOut += bytes;
        },
        finished: (reason) => {
          counts.flowsOpen -= 1;
          trying.finished(reason);
          this.#flows.delete(flow);
          if (reason !== undefined && reason !== "cancelled") {
            this.#options.ledger.refuse(service, `${describe(request.destination)}: ${REASONS[reason]}`);
          }
        },
      },
    });
    const flow: EntryFlow = { service, reset: (code) => relay.reset(code) };
    this.#flows.add(flow);
  }
}

const REASONS: Readonly<Record<Exclude<ResetCode, "cancelled">, string>> = {
  connect_refused: "the destination refused the connection",
  connect_unreachable: "the exit has no way to the destination",
  connect_timeout: "the destination did not answer the exit in time",
  connect_failed: "the exit could not connect to the destination",
  not_admitted: "the exit did not admit it; its own counters say why",
  overloaded: "the link holds too much for readers that stall",
  stopping: "the exit is stopping",
  link_lost: "the link to the exit was lost",
};

/** A host without IPv6 (or IPv4) captures only the other. */
function listenUnlessMissing(endpoint: Endpoint): number | undefined {
  try {
    return listenTransparent(endpoint, BACKLOG);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EAFNOSUPPORT" || code === "EADDRNOTAVAIL") return undefined;
    throw error;
  }
}

function describe({ address, port }: Endpoint): string {
  return address.family === 4 ? `${formatAddress(address)}:${port}` : `[${formatAddress(address)}]:${port}`;
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at]);
}
