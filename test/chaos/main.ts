import { parseArgs } from "node:util";
import { killAgents } from "./agent.ts";
import type { Asked } from "./asked.ts";
import { killDataplane } from "./dataplane.ts";

/** `npm run chaos -- dataplane [--only WHOM] [--kills N] [--seed N]`. Exit code 0 when nothing was found, 1 when something was, 2 for wrong arguments. */

const HELP = `npm run chaos -- dataplane [--only dataplane|agent] [--kills N] [--seed N]

  dataplane   kill -9 at random moments of starts and applies; after each, nothing is left over and nothing is missing.
              Half of the kills meet the data plane, and in between nothing passes in the clear; the other half meet
              agents, whose data planes go on: their flows notice nothing. Needs root.
  --only WHOM dataplane or agent: all kills meet one of them
  --kills N   how often (20)
  --seed N    what decides the moments and plans (1)
`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const asked = read(args);
  if (asked === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  if (typeof asked === "string") {
    process.stderr.write(`${asked}\n\n${HELP}`);
    return 2;
  }
  const findings = await killAll(asked, (text) => process.stderr.write(text));
  for (const finding of findings) process.stdout.write(`${finding}\n`);
  process.stdout.write(
    `${asked.kills} kills, seed ${asked.seed}: ${findings.length === 0 ? "nothing left over, nothing missing, nothing in the clear" : `${findings.length} findings`}\n`,
  );
  return findings.length === 0 ? 0 : 1;
}

async function killAll({ kills, seed, only }: Command, say: (text: string) => void): Promise<string[]> {
  const ofAgents = { dataplane: 0, agent: kills, both: Math.floor(kills / 2) }[only];
  const ofDataplane = kills - ofAgents;
  return [
    ...(ofDataplane === 0 ? [] : await killDataplane({ kills: ofDataplane, seed }, say)),
    ...(ofAgents === 0 ? [] : await killAgents({ kills: ofAgents, seed }, say)),
  ];
}

interface Command extends Asked {
  readonly only: "dataplane" | "agent" | "both";
}

function read(args: readonly string[]): Command | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        kills: { type: "string", default: "20" },
        seed: { type: "string", default: "1" },
        only: { type: "string", default: "both" },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help || positionals.length === 0) return "help";
    if (positionals.join(" ") !== "dataplane") return `There is no chaos named "${positionals.join(" ")}".`;
    const [kills, seed] = [Number(values.kills), Number(values.seed)];
    if (!Number.isSafeInteger(kills) || kills < 1) return `--kills: ${values.kills} is no whole number from 1 on.`;
    if (!Number.isSafeInteger(seed) || seed < 0) return `--seed: ${values.seed} is no whole number from 0 on.`;
    const { only } = values;
    if (only !== "dataplane" && only !== "agent" && only !== "both")
      return `--only: ${only} is neither dataplane nor agent.`;
    return { kills, seed, only };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
