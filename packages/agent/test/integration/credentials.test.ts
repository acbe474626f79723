import { type ClientId, createId } from "@arctic/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient, scopeName } from "../../src/api/client.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import { clientOf, type TestAgent, until } from "../helpers/agents.ts";
import { startCluster, type TestCluster } from "../helpers/cluster.ts";
import { crypto } from "../helpers/records.ts";

describe("credentials in a cluster of three", () => {
  let cluster: TestCluster;
  const open: Client[] = [];
  const as = (agent: TestAgent, made: { client_id: ClientId; client_secret: string }): Client => {
    const client = clientOf(agent, made);
    open.push(client);
    return client;
  };
  const withToken = async (agent: TestAgent, token: string): Promise<Client> => {
    const client = createClient({
      endpoints: [`https://${agent.address()}`],
      trust: { type: "fingerprints", sha256: [agent.agent.status().tlsFingerprint ?? ""] },
      auth: { type: "token", token },
    });
    open.push(client);
    return client;
  };

  beforeAll(async () => {
    cluster = await startCluster(3);
  });
  afterAll(async () => {
    for (const client of open) client.close();
    await cluster?.remove();
  });

  it("makes a client whose secret is shown once and opens every peer", async () => {
    const [a, b, c] = [cluster.at(0), cluster.at(1), cluster.at(2)];
    const made = await a.client.createCredential({ scopes: ["peers.read", scopeName("services.write")] });
    expect(made).toMatchObject({
      scopes: [scopeName("peers.read"), scopeName("services.write")],
      created_by: a.made.peer_id,
      license_id: cluster.license.license_id,
      is_shared: false,
      is_current: false,
      is_open: true,
    });
    expect(made.client_secret).toMatch(/^sec_[A-Za-z0-9_-]{43}$/);
    await cluster.settle();
    for (const { agent } of [b, c]) expect(await as(agent, made).allPeers()).toHaveLength(3);
    await expect(as(b.agent, made).allServices()).rejects.toMatchObject({ status: 403, code: "FORBIDDEN" });
    const listed = await c.client.allCredentials();
    expect(listed).toHaveLength(4);
    expect(JSON.stringify(listed)).not.toContain(made.client_secret);
    expect(listed.find(({ is_shared }) => is_shared)).toMatchObject({ client_id: a.made.client_id, is_current: true });
  });

  it("gives a client no more than its maker has, and all of it where nothing is named", async () => {
    const a = cluster.at(0);
    const narrow = await a.client.createCredential({ scopes: ["credentials.write", "peers.read"] });
    const client = as(a.agent, narrow);
    await expect(client.createCredential({ scopes: ["admin"] })).rejects.toMatchObject({
      status: 403,
      code: "FORBIDDEN",
    });
    await expect(client.createCredential({ scopes: ["services.read"] })).rejects.toMatchObject({ status: 403 });
    const heir = await client.createCredential();
    expect(heir.scopes).toEqual(narrow.scopes);
    const empty = await client.createCredential({ scopes: [] });
    expect(empty.scopes).toEqual(narrow.scopes);
  });

  it("lists in pages, without the revoked ones unless asked", async () => {
    const { client } = cluster.at(1);
    const all = await client.allCredentials();
    const first = await client.listCredentials({ limit: 2 });
    expect(first.credentials).toEqual(all.slice(0, 2));
    const paged = await client.allCredentials({ limit: 2 });
    expect(paged).toEqual(all);
    const gone = await client.createCredential({ scopes: ["peers.read"] });
    await client.deleteCredential(gone.client_id);
    expect((await client.allCredentials()).map(({ client_id }) => client_id)).not.toContain(gone.client_id);
    const withRevoked = await client.allCredentials({ include_revoked: "true" });
    const ended = withRevoked.find(({ client_id }) => client_id === gone.client_id);
    expect(ended).toMatchObject({ revoked_at: expect.stringMatching(/Z$/), is_open: false });
  });

  it("ends a revoked client's tokens at once on every peer", async () => {
    const [a, b, c] = [cluster.at(0), cluster.at(1), cluster.at(2)];
    const made = await a.client.createCredential({ scopes: ["peers.read"] });
    const { access_token } = await as(a.agent, made).getToken();
    await cluster.settle();
    const clients = await Promise.all([a, b, c].map(({ agent }) => withToken(agent, access_token)));
    for (const client of clients) expect(await client.allPeers()).toHaveLength(3);
    await b.client.deleteCredential(made.client_id);
    await expect(clients[1]?.allPeers()).rejects.toMatchObject({ status: 401, code: "UNAUTHORIZED" });
    for (const client of clients) {
      await until("the token fails everywhere", () =>
        client.allPeers().then(
          () => false,
          (error) => error.status === 401,
        ),
      );
    }
    await expect(as(c.agent, made).getToken()).rejects.toMatchObject({ status: 401 });
    await b.client.deleteCredential(made.client_id);
  });

  it("revokes neither the shared client nor the one that asks, and knows no strangers", async () => {
    const { client, made, agent } = cluster.at(0);
    await expect(client.deleteCredential(made.client_id)).rejects.toMatchObject({
      status: 422,
      code: "CANNOT_REVOKE_CURRENT",
    });
    const own = await client.createCredential({ scopes: ["credentials.write"] });
    await expect(as(agent, own).deleteCredential(own.client_id)).rejects.toMatchObject({
      code: "CANNOT_REVOKE_CURRENT",
    });
    await expect(as(agent, own).deleteCredential(made.client_id)).rejects.toMatchObject({
      code: "CANNOT_REVOKE_CURRENT",
    });
    await expect(client.deleteCredential(createId("cli", crypto, Date.now()))).rejects.toMatchObject({ status: 404 });
  });

  it("rotates the shared secret on any peer, and the one before works on for a day", async () => {
    const [a, b, c] = [cluster.at(0), cluster.at(1), cluster.at(2)];
    const before = await a.client.getClusterCredentials();
    expect(before).toMatchObject({ client_id: a.made.client_id, secrets: [{ is_current: true }] });
    const rotated = await b.client.rotateClusterCredentials();
    expect(rotated.client_id).toBe(a.made.client_id);
    expect(Date.parse(rotated.previous_accepted_until) - Date.parse(rotated.rotated_at)).toBe(24 * 3_600_000);
    await cluster.settle();
    for (const { agent } of [a, b, c]) {
      expect(await as(agent, rotated).allPeers()).toHaveLength(3);
      expect(await as(agent, a.made).allPeers()).toHaveLength(3);
    }
    const after = await c.client.getClusterCredentials();
    expect(after.secrets).toMatchObject([
      { secret_id: rotated.rotation_id, is_current: true },
      { secret_id: a.made.client_id, is_current: false, accepted_until: rotated.previous_accepted_until },
    ]);
    expect(JSON.stringify(after)).not.toMatch(/sec_|secret_hash/);
  });

  it("keeps the latest of two rotations current, and both open", async () => {
    const [a, b, c] = [cluster.at(0), cluster.at(1), cluster.at(2)];
    const [one, two] = await Promise.all([a.client.rotateClusterCredentials(), c.client.rotateClusterCredentials()]);
    await cluster.settle();
    const current = await Promise.all(
      cluster.members.map(async ({ client }) => (await client.getClusterCredentials()).secrets[0]?.secret_id),
    );
    expect(new Set(current).size).toBe(1);
    expect([one.rotation_id, two.rotation_id]).toContain(current[0]);
    for (const rotated of [one, two]) expect(await as(b.agent, rotated).allPeers()).toHaveLength(3);
  });

  it("refuses a rotation and a list to a client that may not", async () => {
    const { client, agent } = cluster.at(0);
    const reader = as(agent, await client.createCredential({ scopes: ["credentials.read"] }));
    expect(await reader.allCredentials()).not.toHaveLength(0);
    await expect(reader.rotateClusterCredentials()).rejects.toMatchObject({ status: 403 });
    await expect(reader.getClusterCredentials()).rejects.toMatchObject({ status: 403 });
    await expect(reader.createCredential()).rejects.toMatchObject({ status: 403 });
  });

  it.each([
    [{ scopes: ["peers.fly"] }, 400, /body\.scopes\.0/],
    [{ scopes: "admin" }, 400, /body\.scopes/],
    [{ scopes: ["admin", scopeName("admin")] }, 400, /body\.scopes\.1: this scope is named twice/],
    [{ scope: ["admin"] }, 400, /scope/],
    [{ scopes: [7] }, 400, /body\.scopes\.0/],
  ])("refuses the body %j and names the field", async (body, status, message) => {
    await expect(cluster.at(0).client.createCredential(body as never)).rejects.toMatchObject({
      status,
      code: "INVALID_REQUEST",
      message: expect.stringMatching(message),
    });
  });

  it("logs each of these with who did it, and no secret", () => {
    const log = cluster.at(0).agent.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const shared = cluster.at(0).made.client_id;
    expect(log).toContainEqual(
      expect.objectContaining({
        event: "audit.create_credential",
        by: shared,
        status: 201,
        remote_address: "127.0.0.1",
      }),
    );
    expect(log).toContainEqual(
      expect.objectContaining({ event: "audit.delete_credential", level: "warn", code: "CANNOT_REVOKE_CURRENT" }),
    );
    expect(log).toContainEqual(
      expect.objectContaining({
        event: "audit.rotate_cluster_credentials",
        level: "warn",
        status: 403,
        code: "FORBIDDEN",
      }),
    );
    const rotations = cluster.members.flatMap(({ agent }) =>
      agent.logLines.filter((line) => line.includes("audit.rotate_cluster_credentials")),
    );
    expect(rotations.length).toBeGreaterThanOrEqual(3);
    expect(cluster.members.flatMap(({ agent }) => agent.logLines).join("")).not.toMatch(/sec_[A-Za-z0-9_-]{20}|eyJ/);
  });
});

describe("a rotation by a peer whose clock is two minutes behind", () => {
  it("is the current one all the same", async () => {
    const slow: Clock = { ...systemClock, now: () => systemClock.now() - 120_000 };
    const cluster = await startCluster(2, (index) => (index === 1 ? { clock: slow } : {}));
    try {
      const first = await cluster.at(0).client.rotateClusterCredentials();
      await cluster.settle();
      const second = await cluster.at(1).client.rotateClusterCredentials();
      await cluster.settle();
      for (const { client } of cluster.members) {
        const { secrets } = await client.getClusterCredentials();
        expect(secrets[0]).toMatchObject({ secret_id: second.rotation_id, is_current: true });
        expect(secrets.map(({ secret_id }) => secret_id)).toContain(first.rotation_id);
      }
    } finally {
      await cluster.remove();
    }
  });
});
