import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { rfc3339FromMs } from "@arctic/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createClient } from "../../src/api/client.ts";
import { clientOf, type TestAgent, until } from "../helpers/agents.ts";
import { startCluster, type TestCluster, type TestMember } from "../helpers/cluster.ts";

describe("a cluster with an entry peer and a fallback", () => {
  let cluster: TestCluster;
  let asked: TestMember;
  let server: TestMember;
  let fallback: TestMember;
  const createdBy = async (member: TestMember) =>
    (await member.client.createCredential({ scopes: ["peers.read"] })).created_by;
  const audited = ({ agent }: TestMember, event: string) =>
    agent.logLines.filter((line) => line.includes(`"${event}"`)).map((line) => JSON.parse(line));

  beforeAll(async () => {
    cluster = await startCluster(3);
    [asked, server, fallback] = [cluster.at(0), cluster.at(1), cluster.at(2)];
    await asked.client.updatePeer(server.made.peer_id, { entry: { role: "server" } });
    await asked.client.updatePeer(fallback.made.peer_id, { entry: { role: "fallback" } });
    await cluster.settle();
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  it("has credentials, rotations and the license done by the entry peer, whoever is asked", async () => {
    for (const member of cluster.members) expect(await createdBy(member)).toBe(server.made.peer_id);
    await asked.client.rotateClusterCredentials();
    expect(audited(server, "audit.rotate_cluster_credentials")).toMatchObject([
      { relayed_by: asked.made.peer_id, by: asked.made.client_id, status: 200 },
    ]);
    expect(audited(asked, "audit.rotate_cluster_credentials")).toMatchObject([{ relayed_to: server.made.peer_id }]);
    const renewed = cluster.authority.issue({
      license_id: cluster.license.license_id,
      issued_at: rfc3339FromMs(Date.parse(cluster.license.issued_at) + 60_000),
    });
    expect(await fallback.client.putLicense(renewed)).toMatchObject({ license: renewed });
    expect(audited(server, "audit.put_license")).toMatchObject([{ license_id: cluster.license.license_id }]);
    const made = await asked.client.createCredential();
    await asked.client.deleteCredential(made.client_id);
    expect(audited(server, "audit.delete_credential")).toMatchObject([{ client_id: made.client_id, status: 204 }]);
    await cluster.settle();
  });

  it("is reached through one more peer", async () => {
    const made = await asked.client.viaPeer(fallback.made.peer_id).createCredential({ scopes: ["peers.read"] });
    expect(made.created_by).toBe(server.made.peer_id);
  });

  it("takes a recovery token of the asked host, and does services where they are owned", async () => {
    const token = readFileSync(join(asked.agent.config.stateDir, "recovery.token"), "utf8").trim();
    const recovering = createClient({
      endpoints: [`https://${asked.agent.address()}`],
      trust: { type: "fingerprints", sha256: [asked.agent.agent.status().tlsFingerprint ?? ""] },
      auth: { type: "recovery", token },
    });
    expect((await recovering.createCredential()).created_by).toBe(server.made.peer_id);
    recovering.close();
    const service = await asked.client.createService({ target_peer_id: server.made.peer_id });
    expect(service.source_peer_id).toBe(asked.made.peer_id);
    await asked.client.deleteService(service.id);
  });

  it("has the fallback do them while the entry peer does not answer, and refuses where neither does", async () => {
    await cluster.settle();
    await server.agent.agent.stop();
    expect(await createdBy(asked)).toBe(fallback.made.peer_id);
    expect(await createdBy(fallback)).toBe(fallback.made.peer_id);
    expect((await asked.client.viaPeer(fallback.made.peer_id).createCredential()).created_by).toBe(
      fallback.made.peer_id,
    );
    await fallback.agent.agent.stop();
    const before = await asked.client.allCredentials();
    await expect(asked.client.createCredential()).rejects.toMatchObject({
      status: 422,
      code: "PEER_UNREACHABLE",
      message: expect.stringMatching(/neither .* nothing was changed.*"role": "server"/s),
    });
    expect(await asked.client.allCredentials()).toEqual(before);
  });

  it("follows the latest claim, so that another peer can take over", async () => {
    await asked.client.updatePeer(asked.made.peer_id, { entry: { role: "server" } });
    expect(await createdBy(asked)).toBe(asked.made.peer_id);
    await server.agent.restart();
    await fallback.agent.restart();
    await cluster.settle();
    await until("the old entry peer knows the new one", async () => (await createdBy(server)) === asked.made.peer_id);
    await asked.client.updatePeer(asked.made.peer_id, { entry: { role: "none" } });
    await asked.client.updatePeer(server.made.peer_id, { entry: { role: "none" } });
    await cluster.settle();
    expect(await createdBy(fallback)).toBe(fallback.made.peer_id);
  });
});

describe("a peer that is internal", () => {
  let cluster: TestCluster;
  let open: TestMember;
  let internal: TestMember;
  beforeAll(async () => {
    cluster = await startCluster(2);
    [open, internal] = [cluster.at(0), cluster.at(1)];
    await open.client.updatePeer(internal.made.peer_id, { api_access: "internal" });
    await until("it says so", async () => (await open.client.getPeer(internal.made.peer_id)).api_access === "internal");
  });
  afterAll(async () => {
    await cluster?.remove();
  });
  const refusal = { status: 403, code: "API_INTERNAL_ONLY" };

  it("refuses operators with a token, without one, and the token endpoint", async () => {
    const { access_token } = await open.client.getToken();
    const withToken = createClient({
      endpoints: [`https://${internal.agent.address()}`],
      trust: { type: "fingerprints", sha256: [internal.agent.agent.status().tlsFingerprint ?? ""] },
      auth: { type: "token", token: access_token },
    });
    await expect(withToken.allPeers()).rejects.toMatchObject(refusal);
    await expect(withToken.getStatus()).rejects.toMatchObject(refusal);
    await expect(withToken.createCredential()).rejects.toMatchObject(refusal);
    await expect(withToken.deletePeer(open.made.peer_id)).rejects.toMatchObject(refusal);
    await expect(withToken.events().next()).rejects.toMatchObject(refusal);
    withToken.close();
    const stranger = internal.agent.stranger();
    await expect(stranger.allServices()).rejects.toMatchObject(refusal);
    stranger.close();
    const fresh = clientOf(internal.agent, open.made);
    await expect(fresh.getToken()).rejects.toMatchObject(refusal);
    fresh.close();
  });

  it("refuses before it reads the body", async () => {
    const answer = await firstAnswer(
      internal.agent,
      "POST /v1/services HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n{",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(answer).toContain("API_INTERNAL_ONLY");
  });

  it("answers health, identity and the recovery token", async () => {
    const stranger = internal.agent.stranger();
    expect(await stranger.getLive()).toMatchObject({ status: "ok" });
    expect(await stranger.getReady()).toMatchObject({ status: "ready" });
    expect(await stranger.getIdentity()).toMatchObject({ peer_id: internal.made.peer_id });
    stranger.close();
    const token = readFileSync(join(internal.agent.config.stateDir, "recovery.token"), "utf8").trim();
    const recovering = (text: string) =>
      createClient({
        endpoints: [`https://${internal.agent.address()}`],
        trust: { type: "fingerprints", sha256: [internal.agent.agent.status().tlsFingerprint ?? ""] },
        auth: { type: "recovery", token: text },
      });
    const right = recovering(token);
    expect(await right.allPeers()).toHaveLength(2);
    right.close();
    const wrong = recovering("wrong");
    await expect(wrong.allPeers()).rejects.toMatchObject({ status: 401 });
    wrong.close();
  });

  it("does what a member relays for its own records, and no reads", async () => {
    const service = await open.client.createService({
      source_peer_id: internal.made.peer_id,
      target_peer_id: open.made.peer_id,
    });
    expect(service.source_peer_id).toBe(internal.made.peer_id);
    await open.client.updateService(service.id, { name: "renamed" });
    await open.client.deleteService(service.id);
    await expect(open.client.viaPeer(internal.made.peer_id).allPeers()).rejects.toMatchObject(refusal);
    expect((await open.client.viaPeer(internal.made.peer_id).getIdentity()).peer_id).toBe(internal.made.peer_id);
  });

  it("stays a full member, and opens again through another peer", async () => {
    await open.client.createService({ name: "seen", target_peer_id: internal.made.peer_id });
    await until("both agree", async () => (await open.client.getStatus()).converged);
    await open.client.updatePeer(internal.made.peer_id, { api_access: "full" });
    expect((await internal.client.allServices()).map(({ name }) => name)).toEqual(["seen"]);
  });
});

/** What comes first over a plain connection that sends the text and no more. */
function firstAnswer(agent: TestAgent, text: string): Promise<string> {
  const [host = "", port = ""] = agent.address().split(":");
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect({ host, port: Number(port) }, () => socket.write(text));
    socket.setTimeout(3_000, () => socket.destroy(new Error("no answer came before the body")));
    socket.on("error", reject);
    socket.on("data", (chunk) => {
      answer += chunk;
      if (!answer.includes("}")) return;
      socket.destroy();
      resolve(answer);
    });
  });
}
