import { type Runner, runOrThrow } from "./runner.ts";

export interface ObservedLimit {
  readonly link: string;
  readonly serviceIndex: number;
  readonly bitsPerSecond: number;
}

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
