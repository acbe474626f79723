import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";

/** Who used the processor meanwhile: processes of the bench's namespaces, and everybody else. */

/** Seconds of user and system time. */
export interface Load {
  /** By the processes of this run, by pid; children that have ended are missing. */
  readonly ownByPid: ReadonlyMap<number, number>;
  readonly foreign: number;
  readonly atMs: number;
}

/** Clock ticks a second, USER_HZ; the same on every Linux that Node runs on. */
const TICKS = 100;

/** Whose network namespace is one of `namespaces`, or who is this process, is ours. */
export function loadNow(namespaces: ReadonlySet<string>): Load {
  const ownByPid = new Map<number, number>();
  let foreign = 0;
  for (const entry of readdirSync("/proc")) {
    const seconds = /^[0-9]+$/.test(entry) ? secondsOf(entry) : undefined;
    if (seconds === undefined) continue;
    if (Number(entry) === process.pid || namespaces.has(namespaceOf(entry))) ownByPid.set(Number(entry), seconds);
    else if (!isKernelThread(entry)) foreign += seconds;
  }
  return { ownByPid, foreign, atMs: performance.now() };
}

/** Processors that others kept busy between two readings: 1 is a whole one. */
export function foreignBetween(before: Load, after: Load): number {
  return Math.max(0, after.foreign - before.foreign) / ((after.atMs - before.atMs) / 1000);
}

/** Seconds that some of our processes used between two readings. */
export function secondsBetween(before: Load, after: Load, pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (after.ownByPid.get(pid) ?? 0) - (before.ownByPid.get(pid) ?? 0), 0);
}

export function namespaceOf(pid: string | number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return "";
  }
}

/** The same text for a namespace that `ip netns` made. */
export function namespaceNamed(name: string): string {
  return `net:[${statSync(`/run/netns/${name}`).ino}]`;
}

/** Processes of a namespace whose command line begins with, or runs, this program. */
export function pidsOf(namespace: string, program: RegExp): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^[0-9]+$/.test(entry) && namespaceOf(entry) === namespace && program.test(commandOf(entry)))
    .map(Number);
}

/** Resident megabytes of processes, each page of a process counted for it. */
export function residentMb(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) =>
    Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]),
  );
  return kilobytes.reduce((sum, one) => sum + one, 0) / 1024;
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

/** Kernel threads have no command line; what they do for our packets is not somebody else's load. */
const isKernelThread = (pid: string): boolean => commandOf(pid) === "";

function secondsOf(pid: string): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch {
    return undefined;
  }
}
