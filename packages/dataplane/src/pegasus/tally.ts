import { sumOfConnects } from "./connects.ts";
import type { PegasusCounters } from "./pegasus.ts";
import type { LastWords, WorkerCounts } from "./worker-message.ts";

/** Sums what workers counted. What a worker counted before it died stays counted, but for what was open or up. */

/** One worker's place: those that died there, and the one that runs. */
export interface Tally {
  readonly past: WorkerCounts;
  readonly latest: WorkerCounts;
}

export const NO_COUNTS: WorkerCounts = { services: [], links: [], unmatched: { flows: 0 } };
export const NO_TALLY: Tally = { past: NO_COUNTS, latest: NO_COUNTS };

/** The place after its worker died. */
export function tallyAfterDeath({ past, latest }: Tally): Tally {
  const ended: WorkerCounts = {
    services: latest.services.map((service) => ({ ...service, flowsOpen: 0 })),
    links: [],
    unmatched: latest.unmatched,
  };
  return { past: sumCounts([past, ended]), latest: NO_COUNTS };
}

/** All places together. */
export function totalOf(tallies: readonly Tally[]): PegasusCounters {
  const { services, links, unmatched } = sumCounts(tallies.flatMap(({ past, latest }) => [past, latest]));
  return {
    services: services.map(({ lastRefusal, ...counts }) => ({
      ...counts,
      ...(lastRefusal === undefined ? {} : { lastRefusal: lastRefusal.text }),
    })),
    links,
    unmatched: { flows: unmatched.flows, ...(unmatched.last === undefined ? {} : { last: unmatched.last.text }) },
  };
}

function latestOf(a: LastWords | undefined, b: LastWords | undefined): LastWords | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.at >= a.at ? b : a;
}

function sumCounts(all: readonly WorkerCounts[]): WorkerCounts {
  return {
    services: sumBy(
      all.flatMap(({ services }) => services),
      ({ role, serviceId }) => `${role} ${serviceId}`,
      addServices,
    ),
    links: sumBy(
      all.flatMap(({ links }) => links),
      ({ peerId }) => peerId,
      addLinks,
    ),
    unmatched: all.map(({ unmatched }) => unmatched).reduce(addUnmatched, { flows: 0 }),
  };
}

function sumBy<T>(values: readonly T[], keyOf: (value: T) => string, add: (a: T, b: T) => T): T[] {
  const sumByKey = new Map<string, T>();
  for (const value of values) {
    const sum = sumByKey.get(keyOf(value));
    sumByKey.set(keyOf(value), sum === undefined ? value : add(sum, value));
  }
  return [...sumByKey.values()];
}

type ServiceCounts = WorkerCounts["services"][number];

function addServices(a: ServiceCounts, b: ServiceCounts): ServiceCounts {
  const lastRefusal = latestOf(a.lastRefusal, b.lastRefusal);
  return {
    serviceId: a.serviceId,
    role: a.role,
    flowsOpen: a.flowsOpen + b.flowsOpen,
    flowsTotal: a.flowsTotal + b.flowsTotal,
    flowsRefused: a.flowsRefused + b.flowsRefused,
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
    connects: sumOfConnects(a.connects, b.connects),
    ...(lastRefusal === undefined ? {} : { lastRefusal }),
  };
}

type LinkCounts = WorkerCounts["links"][number];

function addLinks(a: LinkCounts, b: LinkCounts): LinkCounts {
  const lastError = b.lastError ?? a.lastError;
  return { peerId: a.peerId, open: a.open + b.open, ...(lastError === undefined ? {} : { lastError }) };
}

type Unmatched = WorkerCounts["unmatched"];

function addUnmatched(a: Unmatched, b: Unmatched): Unmatched {
  const last = latestOf(a.last, b.last);
  return { flows: a.flows + b.flows, ...(last === undefined ? {} : { last }) };
}
