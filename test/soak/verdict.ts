import type { KillsReport } from "./kills.ts";
import type { Complaint } from "./ledger.ts";
import type { SoakReport } from "./soak.ts";

/** What was wrong in a run of kills, a line each; empty where it was sound. */
export function killsDefects({ complaints, versionsUsedTwice }: KillsReport): string[] {
  return [...complaints.map(complaintText), ...versionsUsedTwice.map((version) => `used twice: ${version}`)];
}

/** What was wrong in a soak, a line each; empty where it was sound. */
export function soakDefects({ complaints, calmMs, alarms, acknowledged, cost }: SoakReport): string[] {
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
