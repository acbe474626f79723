import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Bootstrapped } from "../../src/api/client.ts";
import {
  type AgentProcess,
  loopbackEnvironment,
  runAgentCommand,
  startAgentProcess,
} from "../helpers/agent-process.ts";
import { until } from "../helpers/agents.ts";
import { type Authority, createAuthority } from "../helpers/authority.ts";

describe("a backup and its restore", () => {
  let directory = "";
  let authority: Authority;
  const running: AgentProcess[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "arctic-restore-"));
    authority = createAuthority();
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((agent) => agent.end("SIGKILL")));
    authority.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  const stateOf = (name: string) => join(directory, name);
  const start = async (name: string, port = 0) => {
    const environment = loopbackEnvironment(stateOf(name), authority.rootsPath, port);
    const agent = await startAgentProcess({ environment: { ...environment, LOG_LEVEL: "debug" } });
    running.push(agent);
    return agent;
  };
  const command = (verb: "backup" | "restore", file: string, name: string) =>
    runAgentCommand([verb, file], { ARCTIC_STATE_DIR: stateOf(name) });
  const authOf = (made: Bootstrapped) => ({
    type: "credentials" as const,
    clientId: made.client_id,
    clientSecret: made.client_secret,
  });
  /** Three peers, linked: the first one's bootstrap and everybody's process. */
  const cluster = async () => {
    const license = authority.issue();
    const agents = [];
    const made = [];
    for (const name of ["a", "b", "c"]) {
      const agent = await start(name);
      made.push(await agent.client().bootstrap({ license, name, addresses: [`127.0.0.1:${agent.port}`] }));
      agents.push(agent);
    }
    const [a, b, c] = agents as [AgentProcess, AgentProcess, AgentProcess];
    const [madeA, madeB] = made as [Bootstrapped, Bootstrapped];
    const client = a.client(authOf(madeA));
    await client.addPeer({ address: `127.0.0.1:${b.port}` });
    await client.addPeer({ address: `127.0.0.1:${c.port}` });
    client.close();
    return { a, b, c, madeA, madeB };
  };

  it("brings back what was written since, keeps what was deleted deleted, and never uses a version twice", async () => {
    const { a, b, madeA, madeB } = await cluster();
    const auth = authOf(madeA);
    const client = a.client(auth);
    const create = async (name: string) =>
      client.createService({
        name,
        target_peer_id: madeB.peer_id,
        transport_type: "tcp",
        requires_interface: false,
        fully_transparent: false,
        bandwidth_limit_mbps: 0,
      });
    const kept = await create("kept");
    const changed = await create("before");
    const deleted = await create("deleted");
    const file = join(directory, "backup.arctic");
    const backup = await command("backup", file, "a");
    expect(backup).toMatchObject({ code: 0, output: expect.stringContaining(madeA.peer_id) });
    expect(statSync(file).mode & 0o777).toBe(0o600);

    await client.updateService(changed.id, { name: "after" });
    await client.deleteService(deleted.id);
    const later = await create("later");
    const other = b.client(auth);
    const namesOn = async (at: typeof client) =>
      (await at.listServices()).services.map((service) => service.name).sort();
    await until("b has all of it", async () => (await namesOn(other)).join() === "after,kept,later");
    const versions = () => versionsIn(join(stateOf("b"), "arctic.sqlite"), madeA.peer_id);
    const before = versions();
    client.close();
    await a.end("SIGKILL");

    expect(await command("restore", file, "restored")).toMatchObject({
      code: 0,
      output: expect.stringContaining("takes back from its peers"),
    });
    const restored = await start("restored", a.port);
    const again = restored.client(auth);
    // The first write waits by itself until the peer has heard what others hold of its records.
    const written = await again.createService({
      name: "written",
      target_peer_id: madeB.peer_id,
      transport_type: "tcp",
      requires_interface: false,
      fully_transparent: false,
      bandwidth_limit_mbps: 0,
    });
    expect(await namesOn(again)).toEqual(["after", "kept", "later", "written"]);
    await again.updateService(later.id, { name: "later still" });
    await until("b has it", async () => (await namesOn(other)).join() === "after,kept,later still,written");
    const after = versions();
    for (const [key, version] of Object.entries(before)) expect(after[key], key).toBeGreaterThanOrEqual(version);
    expect(after[`service|${later.id}`]).toBeGreaterThan(before[`service|${later.id}`] ?? 0);
    expect(after[`service|${written.id}`]).toBeGreaterThan(Math.max(...Object.values(before)));
    expect(kept.id).not.toBe(written.id);
    for (const agent of running) {
      expect(agent.lines("registry.equivocation")).toEqual([]);
      expect(agent.lines("identity.cloned")).toEqual([]);
    }
    again.close();
    other.close();
  });

  it("is one moment of an agent that goes on writing", async () => {
    const agent = await start("a");
    const made = await agent.client().bootstrap({ license: authority.issue(), name: "zero" });
    const client = agent.client(authOf(made));
    let isDone = false;
    let writes = 0;
    const writing = (async () => {
      while (!isDone) {
        await client.updatePeer(made.peer_id, { name: `name-${writes}` });
        writes += 1;
      }
    })();
    await until("it writes", () => writes > 5);
    for (const name of ["one", "two"])
      expect(await command("backup", join(directory, name), "a")).toMatchObject({ code: 0 });
    isDone = true;
    await writing;
    expect(await command("restore", join(directory, "two"), "copy")).toMatchObject({ code: 0 });
    await agent.end("SIGKILL");
    // What the kill left in the log of the database is in a backup, too.
    expect(await command("backup", join(directory, "of the dead"), "a")).toMatchObject({ code: 0 });
    expect(await command("restore", join(directory, "of the dead"), "revived")).toMatchObject({ code: 0 });
    const revived = await start("revived");
    expect((await revived.client(authOf(made)).getPeer(made.peer_id)).name).toBe(`name-${writes - 1}`);
    await revived.end("SIGKILL");
    const copy = await start("copy");
    expect((await copy.client(authOf(made)).getPeer(made.peer_id)).name).toMatch(/^name-\d+$/);
    client.close();
  });

  it("that runs beside its original makes both stop writing and say why, and loses nothing", async () => {
    const { a, madeA } = await cluster();
    const file = join(directory, "backup.arctic");
    expect(await command("backup", file, "a")).toMatchObject({ code: 0 });
    expect(await command("restore", file, "twin")).toMatchObject({ code: 0 });
    const twin = await start("twin");
    const auth = authOf(madeA);
    for (const agent of [a, twin]) {
      await until("it knows of its twin", () => agent.lines("identity.cloned")[0], 40_000);
      const client = agent.client(auth);
      const ready = await client.getReady();
      expect(ready.checks).toContainEqual({
        name: "identity",
        status: "failing",
        reason: expect.stringContaining("another running peer uses this identity"),
      });
      await expect(client.updatePeer(madeA.peer_id, { description: "x" })).rejects.toMatchObject({
        code: "IDENTITY_CLONED",
      });
      expect((await client.allPeers()).length).toBe(3);
      client.close();
    }
  });

  it("overwrites nothing, neither a file nor a peer, and says what to do", async () => {
    const agent = await start("a");
    await expectFailure(command("backup", join(directory, "early"), "a"), /is not bootstrapped/);
    expect(existsSync(join(directory, "early"))).toBe(false);
    await agent.client().bootstrap({ license: authority.issue(), name: "one" });
    const file = join(directory, "backup");
    expect(await command("backup", file, "a")).toMatchObject({ code: 0 });
    await expectFailure(command("backup", file, "a"), /is there already/);
    await expectFailure(command("backup", join(directory, "x"), "nowhere"), /holds no state of an agent/);
    await expectFailure(command("restore", file, "a"), /another agent uses/);
    await agent.end("SIGKILL");
    const key = readFileSync(join(stateOf("a"), "peer.key"));
    await expectFailure(command("restore", file, "a"), /holds a peer already.*mv /);
    expect(readFileSync(join(stateOf("a"), "peer.key")).equals(key)).toBe(true);

    // A database without its peer was never bootstrapped: there is nothing to lose in it.
    const fresh = await start("fresh");
    await fresh.end("SIGKILL");
    expect(await command("restore", file, "fresh")).toMatchObject({ code: 0 });
    const restored = await start("fresh");
    await until("the restored peer runs", () => restored.lines("peer.started")[0]);
  });

  it("refuses a file that others may read, that is damaged, or that is no backup", async () => {
    const agent = await start("a");
    await agent.client().bootstrap({ license: authority.issue(), name: "one" });
    const file = join(directory, "backup");
    expect(await command("backup", file, "a")).toMatchObject({ code: 0 });
    chmodSync(file, 0o644);
    await expectFailure(command("restore", file, "x"), /can be read by others: run chmod 600/);
    writeFileSync(join(directory, "damaged"), Buffer.alloc(9000, 7), { mode: 0o600 });
    await expectFailure(command("restore", join(directory, "damaged"), "x"), /damaged is damaged|no backup/);
    const plain = join(directory, "plain");
    writeFileSync(plain, readFileSync(join(stateOf("a"), "arctic.sqlite")), { mode: 0o600 });
    await expectFailure(command("restore", plain, "x"), /is no backup that arctic-agent made/);
    mkdirSync(stateOf("y"), { mode: 0o700 });
    await expectFailure(command("restore", join(directory, "none"), "y"), /there is no file/);
    expect(existsSync(join(stateOf("x"), "peer.key"))).toBe(false);
    expect(existsSync(join(stateOf("x"), "arctic.sqlite"))).toBe(false);
  });
});

async function expectFailure(running: ReturnType<typeof runAgentCommand>, text: RegExp): Promise<void> {
  const { code, output } = await running;
  expect(output).toMatch(text);
  expect(code).toBe(1);
}

/** The versions that a peer's database holds of an owner's records, by kind and id. */
function versionsIn(path: string, owner: string): Record<string, number> {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = database.prepare("SELECT kind, id, version FROM record WHERE owner = ?").all(owner);
    return Object.fromEntries(rows.map(({ kind, id, version }) => [`${kind}|${id}`, Number(version)]));
  } finally {
    database.close();
  }
}
