import { parseArgs } from "node:util";

/** What a run is to do. */
export type Plan =
  | { readonly type: "soak"; readonly minutes: number; readonly agents: number; readonly seed: number }
  | { readonly type: "kills"; readonly kills: number; readonly seed: number }
  | { readonly type: "help" }
  | { readonly type: "wrong"; readonly problem: string };

export const HELP = `Usage: npm run soak -- [--minutes N] [--agents N] [--seed S]
       npm run soak -- --kills N [--seed S]

Real arctic-agent processes on loopback. The first form cuts, hangs and kills agents at random while clients write and
delete everywhere, for N minutes (10) with N agents (25); then all is calm, and the verdict says whether an acknowledged
write was lost, anything unknown or deleted is there, and all agents hold the same; after that it measures what a write
costs. The second form kills one agent under load N times with signal 9. What time does to a run does not follow from
its seed.
`;

export function planFrom(args: readonly string[], freshSeed: number): Plan {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        minutes: { type: "string", default: "10" },
        agents: { type: "string", default: "25" },
        kills: { type: "string" },
        seed: { type: "string", default: String(freshSeed) },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return { type: "help" };
    const seed = Number(values.seed);
    const minutes = Number(values.minutes);
    const agents = Number(values.agents);
    if (!Number.isSafeInteger(seed) || seed < 0) return wrong("--seed takes a whole number");
    if (values.kills !== undefined) {
      const kills = Number(values.kills);
      return Number.isSafeInteger(kills) && kills >= 1
        ? { type: "kills", kills, seed }
        : wrong("--kills takes a whole number from 1");
    }
    if (!(minutes > 0 && minutes <= 24 * 60)) return wrong("--minutes takes a number up to 1440");
    if (!Number.isSafeInteger(agents) || agents < 2 || agents > 60) return wrong("--agents takes 2 to 60");
    return { type: "soak", minutes, agents, seed };
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
}

function wrong(problem: string): Plan {
  return { type: "wrong", problem };
}
