import { createRandom } from "../simulation/random.ts";
import { type Corpus, recordCorpus } from "./corpus.ts";
import { mutated } from "./mutate.ts";
import { targetsOf } from "./targets.ts";

/** Runs that share one pair of nodes; a failure is found again by the batch's seed. */
export const RUNS_A_BATCH = 1000;
/** One input that takes longer is a way to stop a peer. */
const SLOW_MS = 2000;

export interface BatchResult {
  readonly runs: number;
  readonly failures: readonly string[];
  readonly slowestMs: number;
  /** How often each target was tried. */
  readonly triesByTarget: Readonly<Record<string, number>>;
}

let corpus: Corpus | undefined;

/** `RUNS_A_BATCH` mutated inputs, drawn from the seed alone. */
export function runBatch(seed: number): BatchResult {
  corpus ??= recordCorpus(1);
  const random = createRandom(seed);
  const targets = Object.entries(targetsOf(corpus));
  const sources = [
    ...corpus.frames,
    ...corpus.documents,
    "10.0.0.0/24",
    "fd00::/64",
    ...corpus.peers.map(({ identity }) => identity.peerId),
  ];
  const failures: string[] = [];
  const triesByTarget: Record<string, number> = {};
  let slowestMs = 0;
  for (let run = 0; run < RUNS_A_BATCH; run += 1) {
    const picked = random.pick(targets);
    if (picked === undefined) throw new Error("there are no targets");
    const [name, target] = picked;
    const text = mutated(random.pick(sources) ?? "", sources, random);
    triesByTarget[name] = (triesByTarget[name] ?? 0) + 1;
    const startedAt = performance.now();
    try {
      target(text, random);
    } catch (error) {
      const where =
        error instanceof Error
          ? `${error.name}: ${error.message} ${error.stack?.split("\n")[1]?.trim() ?? ""}`
          : String(error);
      if (failures.length < 5) failures.push(`${name}, input ${run}: ${where.slice(0, 300)}`);
    }
    const tookMs = performance.now() - startedAt;
    if (tookMs > SLOW_MS) failures.push(`${name}, input ${run}: it took ${Math.round(tookMs)} ms`);
    slowestMs = Math.max(slowestMs, tookMs);
  }
  return { runs: RUNS_A_BATCH, failures, slowestMs, triesByTarget };
}
