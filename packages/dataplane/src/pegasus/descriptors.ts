import { readFileSync } from "node:fs";

/** Listeners, links, channels and what a worker's own libraries hold open. */
const HELD_BACK = 256;

/** What the kernel's own table can grow to. */
const KERNEL_MOST = 2 ** 30;

/**
 * How many flows a worker can hold: one descriptor each, of as many as the system lets a process like this one have.
 * Node lifts its own limit to the hard one, and so does every worker.
 */
export function flowsAtMost(limits: string = readFileSync("/proc/self/limits", "utf8")): number {
  const [, hard = "0"] = /^Max open files +\S+ +(\S+)/m.exec(limits) ?? [];
  return hard === "unlimited" ? KERNEL_MOST : Math.max(0, Number(hard) - HELD_BACK);
}
