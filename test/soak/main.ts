import { type KillsReport, runKills } from "./kills.ts";
import type { Complaint } from "./ledger.ts";
import { HELP, planFrom } from "./options.ts";
import { quantilesText } from "./quantiles.ts";
import { runSoak, type SoakReport } from "./soak.ts";

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
      const report = await runSoak(plan.minutes, plan.agents, plan.seed, tell);
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

function killsDefects({ complaints, versionsUsedTwice }: KillsReport): string[] {
  return [...complaints.map(complaintText), ...versionsUsedTwice.map((version) => `used twice: ${version}`)];
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

function soakDefects({ complaints, calmMs, alarms, acknowledged, cost }: SoakReport): string[] {
  return [
    ...complaints.map(complaintText),
    ...(calmMs === undefined ? ["the agents never held the same"] : []),
    ...Object.entries(alarms).flatMap(([event, count]) =>
      count === 0 ? [] : [`${event}: ${count} times in the logs`],
    ),
    ...(acknowledged === 0 ? ["no write was acknowledged"] : []),
    ...(cost?.spreadMs.includes(Number.POSITIVE_INFINITY) ? ["a write did not reach all agents in the calm"] : []),
  ];
}

const MOST_TOLD = 200;

function complaintText({ kind, where, name, expected, found }: Complaint): string {
  return `${kind}: ${name} on ${where} should be ${expected} and is ${found}`.slice(0, MOST_TOLD);
}

function tell(line: string): void {
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(0).padStart(4);
  process.stdout.write(`${seconds} s  ${line}\n`);
}
