import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ServiceId } from "@arctic/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Bootstrapped, Client } from "../../src/api/client.ts";
import { bootstrapped, clientOf, startTestAgent, type TestAgent, until } from "../helpers/agents.ts";
import { type Authority, createAuthority } from "../helpers/authority.ts";

describe("three agents on loopback", () => {
  let authority: Authority;
  let agents: [TestAgent, TestAgent, TestAgent];
  let made: [Bootstrapped, Bootstrapped, Bootstrapped];
  let clients: [Client, Client, Client];
  let serviceId: ServiceId;

  beforeAll(async () => {
    authority = createAuthority();
    const start = () => startTestAgent(authority.rootsPath);
    agents = [await start(), await start(), await start()];
    const license = authority.issue();
    const [a, b, c] = agents;
    made = [
      await bootstrapped(a, license, "a"),
      await bootstrapped(b, license, "b"),
      await bootstrapped(c, license, "c"),
    ];
    // All three are asked with what A's bootstrap showed: it is the cluster's shared client once they are one cluster.
    clients = [clientOf(a, made[0]), clientOf(b, made[0]), clientOf(c, made[0])];
  });

  afterAll(async () => {
    for (const client of clients ?? []) client.close();
    for (const agent of agents ?? []) await agent.remove();
    authority.remove();
  });

  it("joins two peers at A's adds, and B and C find each other by themselves", async () => {
    const [a, b, c] = agents;
    const addedB = await clients[0].addPeer({ address: b.address() });
    expect(addedB).toMatchObject({ id: made[1].peer_id, name: "b", state: "connected", is_local: false });
    const addedC = await clients[0].addPeer({ address: c.address(), name: "renamed" });
    expect(addedC).toMatchObject({ id: made[2].peer_id, state: "connected", introduced_by: made[0].peer_id });
    await until("B sees C connected", async () => {
      const peers = await clients[1].allPeers();
      return peers.length === 3 && peers.every((peer) => peer.state === "connected");
    });
    await until("C sees B connected", async () => {
      const peers = await clients[2].allPeers();
      return peers.length === 3 && peers.every((peer) => peer.state === "connected");
    });
    await until(
      "C bears its new name everywhere",
      async () => (await clients[1].getPeer(made[2].peer_id)).name === "renamed",
    );
    await expect(clients[0].addPeer({ address: b.address() })).rejects.toMatchObject({
      status: 409,
      code: "ALREADY_EXISTS",
    });
    expect(a.address()).not.toBe(b.address());
  });

  it("agrees on one cluster id and on every hash", async () => {
    await until("all converged", async () => {
      const all = await Promise.all(clients.map((client) => client.getStatus()));
      const [first] = all;
      return all.every(
        (status) =>
          status.converged && status.cluster_id === first?.cluster_id && status.hashes.others === first.hashes.others,
      );
    });
  });

  it("accepts a token of A on B and C", async () => {
    const { access_token } = await clients[0].getToken();
    for (const agent of agents) {
      const response = await plainGet(agent, "/v1/peers", access_token);
      expect(response.status).toBe(200);
    }
  });

  it("shows a service that was written on A on C, routes and all", async () => {
    const created = await clients[0].createService({
      name: "web",
      target_peer_id: made[2].peer_id,
      routes: [{ priority: 10, dest_cidr: "10.9.0.0/16" }],
    });
    serviceId = created.id;
    expect(created).toMatchObject({ local_role: "entry", state: "inactive", source_peer_id: made[0].peer_id });
    const seen = await until("the service on C", () => clients[2].getService(serviceId).catch(() => undefined));
    expect(seen).toMatchObject({
      name: "web",
      local_role: "exit",
      routes: [{ route_id: 1, priority: 10, dest_cidr: "10.9.0.0/16" }],
    });
    const atB = await until("the service on B", () => clients[1].getService(serviceId).catch(() => undefined));
    expect(atB).toMatchObject({ local_role: "none", state: "unknown" });
  });

  it("relays a write to the service's owner", async () => {
    const added = await clients[1].addRoutes(serviceId, { routes: [{ priority: 20, dest_cidr: "10.10.0.0/16" }] });
    expect(added).toEqual({ route_ids: [2], count: 1 });
    const changed = await clients[2].updateService(serviceId, { bandwidth_limit_mbps: 50 });
    expect(changed).toMatchObject({ bandwidth_limit_mbps: 50, local_role: "entry" });
    const created = await clients[1].createService({
      name: "made from B",
      source_peer_id: made[2].peer_id,
      target_peer_id: made[0].peer_id,
    });
    expect(created.source_peer_id).toBe(made[2].peer_id);
    await clients[1].deleteService(created.id);
  });

  it("answers by another peer where X-Arctic-Peer names it", async () => {
    const status = await clients[0].viaPeer(made[1].peer_id).getStatus();
    expect(status.peer_id).toBe(made[1].peer_id);
  });

  it("keeps a deleted service deleted everywhere", async () => {
    await clients[2].deleteService(serviceId);
    for (const client of clients) {
      await until("the service is gone", async () =>
        client.getService(serviceId).then(
          () => false,
          (error) => error.code === "NOT_FOUND",
        ),
      );
    }
    await agents[1].restart();
    await until("B is back", async () => (await clients[1].getStatus()).converged);
    await expect(clients[1].getService(serviceId)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("puts a deleted peer out everywhere", async () => {
    await clients[0].deletePeer(made[2].peer_id);
    await until("B sees C revoked", async () => (await clients[1].getPeer(made[2].peer_id)).state === "revoked");
    await expect(clients[2].allPeers()).rejects.toMatchObject({ status: 401 });
    const status = await clients[0].getStatus();
    expect(status.totals.members).toBe(2);
  });

  it("writes no secret to a log", () => {
    const secrets = [
      ...made.map((reply) => reply.client_secret),
      ...agents.flatMap(({ config }) =>
        ["peer.key", "recovery.token"].map((name) => readFileSync(join(config.stateDir, name), "utf8").trim()),
      ),
    ];
    const log = agents.flatMap((agent) => agent.logLines).join("");
    expect(log).toContain("gossip.peer_linked");
    for (const secret of secrets) expect(log).not.toContain(secret);
    expect(log).not.toMatch(/eyJ[A-Za-z0-9_-]+\./);
    expect(log).not.toContain("driver.input_failed");
    expect(log).not.toContain("api.failed");
  });
});

async function plainGet(agent: TestAgent, path: string, token: string): Promise<Response> {
  return fetch(`http://${agent.address()}${path}`, { headers: { authorization: `Bearer ${token}` } });
}
