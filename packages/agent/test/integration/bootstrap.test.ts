import { chmodSync, existsSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createId, rfc3339FromMs } from "@arctic/core";
import { afterEach, describe, expect, it } from "vitest";
import { createClient } from "../../src/api/client.ts";
import { createAgent } from "../../src/index.ts";
import { bootstrapped, clientOf, startTestAgent, type TestAgent, testConfig } from "../helpers/agents.ts";
import { type Authority, createAuthority } from "../helpers/authority.ts";
import { crypto } from "../helpers/records.ts";

describe("the bootstrap of a host", () => {
  const cleanups: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  const authorityOf = (options = {}): Authority => {
    const authority = createAuthority("test-root", options);
    cleanups.push(() => authority.remove());
    return authority;
  };
  const agentOf = async (authority: Authority, change = {}): Promise<TestAgent> => {
    const agent = await startTestAgent(authority.rootsPath, change);
    cleanups.push(() => agent.remove());
    return agent;
  };

  it("answers health before it and everything else after it", async () => {
    const authority = authorityOf();
    const agent = await agentOf(authority);
    const client = agent.stranger();
    cleanups.push(() => client.close());
    expect(await client.getLive()).toMatchObject({ status: "ok" });
    expect(await client.getReady()).toMatchObject({ status: "not_ready" });
    await expect(client.getIdentity()).rejects.toMatchObject({ status: 503, code: "NOT_BOOTSTRAPPED" });
    await expect(client.allPeers()).rejects.toMatchObject({ status: 503, code: "NOT_BOOTSTRAPPED" });

    const made = await bootstrapped(agent, authority.issue(), "first");
    expect(made.client_id.slice(4)).toBe(made.cluster_id.slice(4));
    expect(made.client_secret).toMatch(/^sec_[A-Za-z0-9_-]{43}$/);
    expect(await client.getReady()).toMatchObject({ status: "ready" });
    expect(await client.getIdentity()).toMatchObject({ peer_id: made.peer_id, cluster_id: made.cluster_id });
    await expect(bootstrapped(agent, authority.issue(), "again")).rejects.toMatchObject({
      status: 409,
      code: "ALREADY_BOOTSTRAPPED",
    });
    expect(statSync(join(agent.config.stateDir, "peer.key")).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(agent.config.stateDir, "arctic.sqlite")).includes(made.client_secret)).toBe(false);
  });

  it("refuses a license of a foreign root, one that was changed, and one that is long expired", async () => {
    const authority = authorityOf();
    const foreign = authorityOf();
    const agent = await agentOf(authority);
    const refused = (license: object) =>
      expect(bootstrapped(agent, license as ReturnType<Authority["issue"]>, "x")).rejects;
    await refused(foreign.issue()).toMatchObject({ status: 422, code: "LICENSE_INVALID" });
    await refused({ ...authority.issue(), max_nodes: 1000 }).toMatchObject({ code: "LICENSE_INVALID" });
    await refused(authority.issue({ expires_at: rfc3339FromMs(Date.now() - 20 * 86_400_000) })).toMatchObject({
      code: "LICENSE_EXPIRED",
    });
    await refused({}).toMatchObject({ code: "LICENSE_INVALID" });
    expect(existsSync(join(agent.config.stateDir, "peer.key"))).toBe(false);
    expect(existsSync(join(agent.config.stateDir, "peer.key.new"))).toBe(false);
  });

  it("keeps its secret, its peers and its key over a restart", async () => {
    const authority = authorityOf();
    const agent = await agentOf(authority);
    const made = await bootstrapped(agent, authority.issue(), "kept");
    await agent.restart();
    const client = clientOf(agent, made);
    cleanups.push(() => client.close());
    expect((await client.allPeers()).map((peer) => peer.name)).toEqual(["kept"]);
  });

  it("finishes a bootstrap that was cut off before its key took its place", async () => {
    const authority = authorityOf();
    const agent = await agentOf(authority);
    const made = await bootstrapped(agent, authority.issue(), "cut");
    await agent.agent.stop();
    const path = join(agent.config.stateDir, "peer.key");
    renameSync(path, `${path}.new`);
    await agent.restart();
    expect(agent.agent.status().peerId).toBe(made.peer_id);
    expect(existsSync(`${path}.new`)).toBe(false);
  });

  it("clears away a bootstrap that was cut off before its database", async () => {
    const authority = authorityOf();
    const agent = await agentOf(authority);
    await agent.agent.stop();
    const path = join(agent.config.stateDir, "peer.key");
    writeFileSync(`${path}.new`, "left behind\n", { mode: 0o600 });
    await agent.restart();
    expect(agent.agent.status().phase).toBe("fresh");
    expect(existsSync(`${path}.new`)).toBe(false);
    await bootstrapped(agent, authority.issue(), "now");
  });

  it("does not start with a key that is unsafe, missing or of another peer", async () => {
    const authority = authorityOf();
    const agent = await agentOf(authority);
    await bootstrapped(agent, authority.issue(), "x");
    await agent.agent.stop();
    const path = join(agent.config.stateDir, "peer.key");
    const text = readFileSync(path, "utf8");
    const starting = () => createAgent(agent.config, { writeLog: () => undefined }).start();

    chmodSync(path, 0o644);
    await expect(starting()).rejects.toThrow(/peer\.key can be read by others/);
    rmSync(path);
    await expect(starting()).rejects.toThrow(/peer\.key is missing/);
    writeFileSync(`${path}.real`, text, { mode: 0o600 });
    symlinkSync(`${path}.real`, path);
    await expect(starting()).rejects.toThrow(/is a symlink/);
    rmSync(path);
    writeFileSync(path, Buffer.alloc(32, 7).toString("base64url"), { mode: 0o600 });
    await expect(starting()).rejects.toThrow(/is the key of another peer/);
    writeFileSync(path, text, { mode: 0o600 });
    await agent.restart();
  });

  it("does not start with roots that everybody can write", async () => {
    const authority = authorityOf();
    chmodSync(authority.rootsPath, 0o666);
    const config = testConfig(authority.rootsPath);
    cleanups.push(() => rmSync(config.stateDir, { recursive: true, force: true }));
    await expect(createAgent(config, { writeLog: () => undefined }).start()).rejects.toThrow(
      /can be written by everybody/,
    );
  });

  it("gives the recovery token admin scope on its host, and no other token any", async () => {
    const authority = authorityOf();
    const agent = await agentOf(authority);
    await bootstrapped(agent, authority.issue(), "x");
    const trust = { type: "fingerprints", sha256: [agent.agent.status().tlsFingerprint ?? ""] } as const;
    const endpoints = [`https://${agent.address()}`];
    const token = readFileSync(join(agent.config.stateDir, "recovery.token"), "utf8").trim();
    const right = createClient({ endpoints, trust, auth: { type: "recovery", token } });
    const other = `${token.startsWith("A") ? "B" : "A"}${token.slice(1)}`;
    const wrong = createClient({ endpoints, trust, auth: { type: "recovery", token: other } });
    cleanups.push(
      () => right.close(),
      () => wrong.close(),
    );
    expect(await right.allPeers()).toHaveLength(1);
    await expect(wrong.allPeers()).rejects.toMatchObject({ status: 401 });
    expect(agent.logLines.join("")).toContain("api.recovery_used");
    expect(agent.logLines.join("")).not.toContain(token);
  });

  it("keeps peers of two customers apart", async () => {
    const authority = authorityOf();
    const [one, two] = [await agentOf(authority), await agentOf(authority)];
    const made = await bootstrapped(one, authority.issue(), "one");
    await bootstrapped(two, authority.issue({ customer_id: createId("cust", crypto, Date.now()) }), "two");
    const client = clientOf(one, made);
    cleanups.push(() => client.close());
    await expect(client.addPeer({ address: two.address() })).rejects.toMatchObject({
      status: 422,
      code: "HANDSHAKE_FAILED",
    });
    expect(await client.allPeers()).toHaveLength(1);
  });

  it("adds no peer beyond the license, and none that answers with another key", async () => {
    const authority = authorityOf();
    const [one, two] = [await agentOf(authority), await agentOf(authority)];
    const license = authority.issue({ max_nodes: 1 });
    const made = await bootstrapped(one, license, "one");
    await bootstrapped(two, license, "two");
    const client = clientOf(one, made);
    cleanups.push(() => client.close());
    await expect(client.addPeer({ address: two.address() })).rejects.toMatchObject({ code: "NODE_LIMIT_EXCEEDED" });

    const three = await agentOf(authority);
    const bigger = await bootstrapped(three, authority.issue(), "three");
    const other = clientOf(three, bigger);
    cleanups.push(() => other.close());
    await expect(other.addPeer({ address: two.address(), expect_key: made.peer_public_key })).rejects.toMatchObject({
      code: "HANDSHAKE_FAILED",
    });
    await expect(other.addPeer({ address: "127.0.0.1:1" })).rejects.toMatchObject({ code: "PEER_UNREACHABLE" });
  });
});
