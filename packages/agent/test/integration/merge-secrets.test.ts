import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Bootstrapped, Client } from "../../src/api/client.ts";
import { bootstrapped, clientOf, startTestAgent, type TestAgent, until } from "../helpers/agents.ts";
import { type Authority, createAuthority } from "../helpers/authority.ts";

const DAY_MS = 24 * 3_600_000;

describe("two clusters of one customer that meet", () => {
  let authority: Authority;
  const agents: TestAgent[] = [];
  const made: Bootstrapped[] = [];
  const clients: Client[] = [];
  const at = <T>(list: readonly T[], index: number): T => {
    const item = list[index];
    if (item === undefined) throw new Error(`there is no ${index}`);
    return item;
  };
  /** All four, asked with what the peer's bootstrap showed. */
  const askedAs = (index: number) =>
    Promise.all(
      agents.map(async (agent) => {
        const client = clientOf(agent, at(made, index));
        clients.push(client);
        return (await client.allPeers()).length;
      }),
    );

  beforeAll(async () => {
    authority = createAuthority();
    const license = authority.issue();
    for (const name of ["a", "b", "c", "d"]) {
      const agent = await startTestAgent(authority.rootsPath);
      agents.push(agent);
      made.push(await bootstrapped(agent, license, name));
    }
    clients.push(...agents.map((agent, index) => clientOf(agent, at(made, index < 2 ? 0 : 2))));
    await at(clients, 0).addPeer({ address: at(agents, 1).address() });
    await at(clients, 2).addPeer({ address: at(agents, 3).address() });
    const pairs = [at(clients, 0), at(clients, 2)];
    await until("two clusters", async () =>
      (await Promise.all(pairs.map((client) => client.getStatus()))).every(
        ({ converged, totals }) => converged && totals.members === 2,
      ),
    );
    // An add on each side.
    await Promise.allSettled([
      at(clients, 0).addPeer({ address: at(agents, 2).address() }),
      at(clients, 2).addPeer({ address: at(agents, 0).address() }),
    ]);
    await until(
      "one cluster",
      async () =>
        (await Promise.all(clients.slice(0, 4).map((client) => client.getStatus()))).every(
          ({ converged, totals, cluster_id }) =>
            converged && totals.members === 4 && cluster_id === at(made, 0).cluster_id,
        ),
      30_000,
    );
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    for (const agent of agents) await agent.remove();
    authority.remove();
  });

  it("take the older one's shared client, and the other's opens everywhere for a day", async () => {
    expect(await askedAs(0)).toEqual([4, 4, 4, 4]);
    expect(await askedAs(2)).toEqual([4, 4, 4, 4]);
    for (const client of clients.slice(0, 4)) {
      const { client_id, secrets, outlived } = await client.getClusterCredentials();
      expect(client_id).toBe(at(made, 0).client_id);
      expect(secrets).toMatchObject([{ is_current: true }]);
      const other = outlived.find((one) => one.client_id === at(made, 2).client_id);
      const end = Date.parse(other?.secrets[0]?.accepted_until ?? "");
      expect(end - Date.now()).toBeGreaterThan(DAY_MS - 120_000);
      expect(end - Date.now()).toBeLessThanOrEqual(DAY_MS);
    }
  });

  it("end what each fresh host's own bootstrap showed, in the same way", async () => {
    const all = [at(made, 1).client_id, at(made, 2).client_id, at(made, 3).client_id].sort();
    for (const client of clients.slice(0, 4)) {
      const { outlived } = await client.getClusterCredentials();
      expect(outlived.map(({ client_id }) => client_id)).toEqual(all);
    }
  });

  it("go on so after a restart, and for a peer that comes later", async () => {
    await at(agents, 1).restart();
    const later = await startTestAgent(authority.rootsPath);
    agents.push(later);
    await bootstrapped(later, authority.issue(), "e").catch(() => undefined);
    const license = (await at(clients, 0).getLicense()).license;
    expect(license.license_id).toMatch(/^lic_/);
    await at(clients, 0).addPeer({ address: later.address() });
    const client = clientOf(later, at(made, 0));
    clients.push(client);
    const outlived = await until("the newcomer knows", async () => {
      const credentials = await client.getClusterCredentials().catch(() => undefined);
      return credentials !== undefined && credentials.outlived.length === 4 ? credentials.outlived : undefined;
    });
    expect(outlived.map(({ client_id }) => client_id)).toContain(at(made, 2).client_id);
  });
});
