import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { bootstrapped, clientOf, until } from "../helpers/agents.ts";
import { loneAgent } from "../helpers/lone-agent.ts";

const lone = loneAgent();

it("a record that was changed on the disk is found behind the next start, and told", async () => {
  const { agent, authority } = lone;
  const made = await bootstrapped(agent, authority.issue(), "before");
  const rechecked = () =>
    agent.logLines.map((line) => JSON.parse(line)).filter(({ event }) => event === "storage.rechecked");
  await agent.restart();
  await until("the records were checked", () => rechecked().length === 1);
  expect(rechecked()[0]).toMatchObject({ records: 2, invalid: 0 });

  await agent.agent.stop();
  const database = new DatabaseSync(join(agent.config.stateDir, "arctic.sqlite"));
  database.exec(`UPDATE record SET document = replace(document, '"before"', '"forged"') WHERE kind = 'peer'`);
  database.close();
  await agent.restart();
  await until("the records were checked again", () => rechecked().length === 2);
  expect(rechecked()[1]).toMatchObject({ invalid: 1 });
  expect(agent.logLines.join("")).toContain("storage.record_invalid");
  const client = clientOf(agent, made);
  const storage = (await client.getReady()).checks.find(({ name }) => name === "storage");
  expect(storage).toMatchObject({ status: "warning", reason: expect.stringContaining(`peer|${made.peer_id}`) });
  expect(await client.getMetrics()).toMatch(/^arctic_storage_invalid_records 1$/m);
  client.close();
});
