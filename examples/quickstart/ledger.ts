import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A process is known by its pid and its start time (clock ticks since boot): a pid alone may be another's by now. */
export type ProcessEntry = { name: string; pid: number; start_ticks: string };

export type LedgerState = {
  format: 1;
  run_id: string;
  namespaces: string[];
  processes: ProcessEntry[];
  /** Outside the run directory, made by us, to be removed when empty. */
  directories: string[];
};

/**
 * What a run has made of the host, on disk before it is made, so that whatever ends the run, the next can remove it.
 * Nothing of it has to survive the host's own restart: namespaces and processes do not either.
 */
export class Ledger {
  readonly #path: string;
  readonly #state: LedgerState;

  constructor(runDirectory: string, runId: string) {
    this.#path = ledgerPath(runDirectory);
    this.#state = { format: 1, run_id: runId, namespaces: [], processes: [], directories: [] };
    this.#write();
  }

  get state(): LedgerState {
    return this.#state;
  }

  addNamespace(name: string): void {
    this.#state.namespaces.push(name);
    this.#write();
  }

  addProcess(entry: ProcessEntry): void {
    this.#state.processes.push(entry);
    this.#write();
  }

  addDirectory(path: string): void {
    this.#state.directories.push(path);
    this.#write();
  }

  #write(): void {
    writeFileSync(`${this.#path}.new`, `${JSON.stringify(this.#state, undefined, 2)}\n`, { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }
}

/** The ledger that a run left in its directory; undefined where there is none. */
export function readLedger(runDirectory: string): LedgerState | undefined {
  let text: string;
  try {
    text = readFileSync(ledgerPath(runDirectory), "utf8");
  } catch {
    return undefined;
  }
  const state = JSON.parse(text) as LedgerState;
  if (state.format !== 1)
    throw new Error(`${ledgerPath(runDirectory)} was written by another version: remove what it names`);
  return state;
}

function ledgerPath(runDirectory: string): string {
  return join(runDirectory, "state.json");
}
