import { expect, it } from "vitest";
import { startTestAgent, until } from "../helpers/agents.ts";
import { startCluster } from "../helpers/cluster.ts";

it("a cluster with more members than its license allows says so, puts nobody out and takes nobody in", async () => {
  const cluster = await startCluster(2);
  const one = await startTestAgent(cluster.authority.rootsPath);
  try {
    const smaller = cluster.authority.issue({
      license_id: cluster.license.license_id,
      issued_at: new Date(Date.now() + 1_000).toISOString().replace(/\.\d+/, ""),
      max_nodes: 1,
    });
    await cluster.at(0).client.putLicense(smaller);
    for (const { client } of cluster.members) {
      const check = await until("health says so", async () => {
        const { checks } = await client.getReady();
        return checks.find(({ name, status }) => name === "peers" && status === "warning");
      });
      expect(check.reason).toBe("2 members, and the license allows 1");
    }
    expect((await cluster.at(1).client.getStatus()).totals).toMatchObject({ members: 2, connected: 1 });
    await expect(cluster.at(0).client.addPeer({ address: one.address() })).rejects.toMatchObject({
      status: 422,
      code: "NODE_LIMIT_EXCEEDED",
    });
  } finally {
    await one.remove();
    await cluster.remove();
  }
});
