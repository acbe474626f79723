import { execFile } from "node:child_process";
import { connect } from "node:net";
import { promisify } from "node:util";
import type { ServiceId } from "@arctic/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Client, ClusterEvent } from "../../src/api/client.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import { bootstrapped, clientOf, startTestAgent, type TestAgent, until } from "../helpers/agents.ts";
import { createAuthority } from "../helpers/authority.ts";
import { startCluster, type TestCluster } from "../helpers/cluster.ts";

/** As the host's, but what happens every 15 s happens every 200 ms. */
const hastyClock: Clock = {
  ...systemClock,
  every: (intervalMs, callback) => systemClock.every(intervalMs === 15_000 ? 200 : intervalMs, callback),
};

/** Collects a client's events until it is stopped. */
function listen(client: Client) {
  const events: ClusterEvent[] = [];
  const abort = new AbortController();
  const ended = (async () => {
    for await (const event of client.events({ signal: abort.signal })) events.push(event);
  })();
  ended.catch(() => undefined);
  return {
    events,
    ended,
    stop: () => abort.abort(),
    /** The first event that matches, as soon as it has come. */
    heard: (expected: object) =>
      until(`the event ${JSON.stringify(expected)} among ${events.map(({ type }) => type)}`, () =>
        events.find((event) => {
          try {
            expect(event).toMatchObject(expected);
            return true;
          } catch {
            return false;
          }
        }),
      ),
  };
}

describe("the events of a cluster of two", () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster(2);
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  it("tell a signed change from another peer, and the state of its service", async () => {
    const [a, b] = [cluster.at(0), cluster.at(1)];
    const listener = listen(b.client);
    await listener.heard({ type: "opened", peer_id: b.made.peer_id, cluster_id: a.made.cluster_id, replays: false });
    const made = await a.client.createService({ name: "seen", target_peer_id: b.made.peer_id });
    const heard = await listener.heard({ type: "record", record: { kind: "service", id: made.id } });
    expect(heard).toMatchObject({ record: { owner: a.made.peer_id, body: { name: "seen" } } });
    expect(heard.type === "record" && heard.record.signature).toMatch(/^[A-Za-z0-9_-]{86}$/);
    await listener.heard({ type: "service_state", service_id: made.id, local_role: "exit", state: "inactive" });
    await a.client.deleteService(made.id);
    await listener.heard({ type: "record", record: { kind: "service", id: made.id, deleted: true } });
    listener.stop();
    await listener.ended;
  });

  it("tell that a peer is gone and that it is back", async () => {
    const [a, b] = [cluster.at(0), cluster.at(1)];
    const listener = listen(a.client);
    await listener.heard({ type: "opened" });
    await b.agent.restart();
    const gone = await listener.heard({ type: "peer_state", peer_id: b.made.peer_id, name: "peer-1" });
    expect(gone).not.toMatchObject({ state: "connected" });
    await listener.heard({ type: "peer_state", peer_id: b.made.peer_id, state: "connected" });
    listener.stop();
    await cluster.settle();
  });

  it("tell a license that was put in", async () => {
    const listener = listen(cluster.at(1).client);
    await listener.heard({ type: "opened" });
    await cluster.at(0).client.putLicense(
      cluster.authority.issue({
        license_id: cluster.license.license_id,
        issued_at: new Date(Date.now() + 1_000).toISOString().replace(/\.\d+/, ""),
      }),
    );
    await listener.heard({ type: "license", license_id: cluster.license.license_id, state: "valid" });
    listener.stop();
  });

  it("keep services and clients from those who may not read them", async () => {
    const { client, agent, made } = cluster.at(0);
    const narrow = clientOf(agent, await client.createCredential({ scopes: ["peers.read"] }));
    const [all, few] = [listen(client), listen(narrow)];
    await Promise.all([all.heard({ type: "opened" }), few.heard({ type: "opened" })]);
    const service = await client.createService({ name: "hidden", target_peer_id: cluster.at(1).made.peer_id });
    await client.rotateClusterCredentials();
    await client.updatePeer(made.peer_id, { description: "changed" });
    await all.heard({ type: "record", record: { kind: "rotation" } });
    await few.heard({ type: "record", record: { kind: "peer", body: { description: "changed" } } });
    expect(few.events.filter((event) => event.type === "record").map(({ record }) => record.kind)).toEqual(["peer"]);
    expect(few.events.some(({ type }) => type === "service_state")).toBe(false);
    await client.deleteService(service.id);
    for (const one of [all, few]) one.stop();
    narrow.close();
  });

  it("end at once when the listener's client is revoked on another peer", async () => {
    const [a, b] = [cluster.at(0), cluster.at(1)];
    const doomed = await a.client.createCredential({ scopes: ["peers.read"] });
    await cluster.settle();
    const client = clientOf(b.agent, doomed);
    const listener = listen(client);
    await listener.heard({ type: "opened" });
    await a.client.deleteCredential(doomed.client_id);
    await listener.heard({ type: "closed", code: "UNAUTHORIZED" });
    await listener.ended;
    client.close();
  });

  it("are not relayed, and not for who may not read peers", async () => {
    const [a, b] = [cluster.at(0), cluster.at(1)];
    const relayed = a.client.viaPeer(b.made.peer_id).events();
    await expect(relayed.next()).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining("X-Arctic-Peer"),
    });
    const other = clientOf(a.agent, await a.client.createCredential({ scopes: ["services.read"] }));
    await expect(other.events().next()).rejects.toMatchObject({ status: 403 });
    other.close();
  });

  it("are at most 32 streams, and a closed one makes room", async () => {
    const { client } = cluster.at(0);
    const listeners = Array.from({ length: 32 }, () => listen(client));
    for (const listener of listeners) await listener.heard({ type: "opened" });
    await expect(client.events().next()).rejects.toMatchObject({ status: 429 });
    for (const listener of listeners) listener.stop();
    await until("room again", async () => {
      const stream = client.events();
      const isOpen = await stream.next().then(
        () => true,
        () => false,
      );
      await stream.return();
      return isOpen;
    });
  });
});

describe("an event stream on the wire", () => {
  let agent: TestAgent;
  let client: Client;
  let token: string;
  const authority = createAuthority();
  beforeAll(async () => {
    agent = await startTestAgent(authority.rootsPath, {}, { clock: hastyClock });
    client = clientOf(agent, await bootstrapped(agent, authority.issue(), "wire"));
    token = (await client.getToken()).access_token;
  });
  afterAll(async () => {
    client?.close();
    await agent?.remove();
    authority.remove();
  });

  it("is what curl reads: named events, heartbeats as comments, nothing replayed, closed when the agent stops", async () => {
    const args = ["-sN", "--max-time", "20", "-D", "-", "-H", "@-", `http://${agent.address()}/v1/events`];
    const running = promisify(execFile)("curl", args);
    running.child.stdin?.end(`Authorization: Bearer ${token}\nLast-Event-ID: 1\n`);
    let text = "";
    running.child.stdout?.on("data", (chunk: string) => {
      text += chunk;
    });
    await until("two heartbeats", () => text.split(": heartbeat\n\n").length > 2);
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(text).toMatch(/\r\ncontent-type: text\/event-stream\r\n/i);
    const [, body = ""] = text.split("\r\n\r\n");
    expect(body.startsWith('event: opened\ndata: {"type":"opened",')).toBe(true);
    expect(body).toContain('"replays":false');
    expect(body).not.toMatch(/^id:/m);
    await agent.agent.stop();
    const { stdout } = await running;
    expect(stdout).toMatch(/event: closed\ndata: .*"STOPPED"/);
  });
});

describe("a listener that does not read", () => {
  it("is cut, and the others go on", async () => {
    const authority = createAuthority();
    const agent = await startTestAgent(authority.rootsPath);
    const peer = await startTestAgent(authority.rootsPath);
    const license = authority.issue();
    const made = await bootstrapped(agent, license, "busy");
    const target = await bootstrapped(peer, license, "target");
    const client = clientOf(agent, made);
    await client.addPeer({ address: peer.address() });
    const { access_token } = await client.getToken();
    const [host = "", port = ""] = agent.address().split(":");
    const idle = connect({ host, port: Number(port) }).pause();
    idle.on("error", () => undefined);
    idle.write(`GET /v1/events HTTP/1.1\r\nHost: ${agent.address()}\r\nAuthorization: Bearer ${access_token}\r\n\r\n`);
    const reader = listen(client);
    await reader.heard({ type: "opened" });

    const routes = (priority: number) =>
      Array.from({ length: 80 }, (_, index) => ({
        priority,
        dest_cidr: `10.${index}.0.0/16`,
        source_cidr: "10.0.0.0/8",
      }));
    const wide = await client.createService({ name: "wide", target_peer_id: target.peer_id, routes: routes(0) });
    const isCut = () => agent.logLines.some((line) => line.includes("events.slow_reader_cut"));
    const headers = { authorization: `Bearer ${access_token}`, "content-type": "application/json" };
    const put = (round: number) =>
      fetch(`http://${agent.address()}/v1/services/${wide.id}`, {
        method: "PUT",
        headers,
        body: JSON.stringify({ routes: routes(round) }),
      }).then((response) => response.text());
    for (let round = 1; round < 4_000 && !isCut(); round += 4)
      await Promise.all([0, 1, 2, 3].map((offset) => put(round + offset)));
    expect(isCut()).toBe(true);
    const before = reader.events.length;
    await client.updateService(wide.id as ServiceId, { name: "narrow" });
    await reader.heard({ type: "record", record: { body: { name: "narrow" } } });
    expect(reader.events.length).toBeGreaterThan(before);
    reader.stop();
    idle.destroy();
    client.close();
    for (const one of [agent, peer]) await one.remove();
    authority.remove();
  });
});
