import type { Change } from "./changes.ts";
import type { DesiredKernel } from "./desired.ts";
import type { ObservedKernel } from "./observed.ts";
import { type Runner, runOrThrow } from "./runner.ts";

/** Bandwidth of all but TCP: one HTB class a limited service on the VXLAN device, chosen by `meta priority`. */

/** What leaves a device within one service's limit. */
export interface DesiredLimit {
  readonly link: string;
  /** Of the class: its minor number. */
  readonly serviceIndex: number;
  readonly mark: number;
  readonly bitsPerSecond: number;
  readonly owner: string;
}

export interface ObservedLimit {
  readonly link: string;
  readonly serviceIndex: number;
  readonly bitsPerSecond: number;
}

/** Twenty milliseconds at full rate, but at least a few full packets. */
const BURST_S = 0.02;
const MIN_BURST_BYTES = 15_000;

/** Lines for `tc -batch`. `lost` are links that are made anew, whose queues are gone. */
export function limitChanges(desired: DesiredKernel, observed: ObservedKernel, lost: ReadonlySet<string>): Change[] {
  return desired.links
    .filter((link) => link.kind === "vxlan")
    .flatMap(({ name, owner }) => {
      const wanted = desired.limits.filter((limit) => limit.link === name);
      const isKept = !lost.has(name) && observed.links.some((link) => link.name === name && link.qdisc === "htb");
      const held = isKept ? observed.limits.filter((limit) => limit.link === name) : [];
      if (wanted.length === 0) return isKept ? [{ line: `qdisc delete dev ${name} root`, owner }] : [];
      return [
        ...(isKept ? [] : [{ line: `qdisc replace dev ${name} root handle 1: htb default 0`, owner }]),
        ...wanted.filter((limit) => !held.some((found) => isSame(limit, found))).map(classChange),
        ...held
          .filter((found) => !wanted.some((limit) => limit.serviceIndex === found.serviceIndex))
          .map((found) => ({ line: `class delete dev ${name} classid ${classId(found.serviceIndex)}`, owner })),
      ];
    });
}

export const classId = (serviceIndex: number): string => `1:${serviceIndex.toString(16)}`;

/** Reads the classes of one device. This `tc` prints HTB classes as text, whatever is asked of it. */
export async function observeLimits(runner: Runner, link: string): Promise<ObservedLimit[]> {
  return limitsFromTc(link, await runOrThrow(runner, ["tc", "class", "show", "dev", link]));
}

export function limitsFromTc(link: string, text: string): ObservedLimit[] {
  return text.split("\n").flatMap((line) => {
    const found = /^class htb 1:([0-9a-f]+) .*\brate ([0-9.]+)([KMGT]?)bit\b/.exec(line);
    if (found === null) return [];
    const [, minor = "", rate = "", unit = ""] = found;
    return [{ link, serviceIndex: Number.parseInt(minor, 16), bitsPerSecond: Number(rate) * (UNITS[unit] ?? 1) }];
  });
}

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

function classChange({ link, serviceIndex, bitsPerSecond, owner }: DesiredLimit): Change {
  const burst = Math.max(MIN_BURST_BYTES, Math.round((bitsPerSecond / 8) * BURST_S));
  return {
    line: `class replace dev ${link} parent 1: classid ${classId(serviceIndex)} htb rate ${bitsPerSecond}bit burst ${burst}b cburst ${burst}b quantum 15140`,
    owner,
  };
}

function isSame(limit: DesiredLimit, found: ObservedLimit): boolean {
  return limit.serviceIndex === found.serviceIndex && limit.bitsPerSecond === found.bitsPerSecond;
}
