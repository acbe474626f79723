/** How one limit is split over the workers: the kernel gives each connection to one of them, whoever is idle. */

export interface WorkerUse {
  /** Bits per second that it let through. */
  readonly bitsPerSecond: number;
  /** Flows that wait for the limit. */
  readonly waiting: number;
}

/** What an idle worker may let through before it is asked again: the first moment of a new flow. */
const FLOOR = 0.05;
/** Room for a worker whose flows do not wait to grow into. */
const ROOM = 1.25;

/**
 * Each worker's share of a limit in bits per second. Flows that wait share alike what is left by those that do not,
 * whichever worker they are on.
 */
export function sharesOf(limit: number, uses: readonly WorkerUse[]): number[] {
  if (uses.length === 1) return [limit];
  const waiting = uses.reduce((sum, use) => sum + use.waiting, 0);
  const floor = limit * FLOOR;
  if (waiting === 0) {
    const used = uses.reduce((sum, use) => sum + use.bitsPerSecond, 0);
    const spare = Math.max(0, limit - used) / uses.length;
    return uses.map((use) => Math.min(limit, Math.max(floor, use.bitsPerSecond + spare)));
  }
  const modest = uses.reduce((sum, use) => sum + (use.waiting === 0 ? use.bitsPerSecond : 0), 0);
  const left = Math.max(0, limit - modest);
  return uses.map((use) =>
    use.waiting === 0
      ? Math.min(limit, Math.max(floor, use.bitsPerSecond * ROOM))
      : Math.max(floor, (left * use.waiting) / waiting),
  );
}
