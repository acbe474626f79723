import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type BatchResult, RUNS_A_BATCH, runBatch } from "./run.ts";

const HELP = `Usage: npm run fuzz -- [--runs N] [--seed S]

Mutated frames and documents against core: 100,000 runs, or as many as asked, on all cores. A failure prints one line
that replays it.
`;

interface Answer {
  readonly seed: number;
  readonly result: BatchResult;
  /** Heap in use after a collection, in bytes. */
  readonly heap: number;
}

if (process.send !== undefined) serve();
else process.exitCode = await lead(process.argv.slice(2));

/** A worker: batch after batch, as the parent asks. */
function serve(): void {
  process.on("message", (seed: number) => {
    const result = runBatch(seed);
    globalThis.gc?.();
    process.send?.({ seed, result, heap: process.memoryUsage().heapUsed } satisfies Answer);
  });
  process.on("disconnect", () => process.exit());
}

async function lead(args: readonly string[]): Promise<number> {
  const asked = flagsFrom(args);
  if (typeof asked === "number") return asked;
  const { batches, seed } = asked;
  const total = { runs: 0, failed: 0, slowestMs: 0, firstHeap: 0, lastHeap: 0 };
  let next = 0;
  const onAnswer = ({ seed: of, result, heap }: Answer) => {
    total.runs += result.runs;
    total.slowestMs = Math.max(total.slowestMs, result.slowestMs);
    total.firstHeap ||= heap;
    total.lastHeap = heap;
    total.failed += result.failures.length;
    for (const failure of result.failures)
      process.stdout.write(`FAILED npm run fuzz -- --runs ${RUNS_A_BATCH} --seed ${of}   # ${failure}\n`);
    if (process.stderr.isTTY) process.stderr.write(`\r${total.runs} runs, ${total.failed} failed`);
  };
  const workers = Math.min(availableParallelism(), batches);
  await Promise.all(
    Array.from({ length: workers }, () => work(() => (next < batches ? seed + next++ : undefined), onAnswer)),
  );
  if (process.stderr.isTTY) process.stderr.write("\n");
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  process.stdout.write(
    `${total.runs.toLocaleString("en-US")} runs, ${total.failed} failed; slowest input ${Math.round(total.slowestMs)} ms; heap ${megabytes(total.firstHeap)} at first, ${megabytes(total.lastHeap)} at last\n`,
  );
  return total.failed === 0 ? 0 : 1;
}

function flagsFrom(args: readonly string[]): { readonly batches: number; readonly seed: number } | number {
  try {
    const options = {
      runs: { type: "string", default: "100000" },
      seed: { type: "string", default: "1" },
      help: { type: "boolean", default: false },
    } as const;
    const { values } = parseArgs({ args: [...args], options });
    if (values.help) {
      process.stdout.write(HELP);
      return 0;
    }
    const [runs, seed] = [Number(values.runs), Number(values.seed)];
    if (Number.isSafeInteger(runs) && runs >= 1 && Number.isSafeInteger(seed) && seed >= 1)
      return { batches: Math.ceil(runs / RUNS_A_BATCH), seed };
    process.stderr.write("--runs and --seed take whole numbers from 1\n");
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
  return 2;
}

function work(nextSeed: () => number | undefined, onAnswer: (answer: Answer) => void): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), { execArgv: [...process.execArgv, "--expose-gc"] });
  return new Promise((resolve, reject) => {
    let isDone = false;
    const order = () => {
      const seed = nextSeed();
      isDone = seed === undefined;
      if (seed === undefined) child.disconnect();
      else child.send(seed);
    };
    child.on("message", (answer: Answer) => {
      onAnswer(answer);
      order();
    });
    child.on("exit", (code, signal) =>
      isDone
        ? resolve()
        : reject(new Error(`a worker ended in the middle of a batch (${signal ?? code}): that is a crash of core`)),
    );
    order();
  });
}
