import { type Row, row } from "../support/report.ts";
import type { Round } from "./rounds.ts";

export interface MiddleRow<T> {
  readonly name: string;
  readonly unit: string;
  readonly rounds: readonly Round<T>[];
  /** Names of the two contenders. */
  readonly ours: string;
  readonly rival: string;
  readonly of: (value: T) => number;
  readonly target: { atLeast: number } | { atMost: number };
}

/** The round whose ratio is the middle one: both figures of a row are of one and the same round. */
export function middleRow<T>({ name, unit, rounds, ours, rival, of, target }: MiddleRow<T>): Row {
  const pairs = rounds.flatMap(({ byName }) => {
    const [one, other] = [byName.get(ours), byName.get(rival)];
    return one === undefined || other === undefined ? [] : [{ one: of(one), other: of(other) }];
  });
  const middle = pairs.sort((a, b) => a.one / a.other - b.one / b.other)[Math.floor(pairs.length / 2)];
  return row(name, unit, middle?.one ?? Number.NaN, rival, middle?.other ?? Number.NaN, target);
}
