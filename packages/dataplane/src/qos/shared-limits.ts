import type { ClassUse } from "../kernel/class-use.ts";
import type { DesiredLimit } from "../kernel/desired.ts";
import type { LimitedUse } from "../pegasus/pegasus.ts";
import { type Halves, halvesOf } from "./halves.ts";

/** A service of this host whose limit is shared. */
export interface SharedLimit extends DesiredLimit {
  readonly role: "entry" | "exit";
}

export interface SharedLimitsOptions {
  readonly classUse: ClassUse;
  takeTcpUse(): readonly LimitedUse[];
  setTcpRate(service: { readonly serviceId: string; readonly role: "entry" | "exit" }, bitsPerSecond: number): void;
  /** Gives the class its rate; resolves when the kernel has it. */
  setTunnelRate(limit: DesiredLimit, bitsPerSecond: number): Promise<void>;
  nowMs(): number;
}

interface Watched {
  readonly limit: SharedLimit;
  /** Bytes of the class when it was last read. */
  classBytes: number | undefined;
  /** Smoothed. */
  used: Halves;
  granted: Halves;
}

const EVERY_MS = 100;
/** Of what was just seen against what was seen before. */
const WEIGHT = 0.4;
/** A rate of the tunnel's class that differs by less of the limit is not worth a program's start. */
const SLACK = 0.02;

/** Shares each limited service's rate between TCP and the rest, ten times a second. */
export class SharedLimits {
  readonly #options: SharedLimitsOptions;
  #watchedByService = new Map<string, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #tickedAt = 0;
  #isSetting = false;

  constructor(options: SharedLimitsOptions) {
    this.#options = options;
  }

  /** The limits of the plan that just became current. Who is new starts with the whole of it on both sides. */
  setLimits(limits: readonly SharedLimit[]): void {
    const before = this.#watchedByService;
    this.#watchedByService = new Map(
      limits.map((limit) => {
        const watched = before.get(limit.owner);
        if (watched !== undefined && isSame(watched.limit, limit)) return [limit.owner, watched];
        const full = { tcp: limit.bitsPerSecond, tunnel: limit.bitsPerSecond };
        return [limit.owner, { limit, classBytes: undefined, used: { tcp: 0, tunnel: 0 }, granted: full }];
      }),
    );
    this.#tickedAt = this.#options.nowMs();
    if (limits.length === 0) this.stop();
    else this.#timer ??= setInterval(() => this.tick(), EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Looks once at what both used, and sets what each may. */
  tick(): void {
    const now = this.#options.nowMs();
    const seconds = Math.max(0.001, (now - this.#tickedAt) / 1000);
    this.#tickedAt = now;
    const tcpBytes = new Map(this.#options.takeTcpUse().map(({ serviceId, bytes }) => [serviceId, bytes]));
    const links = new Set([...this.#watchedByService.values()].map(({ limit }) => limit.link));
    const classesByLink = new Map([...links].map((link) => [link, this.#options.classUse.read(link)]));
    for (const [serviceId, watched] of this.#watchedByService) {
      const classBytes = classesByLink.get(watched.limit.link)?.get(watched.limit.serviceIndex)?.bytes;
      const before = watched.classBytes;
      watched.classBytes = classBytes;
      const passed = classBytes === undefined || before === undefined ? 0 : Math.max(0, classBytes - before);
      watched.used = {
        tcp: smooth(watched.used.tcp, ((tcpBytes.get(serviceId) ?? 0) * 8) / seconds),
        tunnel: smooth(watched.used.tunnel, (passed * 8) / seconds),
      };
      this.#grant(serviceId, watched, halvesOf(watched.limit.bitsPerSecond, watched.used));
    }
  }

  #grant(serviceId: string, watched: Watched, wanted: Halves): void {
    const { limit, granted } = watched;
    const isFar = Math.abs(wanted.tunnel - granted.tunnel) > limit.bitsPerSecond * SLACK;
    const isBack = wanted.tunnel === limit.bitsPerSecond && granted.tunnel !== wanted.tunnel;
    const sets = (isFar || isBack) && !this.#isSetting;
    this.#options.setTcpRate({ serviceId, role: limit.role }, wanted.tcp);
    watched.granted = { tcp: wanted.tcp, tunnel: sets ? wanted.tunnel : granted.tunnel };
    if (!sets) return;
    this.#isSetting = true;
    void this.#options.setTunnelRate(limit, wanted.tunnel).finally(() => {
      this.#isSetting = false;
    });
  }
}

function isSame(a: SharedLimit, b: SharedLimit): boolean {
  return a.link === b.link && a.serviceIndex === b.serviceIndex && a.bitsPerSecond === b.bitsPerSecond;
}

function smooth(before: number, seen: number): number {
  const next = before * (1 - WEIGHT) + seen * WEIGHT;
  // What has all but died away has.
  return next < 1000 ? 0 : Math.round(next);
}
