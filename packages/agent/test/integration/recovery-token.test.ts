import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { bootstrapped, clientOf } from "../helpers/agents.ts";
import { loneAgent } from "../helpers/lone-agent.ts";

const lone = loneAgent();

it("is not searched for: after twenty wrong ones a minute the right one is refused too, and all are logged", async () => {
  const { agent, authority } = lone;
  const made = await bootstrapped(agent, authority.issue(), "guarded");
  const token = readFileSync(join(agent.config.stateDir, "recovery.token"), "utf8").trim();
  const statusWith = async (text: string) =>
    (await fetch(`http://${agent.address()}/v1/peers`, { headers: { "x-arctic-recovery": text } })).status;
  expect(await statusWith(token)).toBe(200);
  const statuses: number[] = [];
  for (let tries = 0; tries < 25; tries += 1) statuses.push(await statusWith(`guess-${tries}`));
  expect(statuses).toEqual([...new Array(20).fill(401), ...new Array(5).fill(429)]);
  expect(await statusWith(token)).toBe(429);
  const linesOf = (event: string) => agent.logLines.filter((line) => line.includes(`"${event}"`)).length;
  expect([linesOf("api.recovery_used"), linesOf("api.recovery_refused")]).toEqual([1, 20]);
  // Whoever has a token goes on.
  const client = clientOf(agent, made);
  await expect(client.getToken()).rejects.toMatchObject({ status: 429 });
  client.close();
});
