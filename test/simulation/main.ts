import { parseArgs } from "node:util";
import { type FaultCounts, noFaults } from "./faults.ts";
import { SCENARIOS } from "./scenarios.ts";

const HELP = `Usage: npm run simulate -- [--seeds N] [--from SEED] [--peers N] [--scenario NAME]

Runs the real core in virtual time with seeded faults. A failure prints one line that replays it.

${Object.entries(SCENARIOS)
  .map(([name, scenario]) => `  ${name.padEnd(10)} ${scenario.text}`)
  .join("\n")}
`;

function main(): number {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "100" },
      from: { type: "string", default: "1" },
      peers: { type: "string", default: "8" },
      scenario: { type: "string", default: "chaos" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [seeds, from, peers] = [values.seeds, values.from, values.peers].map(Number);
  const scenario = SCENARIOS[values.scenario];
  if (scenario === undefined || !isCount(seeds) || !isCount(from) || !isCount(peers)) {
    process.stderr.write(
      `--seeds, --from and --peers take whole numbers from 1; --scenario one of ${Object.keys(SCENARIOS).join(", ")}\n`,
    );
    return 2;
  }
  const total = noFaults();
  let failures = 0;
  let slowestMs = 0;
  for (let seed = from; seed < from + seeds; seed += 1) {
    if (process.stderr.isTTY) process.stderr.write(`\r${seed - from + 1} of ${seeds} seeds, ${failures} failed`);
    const result = scenario.run(seed, peers);
    for (const fault of Object.keys(total) as (keyof FaultCounts)[]) total[fault] += result.counts[fault];
    slowestMs = Math.max(slowestMs, result.convergedAfterMs ?? Number.POSITIVE_INFINITY);
    const complaints = [
      ...result.violations,
      ...(result.convergedAfterMs === undefined ? ["the peers did not converge"] : []),
    ];
    if (complaints.length === 0) continue;
    failures += 1;
    process.stdout.write(
      `FAILED npm run simulate -- --scenario ${values.scenario} --peers ${peers} --from ${seed} --seeds 1   # ${complaints[0]}\n`,
    );
  }
  if (process.stderr.isTTY) process.stderr.write("\n");
  const missed = scenario.mustHit.filter((fault) => total[fault] === 0);
  for (const fault of missed) process.stdout.write(`FAILED no seed hit the fault ${fault}, which the scenario lists\n`);
  const faults = Object.entries(total).map(([fault, count]) => `${fault} ${count}`);
  process.stdout.write(
    `${values.scenario}: ${seeds} seeds of ${peers} peers, ${failures} failed; slowest convergence ${slowestMs} ms; faults: ${faults.join(", ")}\n`,
  );
  return failures + missed.length === 0 ? 0 : 1;
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && Number.isSafeInteger(value) && value >= 1;
}

process.exitCode = main();
