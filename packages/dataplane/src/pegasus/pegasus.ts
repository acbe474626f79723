import type { Connects } from "../connect-outcomes.ts";
import type { ExitPolicy } from "../exit-policy.ts";
import type { PlanRoute } from "../plan.ts";

/**
 * Pegasus as the rest of the data plane sees it: listening ports that captured TCP arrives at, a link port that
 * other hosts' Pegasus dial, and counters. It programs no kernel state; the `kernel` room does.
 */

export interface PegasusPeer {
  readonly peerId: string;
  /** Where its host is reached, in the order to try. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** SHA-256 of its DER certificate, lower-case hex. */
  readonly tlsFingerprint: string;
}

export interface PegasusService {
  readonly serviceId: string;
  readonly role: "entry" | "exit";
  /** The other end: the target of an entry, the source of an exit. */
  readonly peerId: string;
  readonly fullyTransparent: boolean;
  /** Bits per second; 0 is no limit. What enters the links on this host is held to it: `in` at the entry, `out` at the exit. */
  readonly limitBps: number;
  readonly routes: readonly PlanRoute[];
  /** Set for a service with an interface of its own. */
  readonly interface?: {
    /** Entry: the loopback port that the flows captured on it arrive at. */
    readonly capturePort?: number;
    /** Its networks in CIDR form, where known: the sources that may come by it. */
    readonly networks: readonly string[];
  };
  /** Present when the service must refuse its flows: the reason, for a person. */
  readonly refuse?: string;
}

export interface PegasusPlan {
  readonly peers: readonly PegasusPeer[];
  readonly services: readonly PegasusService[];
  /** Ports on any of the host's own addresses are refused anyway; these are named in the refusal as cluster ports. */
  readonly clusterPorts: readonly number[];
  /** The host owner's own word on what an exit may reach; absent where nothing was said. */
  readonly exitPolicy?: ExitPolicy;
}

export interface PegasusOptions {
  /** Folder (0700) that holds the link key and certificate, made at the first start. */
  readonly stateDir: string;
  /** TCP port of the links, all addresses, v4 and v6. */
  readonly linkPort: number;
  /** Loopback port (127.0.0.1 and ::1, IP_TRANSPARENT) that TPROXY delivers flows matched by CIDR to. */
  readonly capturePort: number;
  readonly workers: number;
  /** Where it logs; default: JSON lines on standard error. */
  readonly log?: PegasusLog;
}

/** The part of a pino logger that Pegasus uses. `event` is the event's name. */
export interface PegasusLog {
  info(fields: Readonly<Record<string, unknown>>, event: string): void;
  warn(fields: Readonly<Record<string, unknown>>, event: string): void;
  error(fields: Readonly<Record<string, unknown>>, event: string): void;
}

export interface PegasusServiceCounters {
  readonly serviceId: string;
  readonly role: "entry" | "exit";
  readonly flowsOpen: number;
  readonly flowsTotal: number;
  /** From the client toward the server. */
  readonly bytesIn: number;
  /** From the server toward the client. */
  readonly bytesOut: number;
  /** Flows that were refused, or whose destination could not be reached. */
  readonly flowsRefused?: number;
  /** Each connection once: when it stands, or when it is known that it never will. */
  readonly connects?: Connects;
  /** The last reason for which a flow of this service was refused, for a person. */
  readonly lastRefusal?: string;
}

export interface PegasusCounters {
  readonly services: readonly PegasusServiceCounters[];
  readonly links: readonly { readonly peerId: string; readonly open: number; readonly lastError?: string }[];
  /** Flows that all workers together can hold: each takes a file descriptor. */
  readonly flowsAtMost?: number;
  /** Captured connections that no service matched, and flows from peers for services that do not end here. */
  readonly unmatched?: { readonly flows: number; readonly last?: string };
}

/** What TCP asked of a limited service's limit, over all workers. */
export interface LimitedUse {
  readonly serviceId: string;
  readonly role: "entry" | "exit";
  /** Bytes that were let into the links. */
  readonly bytes: number;
}

export interface Pegasus {
  /** SHA-256 of the link certificate, lower-case hex. */
  readonly tlsFingerprint: string;
  readonly relayEngine: string;
  /** Makes the plan current. Flows of services and peers that did not change go on; flows of those that are gone are reset. */
  apply(plan: PegasusPlan): Promise<void>;
  counters(): Promise<PegasusCounters>;
  /** What limited services let into the links since this was last taken. */
  takeUse(): readonly LimitedUse[];
  /** Holds a limited service to another rate, in bits per second, until the next plan. */
  setRate(service: Pick<PegasusService, "serviceId" | "role">, bitsPerSecond: number): void;
  /** Stops taking flows, waits up to `drainMs` for open ones, then resets them. */
  stop(drainMs: number): Promise<void>;
}

/** Starts the workers and resolves when they listen. */
export type StartPegasus = (options: PegasusOptions) => Promise<Pegasus>;
