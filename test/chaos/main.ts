import { parseArgs } from "node:util";
import { killDataplane } from "./dataplane.ts";

/** `npm run chaos -- dataplane [--kills N] [--seed N]`. Exit code 0 when nothing was found, 1 when something was, 2 for wrong arguments. */

const HELP = `npm run chaos -- dataplane [--kills N] [--seed N]

  dataplane   kill -9 at random moments of starts and applies; after each, nothing is left over and nothing is missing,
              and in between nothing passes in the clear. Needs root.
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
  const findings = await killDataplane(asked, (text) => process.stderr.write(text));
  for (const finding of findings) process.stdout.write(`${finding}\n`);
  process.stdout.write(
    `${asked.kills} kills, seed ${asked.seed}: ${findings.length === 0 ? "nothing left over, nothing missing, nothing in the clear" : `${findings.length} findings`}\n`,
  );
  return findings.length === 0 ? 0 : 1;
}

function read(args: readonly string[]): { kills: number; seed: number } | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        kills: { type: "string", default: "20" },
        seed: { type: "string", default: "1" },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help || positionals.length === 0) return "help";
    if (positionals.join(" ") !== "dataplane") return `There is no chaos named "${positionals.join(" ")}".`;
    const [kills, seed] = [Number(values.kills), Number(values.seed)];
    if (!Number.isSafeInteger(kills) || kills < 1) return `--kills: ${values.kills} is no whole number from 1 on.`;
    if (!Number.isSafeInteger(seed) || seed < 0) return `--seed: ${values.seed} is no whole number from 0 on.`;
    return { kills, seed };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
