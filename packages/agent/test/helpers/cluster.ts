import type { License } from "@arctic/core";
import type { AgentParts } from "../../src/agent.ts";
import type { Bootstrapped, Client } from "../../src/api/client.ts";
import { bootstrapped, clientOf, startTestAgent, type TestAgent, until } from "./agents.ts";
import { type Authority, createAuthority } from "./authority.ts";

/** One member of a test's cluster, asked as the shared client of the first one. */
export interface TestMember {
  readonly agent: TestAgent;
  readonly made: Bootstrapped;
  readonly client: Client;
}

/** Agents of one cluster in this process, everyone linked with everyone. */
export interface TestCluster {
  readonly authority: Authority;
  readonly license: License;
  readonly members: readonly TestMember[];
  /** The member at the place; throws where there is none. */
  at(index: number): TestMember;
  /** Waits until all members have converged. */
  settle(): Promise<void>;
  remove(): Promise<void>;
}

/** `partsOf` gives each agent what it takes from outside. */
export async function startCluster(
  size: number,
  partsOf: (index: number) => AgentParts = () => ({}),
): Promise<TestCluster> {
  const authority = createAuthority();
  const license = authority.issue();
  const members: TestMember[] = [];
  for (let index = 0; index < size; index += 1) {
    const agent = await startTestAgent(authority.rootsPath, {}, partsOf(index));
    const made = await bootstrapped(agent, license, `peer-${index}`);
    members.push({ agent, made, client: clientOf(agent, members[0]?.made ?? made) });
  }
  const at = (index: number): TestMember => {
    const member = members[index];
    if (member === undefined) throw new Error(`the cluster has no member ${index}`);
    return member;
  };
  for (const { agent } of members.slice(1)) await at(0).client.addPeer({ address: agent.address() });
  const cluster: TestCluster = {
    authority,
    license,
    members,
    at,
    settle: async () => {
      await until("the cluster has converged", async () => {
        const all = await Promise.all(members.map(({ client }) => client.getStatus().catch(() => undefined)));
        return all.every((status) => status?.converged === true && status.totals.members === size);
      });
    },
    remove: async () => {
      for (const { client } of members) client.close();
      for (const { agent } of members) await agent.remove();
      authority.remove();
    },
  };
  await cluster.settle();
  return cluster;
}
