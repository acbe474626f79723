import { foreignBetween, type Load, loadNow } from "./load.ts";

/** Interleaved rounds: in each, every contender once, so that all meet the same machine. */

export interface Contender<T> {
  readonly name: string;
  measure(): Promise<T>;
}

export interface Round<T> {
  readonly byName: ReadonlyMap<string, T>;
  /** Processors that others kept busy while the worst of the round's samples was taken. */
  readonly foreign: number;
}

export interface RoundOptions {
  readonly namespaces: ReadonlySet<string>;
  /** Calm rounds that are wanted. */
  readonly wanted: number;
  /** Tries at most; where too few were calm, the calmest count. */
  readonly most: number;
}

/** More foreign load than this spoils a round. */
const CALM = 0.15;

export async function interleave<T>(
  contenders: readonly Contender<T>[],
  { namespaces, wanted, most }: RoundOptions,
): Promise<Round<T>[]> {
  const rounds: Round<T>[] = [];
  for (let tried = 0; tried < most && rounds.filter(isCalm).length < wanted; tried += 1) {
    const byName = new Map<string, T>();
    let foreign = 0;
    // Backwards every other time: who comes first meets the machine as the one before left it.
    for (const contender of tried % 2 === 0 ? contenders : [...contenders].reverse()) {
      const before: Load = loadNow(namespaces);
      byName.set(contender.name, await contender.measure());
      foreign = Math.max(foreign, foreignBetween(before, loadNow(namespaces)));
    }
    rounds.push({ byName, foreign });
  }
  const kept = rounds.sort((a, b) => a.foreign - b.foreign).slice(0, wanted);
  say(rounds.length, kept);
  return kept;
}

const isCalm = ({ foreign }: Round<unknown>): boolean => foreign <= CALM;

function say(tried: number, kept: readonly Round<unknown>[]): void {
  const worst = Math.max(...kept.map(({ foreign }) => foreign));
  const noise = worst > CALM ? `; others kept ${worst.toFixed(2)} of a processor busy, so read the ratios alone` : "";
  process.stderr.write(`${tried} rounds, the ${kept.length} calmest count${noise}\n`);
}
