import { randomBytes } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ledger, readLedger } from "./ledger.ts";
import type { Running } from "./processes.ts";
import { removeAll } from "./remove.ts";
import type { Screen } from "./screen.ts";

export const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** One run of the quickstart: what its parts share. */
export type Run = {
  id: string;
  directory: string;
  ledger: Ledger;
  screen: Screen;
  /** Aborted when the run is to end. */
  signal: AbortSignal;
  processes: Running[];
};

/** Opens the run directory, which only its owner can read. What a dead run left is removed first. Needs the lock. */
export async function openRun(directory: string, screen: Screen, signal: AbortSignal): Promise<Run> {
  const left = readOwned(directory);
  if (left === "foreign")
    throw new Error(`${directory} holds something else: remove it, or name another with --run-dir`);
  if (left !== undefined) {
    await screen.step(`removed what run ${left.run_id} had left behind`, async () => {
      await removeAll(left, directory);
      return undefined;
    });
  }
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const id = randomBytes(3).toString("hex");
  return { id, directory, ledger: new Ledger(directory, id), screen, signal, processes: [] };
}

/** Lets the run's processes end by themselves, then removes all that it has made. */
export async function closeRun(run: Run): Promise<void> {
  await Promise.all(run.processes.map((running) => running.stop(5_000)));
  await removeAll(run.ledger.state, run.directory);
}

export function logPath(run: Run, name: string): string {
  return join(run.directory, "logs", `${name}.log`);
}

function readOwned(directory: string) {
  const found = lstatSync(directory, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  const own = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
  if (!own) return "foreign";
  const ledger = readLedger(directory);
  if (ledger !== undefined) return ledger;
  return readdirSync(directory).every((name) => name === "state.json.new") ? undefined : "foreign";
}
