import type { Change } from "./change.ts";
import type { DesiredKernel, DesiredLimit } from "./desired.ts";
import { classId } from "./names.ts";
import type { ObservedKernel } from "./observed.ts";
import type { ObservedLimit } from "./observed-limits.ts";

/** Bandwidth of all but TCP: one HTB class a limited service on the VXLAN device, chosen by `meta priority`. */

/** Twenty milliseconds at full rate, but at least a few full packets. */
const BURST_S = 0.02;
const MIN_BURST_BYTES = 15_000;
/** `tc` prints a rate in the largest unit that leaves it four digits or so. */
const ROUNDING = 0.002;

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

export function classChange({ link, serviceIndex, bitsPerSecond, owner }: DesiredLimit): Change {
  const burst = Math.max(MIN_BURST_BYTES, Math.round((bitsPerSecond / 8) * BURST_S));
  return {
    line: `class replace dev ${link} parent 1: classid ${classId(serviceIndex)} htb rate ${bitsPerSecond}bit burst ${burst}b cburst ${burst}b quantum 15140`,
    owner,
  };
}

function isSame(limit: DesiredLimit, found: ObservedLimit): boolean {
  const isRateSame = Math.abs(limit.bitsPerSecond - found.bitsPerSecond) <= limit.bitsPerSecond * ROUNDING;
  return limit.serviceIndex === found.serviceIndex && isRateSame;
}
