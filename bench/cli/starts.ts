import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const ARCTIC = fileURLToPath(new URL("../../packages/cli/bin/arctic.js", import.meta.url));

/** A command line, run to its end. */
export interface Job {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** The built command, as a shell starts it. */
export function arctic(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Job {
  return { program: ARCTIC, args, environment };
}

/** Milliseconds from start to end, one list a job, in interleaved rounds so that all meet the same machine. */
export function timesOf(jobs: readonly Job[], rounds: number): number[][] {
  const times = jobs.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1)
    for (const [index, job] of jobs.entries()) times[index]?.push(timeOf(job));
  return times;
}

/** Throws where the command fails: a fast failure is no start. */
function timeOf({ program, args, environment }: Job): number {
  const startedAt = process.hrtime.bigint();
  const { status, stderr } = spawnSync(program, args, { env: { PATH: process.env.PATH, ...environment } });
  const ms = Number(process.hrtime.bigint() - startedAt) / 1e6;
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${status}: ${stderr}`);
  return ms;
}
