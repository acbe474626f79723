import { formatAddress, type IpAddress } from "../cidr.ts";
import { admit } from "./admission.ts";
import type { Flow } from "./flow.ts";
import type { OpenRequest, ResetCode } from "./frame.ts";
import type { Ledger } from "./ledger.ts";
import type { Limiter } from "./limiter.ts";
import type { Link } from "./link.ts";
import type { PegasusPlan, PegasusService } from "./pegasus.ts";
import type { Relay, RelayEnd, RelayEngine } from "./relay-engine.ts";
import { bindTransparent } from "./socket.ts";

/** Lets out the flows that other hosts' Pegasus bring, toward where their clients were going. */

export interface ExitOptions {
  readonly engine: RelayEngine;
  readonly ledger: Ledger;
  isHostAddress(address: IpAddress): boolean;
  limitOf(serviceId: string): Limiter;
}

interface ExitFlow {
  readonly request: OpenRequest;
  readonly linkFingerprint: string;
  readonly relay: Relay;
}

const CONNECT_MS = 10_000;
const NO_PLAN: PegasusPlan = { peers: [], services: [], clusterPorts: [] };

export class Exit {
  readonly #options: ExitOptions;
  readonly #flows = new Set<ExitFlow>();
  #plan = NO_PLAN;
  #isStopping = false;

  constructor(options: ExitOptions) {
    this.#options = options;
  }

  get flowCount(): number {
    return this.#flows.size;
  }

  /** Judges by this plan from now on, the flows that are open too. */
  apply(plan: PegasusPlan): void {
    this.#plan = plan;
    for (const flow of [...this.#flows]) {
      if (this.#judge(flow.request, flow.linkFingerprint).type === "denied") flow.relay.reset("not_admitted");
    }
  }

  stopTaking(): void {
    this.#isStopping = true;
  }

  resetAll(): void {
    for (const flow of [...this.#flows]) flow.relay.reset("stopping");
  }

  open(flow: Flow, link: Link): void {
    if (this.#isStopping) {
      flow.reset("stopping");
      return;
    }
    const admission = this.#judge(flow.request, link.fingerprint);
    if (admission.type === "admitted") {
      this.#relay(flow, link, admission.service);
      return;
    }
    const { ledger } = this.#options;
    if (admission.service === undefined) ledger.refuseUnmatched(admission.reason);
    else {
      ledger.refuse(admission.service, admission.reason);
      ledger.countConnect(admission.service, "not_admitted");
    }
    flow.reset("not_admitted");
  }

  #judge(request: OpenRequest, linkFingerprint: string) {
    const { isHostAddress } = this.#options;
    return admit(request, { plan: this.#plan, linkFingerprint, isHostAddress });
  }

  #relay(flow: Flow, link: Link, service: PegasusService): void {
    const counts = this.#options.ledger.of(service);
    counts.flowsOpen += 1;
    counts.flowsTotal += 1;
    const trying = this.#options.ledger.trying(service);
    let open: ExitFlow | undefined;
    const relay = this.#options.engine.relay({
      end: dialFor(flow.request),
      flow,
      limit: this.#options.limitOf(service.serviceId),
      watcher: {
        connected: trying.connected,
        fromSocket: (bytes) => {
          counts.bytesOut += bytes;
        },
        toSocket: (bytes) => {
          counts.bytesIn += bytes;
        },
        finished: (reason) => {
          counts.flowsOpen -= 1;
          trying.finished(reason);
          const failure = reason === undefined ? undefined : CONNECT_FAILURES.get(reason);
          if (failure !== undefined) this.#options.ledger.refuse(service, `${describe(flow.request)} ${failure}`);
          if (open !== undefined) this.#flows.delete(open);
        },
      },
    });
    open = { request: flow.request, linkFingerprint: link.fingerprint, relay };
    this.#flows.add(open);
  }
}

const CONNECT_FAILURES: ReadonlyMap<ResetCode, string> = new Map([
  ["connect_refused", "refused the connection"],
  ["connect_unreachable", "cannot be reached: this host has no way there"],
  ["connect_timeout", `did not answer within ${CONNECT_MS / 1000} s`],
  ["connect_failed", "could not be connected to"],
]);

function describe({ destination }: OpenRequest): string {
  return `${formatAddress(destination.address)} port ${destination.port}`;
}

/** A transparent flow leaves from the client's own address, and its own port unless that is taken. */
function dialFor(request: OpenRequest): RelayEnd {
  const { source, destination, transparent } = request;
  const dial = {
    type: "dial",
    host: formatAddress(destination.address),
    port: destination.port,
    timeoutMs: CONNECT_MS,
  } as const;
  if (!transparent) return dial;
  return { ...dial, sources: [() => bindTransparent(source), () => bindTransparent({ ...source, port: 0 })] };
}
