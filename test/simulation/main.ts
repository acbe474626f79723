import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { type Fault, type FaultCounts, noFaults } from "./faults.ts";
import { type Batch, batchFrom, HELP, scenarioNamed } from "./options.ts";
import type { Answer, Order } from "./worker.ts";

/** What a batch came to. */
interface Tally {
  done: number;
  failed: number;
  slowestMs: number;
  readonly counts: FaultCounts;
}

const batch = batchFrom(process.argv.slice(2));
if (batch === "help") process.stdout.write(HELP);
else if ("wrong" in batch) {
  process.stderr.write(`${batch.wrong}\n`);
  process.exitCode = 2;
} else process.exitCode = await run(batch);

async function run(asked: Batch): Promise<number> {
  const tally: Tally = { done: 0, failed: 0, slowestMs: 0, counts: noFaults() };
  let next = asked.from;
  const seedsLeft = () => (next < asked.from + asked.seeds ? next++ : undefined);
  const workers = Math.min(availableParallelism(), asked.seeds);
  await Promise.all(
    Array.from({ length: workers }, () => work(asked, seedsLeft, (answer) => count(asked, tally, answer))),
  );
  if (process.stderr.isTTY) process.stderr.write("\n");
  return conclude(asked, tally);
}

/** One process that is given seed after seed until none is left. */
function work(asked: Batch, seedsLeft: () => number | undefined, onAnswer: (answer: Answer) => void): Promise<void> {
  const worker = fork(fileURLToPath(new URL("worker.ts", import.meta.url)), { execArgv: process.execArgv });
  return new Promise((resolve, reject) => {
    let isDone = false;
    const order = () => {
      const seed = seedsLeft();
      isDone = seed === undefined;
      if (seed === undefined) worker.disconnect();
      else worker.send({ scenario: asked.scenario, peers: asked.peers, seed } satisfies Order);
    };
    worker.on("message", (answer: Answer) => {
      onAnswer(answer);
      order();
    });
    worker.on("exit", (code, signal) =>
      isDone ? resolve() : reject(new Error(`a worker ended in the middle of a run (${signal ?? code})`)),
    );
    order();
  });
}

function count(asked: Batch, tally: Tally, answer: Answer): void {
  tally.done += 1;
  const complaint = complaintIn(answer);
  if (complaint !== undefined) {
    tally.failed += 1;
    process.stdout.write(`FAILED ${replayOf(asked, answer.seed)}   # ${complaint}\n`);
  }
  if ("result" in answer) {
    for (const fault of Object.keys(tally.counts) as Fault[]) tally.counts[fault] += answer.result.counts[fault];
    tally.slowestMs = Math.max(tally.slowestMs, answer.result.convergedAfterMs ?? 0);
  }
  if (process.stderr.isTTY) process.stderr.write(`\r${tally.done} of ${asked.seeds} seeds, ${tally.failed} failed`);
}

function complaintIn(answer: Answer): string | undefined {
  if ("error" in answer) return answer.error;
  const { violations, convergedAfterMs } = answer.result;
  return violations[0] ?? (convergedAfterMs === undefined ? "the peers did not converge" : undefined);
}

function replayOf({ scenario, peers }: Batch, seed: number): string {
  return `npm run simulate -- --scenario ${scenario} --peers ${peers} --from ${seed} --seeds 1`;
}

/** A fault that a scenario lists must have struck at least once in a batch of some size. */
function conclude(asked: Batch, tally: Tally): number {
  const listed = scenarioNamed(asked.scenario)?.mustHit ?? [];
  const missed = asked.seeds < 10 ? [] : listed.filter((fault) => tally.counts[fault] === 0);
  for (const fault of missed) process.stdout.write(`FAILED no seed hit the fault ${fault}, which the scenario lists\n`);
  const faults = Object.entries(tally.counts).flatMap(([fault, times]) => (times === 0 ? [] : [`${fault} ${times}`]));
  process.stdout.write(
    `${asked.scenario}: ${tally.done} seeds of ${asked.peers} peers, ${tally.failed} failed; slowest convergence ${(tally.slowestMs / 1000).toFixed(1)} s; faults: ${faults.join(", ") || "none"}\n`,
  );
  return tally.failed + missed.length === 0 ? 0 : 1;
}
