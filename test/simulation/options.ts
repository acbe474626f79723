import { parseArgs } from "node:util";
import { SCENARIOS, type Scenario } from "./scenarios.ts";

/** What a batch of runs is to do. */
export interface Batch {
  readonly scenario: string;
  readonly from: number;
  readonly seeds: number;
  readonly peers: number;
}

export const HELP = `Usage: npm run simulate -- [--seeds N] [--from SEED] [--peers N] [--scenario NAME]

Runs the real core in virtual time with seeded faults, on all cores. A failure prints one line that replays it.
Without flags: 100 seeds of 16 peers under chaos.

${Object.entries(SCENARIOS)
  .map(([name, scenario]) => `  ${name.padEnd(10)} ${scenario.text}`)
  .join("\n")}
`;

/** The batch that the flags ask for; `help`; or what is wrong with them. Never throws. */
export function batchFrom(args: readonly string[]): Batch | "help" | { readonly wrong: string } {
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        seeds: { type: "string", default: "100" },
        from: { type: "string", default: "1" },
        peers: { type: "string", default: "16" },
        scenario: { type: "string", default: "chaos" },
        help: { type: "boolean", default: false },
      },
    }));
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) };
  }
  if (values.help === true) return "help";
  const [seeds, from, peers] = [values.seeds, values.from, values.peers].map(Number);
  const name = String(values.scenario);
  if (!isCount(seeds) || !isCount(from) || !isCount(peers) || peers > 200)
    return { wrong: "--seeds and --from take whole numbers from 1, --peers from 1 to 200" };
  if (scenarioNamed(name) === undefined)
    return { wrong: `there is no scenario ${name}: take one of ${Object.keys(SCENARIOS).join(", ")}` };
  return { scenario: name, from, seeds, peers };
}

export function scenarioNamed(name: string): Scenario | undefined {
  return Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined;
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && Number.isSafeInteger(value) && value >= 1;
}
