import { expect, it } from "vitest";
import { runKills } from "../../../../test/soak/kills.ts";

const KILLS = 10;

it("an agent under load that is killed at random moments loses nothing that it acknowledged, and uses no version twice", async () => {
  const seed = Date.now();
  const lines: string[] = [];
  const report = await runKills(KILLS, seed, (line) => lines.push(line));
  const told = `npm run soak -- --kills ${KILLS} --seed ${seed}\n${lines.join("\n")}`;
  expect(report.complaints, told).toEqual([]);
  expect(report.versionsUsedTwice, told).toEqual([]);
  expect(report.acknowledged, told).toBeGreaterThan(KILLS * 5);
}, 110_000);
