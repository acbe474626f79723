import { existsSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { finish, run } from "./command.ts";
import type { LedgerState, ProcessEntry } from "./ledger.ts";

/**
 * Removes all that a ledger names: every process in its namespaces, its other processes, the namespaces with their links
 * and rules, the directories. What is gone already is no error, so it can be repeated after any interruption.
 */
export async function removeAll(state: LedgerState, runDirectory: string): Promise<void> {
  await killAll(async () => [
    ...state.processes.filter(isAlive).map(({ pid }) => pid),
    ...(await pidsWithin(state.namespaces)),
  ]);
  for (const name of state.namespaces) if (exists(name)) await run(["ip", "netns", "del", name]);
  for (const path of state.directories) removeEmpty(path);
  // Last: until now it says what is still to be removed.
  rmSync(runDirectory, { recursive: true, force: true });
}

/** Field 22 of /proc/PID/stat; undefined for a process that has ended, also one that nobody has waited for yet. */
export function startTicksOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, ...fields] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return state === "Z" || state === "X" ? undefined : fields[18];
  } catch {
    return undefined;
  }
}

function isAlive({ pid, start_ticks }: ProcessEntry): boolean {
  return startTicksOf(pid) === start_ticks;
}

/** Asks again after each round: a supervisor may have started another while it was ended. */
async function killAll(living: () => Promise<number[]>): Promise<void> {
  const deadlineAt = Date.now() + 10_000;
  for (let pids = await living(); pids.length > 0; pids = await living()) {
    if (Date.now() > deadlineAt)
      throw new Error(`these processes did not end within 10 s of SIGKILL: ${pids.join(" ")}`);
    for (const pid of pids) kill(pid);
    await sleep(50);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function pidsWithin(namespaces: readonly string[]): Promise<number[]> {
  const pids: number[] = [];
  for (const name of namespaces.filter(exists)) {
    const { stdout } = await finish(["ip", "netns", "pids", name]);
    const lines = stdout.split("\n").filter((line) => line !== "");
    pids.push(...lines.map(Number).filter((pid) => startTicksOf(pid) !== undefined));
  }
  return pids;
}

function exists(namespace: string): boolean {
  return existsSync(`/run/netns/${namespace}`);
}

function removeEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTEMPTY") throw error;
  }
}
