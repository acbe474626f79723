import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeSystem } from "../../../../test/support/system.ts";
import { ApiError, type Bootstrapped, type Client } from "../../src/api/client.ts";
import { type AgentProcess, loopbackEnvironment, startAgentProcess } from "../helpers/agent-process.ts";
import { until } from "../helpers/agents.ts";
import { type Authority, createAuthority } from "../helpers/authority.ts";
import { createSmallDisk, type SmallDisk } from "../helpers/small-disk.ts";

describeSystem("an agent whose disk is full", ["namespaces"], () => {
  let authority: Authority;
  let disk: SmallDisk;
  let otherState = "";
  let agent: AgentProcess;
  let other: AgentProcess;
  let made: Bootstrapped;
  let otherMade: Bootstrapped;
  let client: Client;
  let otherClient: Client;

  const startAgent = (port = 0) =>
    startAgentProcess({
      environment: loopbackEnvironment(disk.path, authority.rootsPath, port),
      within: disk.within,
    });
  const auth = () => ({
    type: "credentials" as const,
    clientId: made.client_id,
    clientSecret: made.client_secret,
  });

  beforeAll(async () => {
    authority = createAuthority();
    disk = await createSmallDisk(16);
    otherState = mkdtempSync(join(tmpdir(), "arctic-disk-other-"));
    agent = await startAgent();
    other = await startAgentProcess({ environment: loopbackEnvironment(otherState, authority.rootsPath) });
    const license = authority.issue();
    const at = (process: AgentProcess) => `127.0.0.1:${process.port}`;
    made = await agent.client().bootstrap({ license, name: "full", addresses: [at(agent)] });
    otherMade = await other.client().bootstrap({ license, name: "other", addresses: [at(other)] });
    client = agent.client(auth());
    await client.addPeer({ address: at(other) });
    otherClient = other.client(auth());
  });
  afterAll(async () => {
    client?.close();
    otherClient?.close();
    await agent?.end("SIGKILL");
    await other?.end("SIGKILL");
    disk?.remove();
    authority?.remove();
    rmSync(otherState, { recursive: true, force: true });
  });

  const create = (at: Client, name: string) =>
    at.createService({
      name,
      source_peer_id: at === client ? made.peer_id : otherMade.peer_id,
      target_peer_id: at === client ? otherMade.peer_id : made.peer_id,
      transport_type: "tcp",
      requires_interface: false,
      fully_transparent: false,
      bandwidth_limit_mbps: 0,
    });
  const namesAt = async (at: Client) => (await at.listServices()).services.map(({ name }) => name).sort();
  /** Writes until the disk takes no more; the names that were acknowledged. */
  const writeUntilRefused = async (prefix: string) => {
    const acknowledged: string[] = [];
    for (let count = 0; count < 90; count += 1) {
      const name = `${prefix}-${count}`;
      try {
        await create(client, name);
        acknowledged.push(name);
      } catch (error) {
        expect(error).toBeInstanceOf(ApiError);
        expect(error).toMatchObject({ status: 507, code: "STORAGE_FULL" });
        expect((error as ApiError).message).toMatch(/was not made: there is no/);
        return acknowledged;
      }
    }
    throw new Error("the disk was never full");
  };
  const storageCheck = async () => (await client.getReady()).checks.find((check) => check.name === "storage")?.status;

  it("refuses writes with 507 and changes nothing, keeps its links, and goes on hearing from others", async () => {
    await create(client, "before");
    disk.fill();
    const acknowledged = await writeUntilRefused("a");
    const expected = ["before", ...acknowledged].sort();
    expect(await namesAt(client)).toEqual(expected);
    await expect(client.deletePeer(otherMade.peer_id)).rejects.toMatchObject({ status: 507 });

    await create(otherClient, "heard");
    const everything = [...expected, "heard"].sort();
    await until("what others write arrives", async () => (await namesAt(client)).join() === everything.join());
    await until("the other has no more and no less", async () => {
      return (await namesAt(otherClient)).join() === everything.join();
    });
    expect(agent.child.exitCode).toBeNull();
    expect(agent.lines("gossip.peer_unlinked")).toEqual([]);
    expect(await client.getLive()).toMatchObject({ status: "ok" });
    expect(await storageCheck()).toBe("failing");
    expect(await client.getMetrics()).toMatch(/^arctic_storage_ok 0$/m);
  });

  it("recovers by itself, and has on disk then what it only heard before", async () => {
    disk.empty();
    await until("storage is well again", async () => (await storageCheck()) === "ok");
    await create(client, "after");
    const names = await namesAt(client);
    await agent.end("SIGKILL");
    await other.end("SIGKILL");
    agent = await startAgent(agent.port);
    client.close();
    client = agent.client(auth());
    await until("the peer runs", () => agent.lines("peer.started")[0]);
    // Its neighbour is down, so all of it comes from the disk.
    expect(await namesAt(client)).toEqual(names);
    expect(names).toContain("heard");
    other = await startAgentProcess({ environment: loopbackEnvironment(otherState, authority.rootsPath, other.port) });
    otherClient.close();
    otherClient = other.client(auth());
    await until("they are linked again", () => agent.lines("gossip.peer_linked")[0], 30_000);
  });

  it("starts on a full disk, takes part, and says why it takes no writes", async () => {
    const names = await namesAt(client);
    disk.fill();
    await agent.end("SIGKILL");
    disk.fill();
    agent = await startAgent(agent.port);
    client.close();
    client = agent.client(auth());
    await until("it is linked", () => agent.lines("gossip.peer_linked")[0], 30_000);
    const acknowledged = await writeUntilRefused("b");
    expect(await namesAt(client)).toEqual([...names, ...acknowledged].sort());
    expect(await storageCheck()).toBe("failing");
    disk.empty();
    await until("storage is well again", async () => (await storageCheck()) === "ok");
    await create(client, "in the end");
    await until("it is everywhere", async () => (await namesAt(otherClient)).includes("in the end"));
  });
});
