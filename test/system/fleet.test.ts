import { describe, expect, it } from "vitest";
import { runSoak } from "../soak/soak.ts";
import { soakDefects } from "../soak/verdict.ts";

/** Seconds of load and faults; starting the processes and coming to rest afterwards take longer. */
describe.each([
  { agents: 3, seconds: 6 },
  { agents: 5, seconds: 6 },
  { agents: 25, seconds: 15 },
])("$agents agents, each a process", ({ agents, seconds }) => {
  it("lose nothing, bring nothing back and come to hold the same, whatever is cut, hung and killed under load", async () => {
    const lines: string[] = [];
    const seed = Date.now() % 1_000_000;
    const minutes = seconds / 60;
    const report = await runSoak({ minutes, agents, seed, upTo: "verdict" }, (line) => lines.push(line));
    const told = `npm run soak -- --agents ${agents} --minutes ${minutes} --seed ${seed}\n${lines.join("\n")}`;
    expect(soakDefects(report), told).toEqual([]);
    expect(
      Object.values(report.faults).reduce((sum, count) => sum + count, 0),
      told,
    ).toBeGreaterThan(0);
    expect(report.acknowledged, told).toBeGreaterThan(0);
  }, 240_000);
});
