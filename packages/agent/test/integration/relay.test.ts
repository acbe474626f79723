import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createId } from "@arctic/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, ConnectionError, createClient } from "../../src/api/client.ts";
import { loopbackEnvironment, startAgentProcess } from "../helpers/agent-process.ts";
import { bootstrapped, clientOf, startTestAgent, until } from "../helpers/agents.ts";
import { createAuthority } from "../helpers/authority.ts";
import { startCluster, type TestCluster } from "../helpers/cluster.ts";
import { crypto } from "../helpers/records.ts";

let keys = 0;
const newKey = () => {
  keys += 1;
  return `test-key-${String(keys).padStart(8, "0")}`;
};

describe("a call that another peer shall answer", () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster(3);
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  it("is answered there, whatever it asks for", async () => {
    const { client } = cluster.at(0);
    const { made } = cluster.at(1);
    const there = client.viaPeer(made.peer_id);
    expect(await there.getIdentity()).toMatchObject({ peer_id: made.peer_id });
    expect(await there.getStatus()).toMatchObject({ peer_id: made.peer_id });
    expect(await there.getLive()).toMatchObject({ status: "ok" });
    expect(await there.getReady()).toMatchObject({ status: "ready" });
    expect(await there.getMetrics()).toMatch(/^# HELP arctic_/m);
    expect((await there.allPeers({ is_local: "true" })).map(({ id }) => id)).toEqual([made.peer_id]);
    expect(await there.allCredentials()).toHaveLength(3);
    const created = await there.createCredential({ scopes: ["peers.read"] });
    expect(created.created_by).toBe(made.peer_id);
    expect(await client.viaPeer(cluster.at(0).made.peer_id).getIdentity()).toMatchObject({
      peer_id: cluster.at(0).made.peer_id,
    });
  });

  it("needs a token even for what anybody may ask directly", async () => {
    const stranger = cluster.at(0).agent.stranger();
    expect(await stranger.getIdentity()).toMatchObject({ peer_id: cluster.at(0).made.peer_id });
    await expect(stranger.viaPeer(cluster.at(1).made.peer_id).getIdentity()).rejects.toMatchObject({ status: 401 });
    stranger.close();
  });

  it("is refused where the peer is none, or its id is", async () => {
    const { client } = cluster.at(0);
    const nobody = cluster.at(1).made.peer_id.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
    await expect(client.viaPeer(nobody as never).getStatus()).rejects.toMatchObject({ status: 404, code: "NOT_FOUND" });
    await expect(client.viaPeer("peer_x" as never).getStatus()).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining("X-Arctic-Peer"),
    });
  });

  it("may be to leave, though who leaves cannot answer any more", async () => {
    const guest = await startTestAgent(cluster.authority.rootsPath);
    const made = await bootstrapped(guest, cluster.license, "guest");
    await cluster.at(0).client.addPeer({ address: guest.address() });
    await cluster.at(0).client.viaPeer(made.peer_id).removeSelf();
    expect((await cluster.at(0).client.getPeer(made.peer_id)).state).toBe("left");
    await guest.remove();
  });

  it("goes on to the owner, which makes two links", async () => {
    const [a, b, c] = [cluster.at(0), cluster.at(1), cluster.at(2)];
    const made = await a.client
      .viaPeer(b.made.peer_id)
      .createService({ source_peer_id: c.made.peer_id, target_peer_id: a.made.peer_id });
    expect(made).toMatchObject({ source_peer_id: c.made.peer_id, local_role: "entry" });
    await a.client.viaPeer(b.made.peer_id).deleteService(made.id);
  });
});

describe("a write that is sent again under its Idempotency-Key", () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster(2);
  });
  afterAll(async () => {
    await cluster?.remove();
  });
  const count = async () => (await cluster.at(1).client.allServices()).length;

  it.each([
    ["here", 0],
    ["on its owner", 1],
  ])("is done once %s, also when both come at the same time", async (_, source) => {
    const [a, b] = [cluster.at(0), cluster.at(1)];
    const body = {
      source_peer_id: cluster.at(source).made.peer_id,
      target_peer_id: cluster.at(1 - source).made.peer_id,
    };
    await cluster.settle();
    const before = await count();
    const key = newKey();
    const named = a.client.withIdempotencyKey(key);
    const [first, second] = await Promise.all([named.createService(body), named.createService(body)]);
    expect(second).toEqual(first);
    expect(await named.createService(body)).toEqual(first);
    // By another way to the same owner it is the same request of the same caller.
    const viaOther = b.client.withIdempotencyKey(key).createService(body);
    if (source === 1) expect((await viaOther).id).toBe(first.id);
    else expect(await viaOther).toMatchObject({ id: first.id });
    await until("both peers know", async () => (await count()) === before + 1);
  });

  it("is refused for another request, and is another one for another caller", async () => {
    const { client, agent } = cluster.at(0);
    const target_peer_id = cluster.at(1).made.peer_id;
    const key = newKey();
    const first = await client.withIdempotencyKey(key).createService({ name: "one", target_peer_id });
    await expect(client.withIdempotencyKey(key).createService({ name: "two", target_peer_id })).rejects.toMatchObject({
      status: 409,
      code: "CONFLICT",
      message: expect.stringContaining("Idempotency-Key"),
    });
    const other = clientOf(agent, await client.createCredential());
    const second = await other.withIdempotencyKey(key).createService({ name: "one", target_peer_id });
    expect(second.id).not.toBe(first.id);
    other.close();
  });

  it("shows a secret to the same caller once more, and to nobody else", async () => {
    const { client } = cluster.at(0);
    const named = client.withIdempotencyKey(newKey());
    const made = await named.createCredential({ scopes: ["peers.read"] });
    expect(await named.createCredential({ scopes: ["peers.read"] })).toEqual(made);
  });

  it("is known after a restart of the peer that did it, and done no second time", async () => {
    const { agent, made } = cluster.at(1);
    const target_peer_id = cluster.at(0).made.peer_id;
    const [key, secretKey] = [newKey(), newKey()];
    const client = clientOf(agent, cluster.at(0).made);
    const first = await client.withIdempotencyKey(key).createService({ target_peer_id });
    await client.withIdempotencyKey(secretKey).createCredential({ scopes: ["peers.read"] });
    client.close();
    await agent.restart();
    await cluster.settle();
    const before = await count();
    const after = clientOf(agent, cluster.at(0).made);
    expect(await after.withIdempotencyKey(key).createService({ target_peer_id })).toEqual(first);
    // Its answer held a secret, of which the disk has only the hash.
    await expect(
      after.withIdempotencyKey(secretKey).createCredential({ scopes: ["peers.read"] }),
    ).rejects.toMatchObject({ status: 409, message: expect.stringContaining("was done") });
    expect(await count()).toBe(before);
    expect(made.peer_id).toBe(first.source_peer_id);
    after.close();
  });

  it("is tried anew where the first time it was refused", async () => {
    const { client } = cluster.at(0);
    const key = newKey();
    const id = createId("svc", crypto, Date.now());
    await expect(client.withIdempotencyKey(key).deleteService(id)).rejects.toMatchObject({ status: 404 });
    const made = await client.withIdempotencyKey(key).createService({ target_peer_id: cluster.at(1).made.peer_id });
    expect(made.id).toMatch(/^svc_/);
  });

  it.each(["short", "with blanks and so on", "x".repeat(65)])("is refused for the key %j", async (key) => {
    await expect(cluster.at(0).client.withIdempotencyKey(key).sync()).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining("Idempotency-Key"),
    });
  });
});

describe("a write whose owner is away", () => {
  it("changes nothing where the owner cannot be reached, and is done under the same key once it can", async () => {
    const cluster = await startCluster(2);
    const [a, b] = [cluster.at(0), cluster.at(1)];
    try {
      const service = await b.client.createService({ name: "kept", target_peer_id: a.made.peer_id });
      await cluster.settle();
      await b.agent.agent.stop();
      const named = a.client.withIdempotencyKey(newKey());
      await expect(named.updateService(service.id, { name: "changed" })).rejects.toMatchObject({
        status: 422,
        code: "PEER_UNREACHABLE",
        message: expect.stringMatching(/nothing was changed/),
      });
      await b.agent.restart();
      await cluster.settle();
      expect(await a.client.getService(service.id)).toMatchObject({ name: "kept" });
      expect(await named.updateService(service.id, { name: "changed" })).toMatchObject({ name: "changed" });
    } finally {
      await cluster.remove();
    }
  });

  it("has an unknown outcome where the owner took it and fell silent, and the same key tells it later", async () => {
    const authority = createAuthority();
    const license = authority.issue();
    const near = await startTestAgent(authority.rootsPath);
    const made = await bootstrapped(near, license, "near");
    const stateDir = mkdtempSync(join(tmpdir(), "arctic-frozen-"));
    const far = await startAgentProcess({ environment: loopbackEnvironment(stateDir, authority.rootsPath) });
    const stranger = far.client();
    const farMade = await stranger.bootstrap({ license, addresses: [`127.0.0.1:${far.port}`] });
    const client: Client = clientOf(near, made);
    try {
      await client.addPeer({ address: `127.0.0.1:${far.port}` });
      await until("linked and agreed", async () => (await client.getStatus()).converged);
      const body = { source_peer_id: farMade.peer_id, target_peer_id: made.peer_id, name: "once" };
      far.child.kill("SIGSTOP");
      const refused = await client.createService(body).catch((error) => error);
      expect(refused).toMatchObject({
        status: 504,
        code: "OUTCOME_UNKNOWN",
        message: expect.stringMatching(/Idempotency-Key/),
        details: { idempotency_key: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/) },
      });
      far.child.kill("SIGCONT");
      const { idempotency_key } = refused.details;
      const named = client.withIdempotencyKey(idempotency_key);
      const outcome = await until(
        "the owner answers again",
        () => named.createService(body).catch(() => undefined),
        30_000,
      );
      expect(outcome).toMatchObject({ name: "once", source_peer_id: farMade.peer_id });
      await until("agreed again", async () => (await client.getStatus()).converged, 30_000);
      expect((await client.allServices()).map(({ id }) => id)).toEqual([outcome.id]);
    } finally {
      far.child.kill("SIGCONT");
      client.close();
      stranger.close();
      await far.end("SIGTERM");
      await near.remove();
      rmSync(stateDir, { recursive: true, force: true });
      authority.remove();
    }
  });
});

describe("a client whose agent does not answer", () => {
  it.each(["http://127.0.0.1:1", "https://127.0.0.1:1"])("names %s once", async (endpoint) => {
    const client = createClient({ endpoints: [endpoint], trust: { type: "fingerprints", sha256: ["00".repeat(32)] } });
    const error = await client.getLive().catch((caught) => caught);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message.split(endpoint)).toHaveLength(2);
    expect(error.message).toMatch(/nothing listens there/);
    client.close();
  });
});
