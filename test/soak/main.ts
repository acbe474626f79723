import { type KillsReport, runKills } from "./kills.ts";
import { HELP, planFrom } from "./options.ts";
import { quantilesText } from "./quantiles.ts";
import { runSoak, type SoakReport } from "./soak.ts";
import { killsDefects, soakDefects } from "./verdict.ts";

const startedAt = Date.now();
process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const plan = planFrom(args, startedAt % 1_000_000);
  switch (plan.type) {
    case "help":
      process.stdout.write(HELP);
      return 0;
    case "wrong":
      process.stderr.write(`${plan.problem}\n\n${HELP}`);
      return 2;
    case "kills": {
      tell(`seed ${plan.seed}`);
      const report = await runKills(plan.kills, plan.seed, tell);
      return verdict(killsLines(report), killsDefects(report));
    }
    case "soak": {
      tell(`seed ${plan.seed}`);
      const report = await runSoak({ ...plan, upTo: "cost" }, tell);
      return verdict(soakLines(report), soakDefects(report));
    }
  }
}

function verdict(lines: readonly string[], defects: readonly string[]): number {
  process.stdout.write(`\n${lines.join("\n")}\n`);
  process.stdout.write(defects.length === 0 ? "verdict: sound\n" : `verdict: BROKEN\n${defects.join("\n")}\n`);
  return defects.length === 0 ? 0 : 1;
}

function killsLines({ kills, duringStart, acknowledged, refused, unanswered, restartsMs }: KillsReport): string[] {
  return [
    `${kills} kills under load, ${duringStart} more during a start`,
    `writes: ${acknowledged} acknowledged, ${refused} refused, ${unanswered} unanswered`,
    `restart until the peer runs: ${quantilesText(restartsMs)}`,
  ];
}

function soakLines(report: SoakReport): string[] {
  const { agents, faults, acknowledged, refused, unanswered, things, calmMs, latenciesMs, cost } = report;
  const done = Object.entries(faults).map(([name, count]) => `${count} ${name}`);
  return [
    `${agents} agents; faults: ${done.join(", ")}`,
    `writes: ${acknowledged} acknowledged, ${refused} refused, ${unanswered} unanswered; ${things} services in the end`,
    `acknowledged within: ${quantilesText(latenciesMs)}`,
    calmMs === undefined ? "all hashes equal: never" : `all hashes equal: ${calmMs} ms after the last fault`,
    ...(cost === undefined
      ? []
      : [
          `calm: a write is with each agent in ${quantilesText(cost.arrivalMs)}`,
          `calm: a write is with the last agent in ${quantilesText(cost.spreadMs)}`,
          `calm: ${cost.framesPerWrite.toFixed(1)} messages and ${cost.bytesPerWrite.toFixed(0)} bytes a write, in all agents together`,
          `idle: ${cost.idleBytesPerSecondPerAgent.toFixed(0)} bytes a second and agent`,
        ]),
  ];
}

function tell(line: string): void {
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(0).padStart(4);
  process.stdout.write(`${seconds} s  ${line}\n`);
}
