import type { Random } from "./random.ts";

/** What the network and the hosts may do to a run. Each fault counts how often it struck, so that none is listed and never hit. */
export interface FaultPlan {
  readonly delayMs: { readonly from: number; readonly to: number };
  /** Share of frames that vanish without a word. */
  readonly loss: number;
  readonly duplication: number;
  /** Share of frames that come up to ten delays late. */
  readonly lateness: number;
  /** Mean time between two cuts of a random pair, in ms; 0 is never. */
  readonly cutEveryMs: number;
  /** Mean time between two restarts of a random peer, in ms; 0 is never. */
  readonly restartEveryMs: number;
}

export const CALM: FaultPlan = {
  delayMs: { from: 10, to: 50 },
  loss: 0,
  duplication: 0,
  lateness: 0,
  cutEveryMs: 0,
  restartEveryMs: 0,
};

export const CHAOS: FaultPlan = {
  delayMs: { from: 10, to: 50 },
  loss: 0.05,
  duplication: 0.05,
  lateness: 0.05,
  cutEveryMs: 4_000,
  restartEveryMs: 6_000,
};

export type Fault =
  | "loss"
  | "duplication"
  | "lateness"
  | "cut"
  | "one_way_cut"
  | "restart"
  | "old_disk"
  | "full_disk"
  | "skew"
  | "jump"
  | "attack";
export type FaultCounts = Record<Fault, number>;

export function noFaults(): FaultCounts {
  return {
    loss: 0,
    duplication: 0,
    lateness: 0,
    cut: 0,
    one_way_cut: 0,
    restart: 0,
    old_disk: 0,
    full_disk: 0,
    skew: 0,
    jump: 0,
    attack: 0,
  };
}

/** How many copies of a frame arrive, and after how long each. */
export function arrivalsOf(plan: FaultPlan, random: Random, counts: FaultCounts): number[] {
  if (random.next() < plan.loss) {
    counts.loss += 1;
    return [];
  }
  const isDuplicated = random.next() < plan.duplication;
  if (isDuplicated) counts.duplication += 1;
  return Array.from({ length: isDuplicated ? 2 : 1 }, () => {
    const delayMs = random.between(plan.delayMs.from, plan.delayMs.to);
    if (random.next() >= plan.lateness) return delayMs;
    counts.lateness += 1;
    return delayMs * random.between(1, 10);
  });
}
