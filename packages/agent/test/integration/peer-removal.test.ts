import { afterEach, describe, expect, it } from "vitest";
import { type Client, scopeName } from "../../src/api/client.ts";
import { bootstrapped, clientOf, startTestAgent, until } from "../helpers/agents.ts";
import { startCluster, type TestCluster } from "../helpers/cluster.ts";

describe("the removal of a peer", () => {
  const cleanups: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  /** A cluster of two to which the second brought two more; it and the first of those made a client each. */
  async function clusterWithGuests() {
    const cluster: TestCluster = await startCluster(2);
    cleanups.push(() => cluster.remove());
    const start = async (name: string, by: Client) => {
      const agent = await startTestAgent(cluster.authority.rootsPath);
      cleanups.push(() => agent.remove());
      const guest = await bootstrapped(agent, cluster.license, name);
      await by.addPeer({ address: agent.address() });
      const client = clientOf(agent, cluster.at(0).made);
      cleanups.push(() => client.close());
      return { guest, client };
    };
    const first = await start("guest-0", cluster.at(1).client);
    await until("the first guest knows the shared client", () =>
      first.client.getToken().then(
        () => true,
        () => false,
      ),
    );
    const second = await start("guest-1", first.client);
    const guests = [first.guest, second.guest];
    await until("all four know each other", async () => {
      const { totals, converged } = await cluster.at(0).client.getStatus();
      return totals.members === 4 && converged;
    });
    const made = await cluster.at(1).client.createCredential({ scopes: ["peers.read"] });
    const byGuest = await first.client.createCredential({ scopes: ["services.read"] });
    await until("its client is known", async () =>
      (await cluster.at(0).client.allCredentials()).some(({ client_id }) => client_id === byGuest.client_id),
    );
    return { cluster, guests, made, byGuest };
  }

  it("names whom it brought in and which clients it made, and keeps them unless asked", async () => {
    const { cluster, guests, made } = await clusterWithGuests();
    const [a, b] = [cluster.at(0), cluster.at(1)];
    const deleted = await a.client.deletePeer(b.made.peer_id);
    expect(deleted.peer_id).toBe(b.made.peer_id);
    expect(deleted.introduced.map(({ peer_id, name, fate }) => [peer_id, name, fate]).sort()).toEqual(
      guests.map(({ peer_id }, index) => [peer_id, `guest-${index}`, "kept"]).sort(),
    );
    expect(deleted.introduced.find(({ name }) => name === "guest-1")?.introduced_by).toBe(guests[0]?.peer_id);
    expect(deleted.credentials).toContainEqual({
      client_id: made.client_id,
      scopes: [scopeName("peers.read")],
      fate: "kept",
    });
    expect((await a.client.getPeer(b.made.peer_id)).state).toBe("revoked");
    for (const { peer_id } of guests) expect((await a.client.getPeer(peer_id)).state).not.toBe("revoked");
    expect((await a.client.allCredentials()).map(({ client_id }) => client_id)).toContain(made.client_id);
  });

  it("takes those with it where asked, also in a second request, and never the shared client", async () => {
    const { cluster, guests, made, byGuest } = await clusterWithGuests();
    const [a, b] = [cluster.at(0), cluster.at(1)];
    const deleted = await a.client.deletePeer(b.made.peer_id, { introduced: "true", credentials: "true" });
    expect(deleted.introduced.map(({ fate }) => fate)).toEqual(["revoked", "revoked"]);
    const fateOf = (id: string) => deleted.credentials.find(({ client_id }) => client_id === id)?.fate;
    expect([fateOf(made.client_id), fateOf(byGuest.client_id)]).toEqual(["revoked", "revoked"]);
    for (const { peer_id } of guests) expect((await a.client.getPeer(peer_id)).state).toBe("revoked");
    const status = await a.client.getStatus();
    expect(status.totals.members).toBe(1);
    const left = (await a.client.allCredentials()).map(({ client_id }) => client_id);
    expect(left).toEqual([a.made.client_id]);
    const again = await a.client.deletePeer(b.made.peer_id, { introduced: "true", credentials: "true" });
    expect(again).toEqual({ peer_id: b.made.peer_id, introduced: [], credentials: [] });
    const line = a.agent.logLines.find((text) => text.includes("audit.delete_peer")) ?? "";
    expect(JSON.parse(line)).toMatchObject({
      by: a.made.client_id,
      peer_id: b.made.peer_id,
      introduced: deleted.introduced.map(({ peer_id }) => peer_id),
    });
  });

  it("by one whom the founder added does not touch the founder's other guests", async () => {
    const cluster = await startCluster(3);
    cleanups.push(() => cluster.remove());
    const [a, b, c] = [cluster.at(0), cluster.at(1), cluster.at(2)];
    const deleted = await b.client.deletePeer(c.made.peer_id, { introduced: "true", credentials: "true" });
    expect(deleted.introduced).toEqual([]);
    await until("A sees it", async () => (await a.client.getPeer(c.made.peer_id)).state === "revoked");
    expect((await b.client.getPeer(a.made.peer_id)).state).toBe("connected");
  });

  it("is not asked for through the peer that it is about, which could not pass the answer on", async () => {
    const cluster = await startCluster(2);
    cleanups.push(() => cluster.remove());
    const [a, b] = [cluster.at(0), cluster.at(1)];
    await expect(a.client.viaPeer(b.made.peer_id).deletePeer(a.made.peer_id)).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining("DELETE /v1/peers/self"),
    });
    expect((await b.client.getPeer(a.made.peer_id)).state).toBe("connected");
    await b.client.deletePeer(a.made.peer_id);
    expect((await b.client.getPeer(a.made.peer_id)).state).toBe("revoked");
  });

  it.each(["?introduced=yes", "?credentials=1", "?introduced=true&introduced=true"])(
    "is refused for %s",
    async (query) => {
      const cluster = await startCluster(1);
      cleanups.push(() => cluster.remove());
      const { client, made, agent } = cluster.at(0);
      const { access_token } = await client.getToken();
      const response = await fetch(`http://${agent.address()}/v1/peers/${made.peer_id}${query}`, {
        method: "DELETE",
        headers: { authorization: `Bearer ${access_token}` },
      });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        error: expect.stringMatching(/^query\.(introduced|credentials): /),
      });
    },
  );
});

describe("the status of a cluster", () => {
  it("tells what members say of each other's reachability, and of licenses and owners that differ", async () => {
    const cluster = await startCluster(3);
    try {
      const [a, b, c] = [cluster.at(0), cluster.at(1), cluster.at(2)];
      await until("everyone has told of the others", async () => {
        const { peers } = await a.client.getStatus();
        return peers.every(({ is_local, reached_by }) => is_local || reached_by === 2);
      });
      expect(await a.client.getStatus()).toMatchObject({
        equivocations: { count: 0, latest: [] },
        other_license_hashes: [],
      });
      await c.agent.agent.stop();
      await until("both others say that it is gone", async () => {
        const { peers } = await a.client.getStatus();
        const row = peers.find(({ peer_id }) => peer_id === c.made.peer_id);
        return row?.unreached_by?.length === 2;
      });
      await until("B has heard it too", async () => {
        const { peers } = await b.client.getStatus();
        const row = peers.find(({ peer_id }) => peer_id === c.made.peer_id);
        return row?.reached_by === 0 && String(row.unreached_by) === String([a.made.peer_id, b.made.peer_id].sort());
      });
    } finally {
      await cluster.remove();
    }
  });
});
