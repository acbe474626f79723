import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Bootstrapped, Client } from "../../src/api/client.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import { bootstrapped, clientOf, startTestAgent, type TestAgent, until } from "../helpers/agents.ts";
import { type Authority, createAuthority } from "../helpers/authority.ts";

const HOUR_MS = 3_600_000;

describe.each([
  ["ahead", HOUR_MS],
  ["behind", -HOUR_MS],
])("a host whose clock is an hour %s", (_, skewMs) => {
  let authority: Authority;
  let agents: TestAgent[] = [];
  let made: Bootstrapped[] = [];
  let offsetMs = 0;
  let clients: Client[] = [];
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + offsetMs };

  beforeAll(async () => {
    authority = createAuthority();
    const license = authority.issue();
    agents = [
      await startTestAgent(authority.rootsPath),
      await startTestAgent(authority.rootsPath),
      await startTestAgent(authority.rootsPath, {}, { clock }),
    ];
    made = [];
    for (const [at, agent] of agents.entries()) made.push(await bootstrapped(agent, license, `agent-${at}`));
    const [first] = made;
    if (first === undefined) throw new Error("nothing was bootstrapped");
    clients = agents.map((agent) => clientOf(agent, first));
    for (const agent of agents.slice(1)) await clients[0]?.addPeer({ address: agent.address() });
    await until("all are linked", async () => {
      const links = await Promise.all(
        clients.map(async (client) => (await client.allPeers()).filter(isConnected).length),
      );
      return links.every((count) => count === 3);
    });
    offsetMs = skewMs;
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    for (const agent of agents) await agent.remove();
    authority.remove();
  });

  const isConnected = ({ state }: { state: string }) => state === "connected";
  const clockCheck = async (at: number) =>
    (await clients[at]?.getReady())?.checks.find(({ name }) => name === "clock") ?? { status: "?", reason: "" };

  it("is told by itself and by the others whose it is, and the links stay", async () => {
    // The first word may come from a round trip that the jump cut in two.
    await until("the host itself says so", async () =>
      /most neighbours contradict this host's clock .*60 min.*set it/.test((await clockCheck(2)).reason ?? ""),
    );
    await until("the others say so", async () =>
      /these clocks differ from ours: peer_\w+ by [+-]60 min/.test((await clockCheck(0)).reason ?? ""),
    );
    expect((await clockCheck(0)).reason).toContain(made[2]?.peer_id);
    // Half a dozen heartbeats, and longer than any link may be silent.
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    for (const agent of agents)
      expect(agent.logLines.filter((line) => line.includes("gossip.peer_unlinked"))).toEqual([]);
  });

  it("is forgotten once the clock is right, and what was written meanwhile is everywhere", async () => {
    const [, , skewed] = clients;
    const own = made[2]?.peer_id;
    if (skewed === undefined || own === undefined) throw new Error("there are three agents");
    await skewed.updatePeer(own, { description: "written meanwhile" });
    offsetMs = 0;
    await until("nobody complains", async () => {
      const checks = await Promise.all([clockCheck(0), clockCheck(2)]);
      return checks.every(({ status }) => status === "ok");
    });
    await until(
      "the others have it",
      async () => (await clients[0]?.getPeer(own))?.description === "written meanwhile",
      30_000,
    );
  });
});
