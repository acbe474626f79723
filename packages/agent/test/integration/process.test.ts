import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { describeWhere } from "../../../../test/support/needs.ts";
import {
  type AgentProcess,
  loopbackEnvironment,
  runAgentCommand,
  startAgentProcess,
} from "../helpers/agent-process.ts";
import { until } from "../helpers/agents.ts";
import { createAuthority } from "../helpers/authority.ts";
import { datagramReceiver } from "../helpers/datagram-receiver.ts";
import { openLink, openPlain } from "../helpers/raw-socket.ts";

describe("the arctic-agent process", () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  const world = () => {
    const authority = createAuthority();
    const stateDir = mkdtempSync(join(tmpdir(), "arctic-process-"));
    cleanups.push(() => rmSync(stateDir, { recursive: true, force: true }), authority.remove);
    return { authority, stateDir, environment: loopbackEnvironment(stateDir, authority.rootsPath) };
  };
  const start = async (options: Parameters<typeof startAgentProcess>[0]): Promise<AgentProcess> => {
    const agent = await startAgentProcess(options);
    cleanups.push(() => agent.end("SIGKILL"));
    return agent;
  };

  it("keeps what it acknowledged through kill -9, and stops within five seconds at SIGTERM", async () => {
    const { authority, stateDir, environment } = world();
    const first = await start({ environment });
    const made = await first.client().bootstrap({ license: authority.issue(), name: "before" });
    const auth = { type: "credentials" as const, clientId: made.client_id, clientSecret: made.client_secret };
    const client = first.client(auth);
    await client.updatePeer(made.peer_id, { name: "after" });
    await first.end("SIGKILL");
    client.close();

    const second = await start({ environment });
    const again = second.client(auth);
    expect(await again.getPeer(made.peer_id)).toMatchObject({ name: "after" });
    expect(readFileSync(join(stateDir, "arctic.sqlite")).includes(made.client_secret)).toBe(false);
    expect(second.log()).not.toContain(made.client_secret);
    const startedAt = Date.now();
    expect(await second.end("SIGTERM")).toBe(0);
    expect(Date.now() - startedAt).toBeLessThan(5_000);
    again.close();
  });

  it("stops in time with requests that do not end, event streams and silent connections open", async () => {
    const { authority, environment } = world();
    const agent = await start({ environment });
    const made = await agent.client().bootstrap({ license: authority.issue(), name: "one" });
    const auth = { type: "credentials" as const, clientId: made.client_id, clientSecret: made.client_secret };
    const events = agent.client(auth).events();
    expect((await events.next()).value).toMatchObject({ type: "opened" });
    const slow = await openPlain({ port: agent.port });
    slow.socket.write("POST /v1/bootstrap HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{");
    const silent = await openPlain({ port: agent.port });
    const link = await openLink({ port: agent.port });
    const startedAt = Date.now();
    expect(await agent.end("SIGTERM")).toBe(0);
    expect(Date.now() - startedAt).toBeLessThan(5_000);
    expect(agent.lines("agent.stopped")).toHaveLength(1);
    await events.next().catch(() => undefined);
    for (const raw of [slow, silent, link]) expect(await raw.closed(1_000)).not.toBeUndefined();
  });

  it("leaves nothing in its state directory that others may read", async () => {
    const { authority, stateDir, environment } = world();
    const agent = await start({ environment });
    await agent.client().bootstrap({ license: authority.issue(), name: "one" });
    const open = readdirSync(stateDir).filter((name) => (statSync(join(stateDir, name)).mode & 0o077) !== 0);
    expect(open).toEqual([]);
  });

  it("tells its security posture once at the start, and what an operator has loosened", async () => {
    const { environment } = world();
    const agent = await start({ environment: { ...environment, API_PLAIN_HTTP: "true" } });
    const [posture, ...more] = agent.lines("agent.security_posture");
    expect(more).toEqual([]);
    expect(posture).toMatchObject({
      level: "warn",
      plain_http: "answered to every host",
      peers_on_loopback: "dialled",
      license_roots: ["test-root for every customer"],
    });
    expect(posture?.loosened).toEqual(expect.arrayContaining(["API_PLAIN_HTTP", "ALLOW_LOOPBACK_PEERS"]));
  });

  describeWhere(process.getuid?.() === 0 ? undefined : "only root starts it as another user", "run by nobody", () => {
    it("needs no right beyond its own directory", async () => {
      const { authority, stateDir, environment } = world();
      const nobody = 65534;
      chownSync(stateDir, nobody, nobody);
      chownSync(authority.rootsPath, 0, 0);
      const roots = join(stateDir, "roots.json");
      writeFileSync(roots, readFileSync(authority.rootsPath));
      const agent = await start({ environment: { ...environment, ARCTIC_LICENSE_ROOTS: roots }, user: nobody });
      await agent.client().bootstrap({ license: authority.issue(), name: "unprivileged" });
      expect(agent.lines("agent.security_posture")).toEqual([
        expect.objectContaining({ uid: nobody, capabilities: "0000000000000000", loosened: ["ALLOW_LOOPBACK_PEERS"] }),
      ]);
      expect(await agent.end("SIGTERM")).toBe(0);
    });
  });

  it("takes up a changed file at SIGHUP, says what needs a restart, and goes on where the file is wrong", async () => {
    const { authority, stateDir, environment } = world();
    const { API_PORT: _, ...rest } = environment;
    const file = join(stateDir, "agent.yaml");
    const write = (text: string) => writeFileSync(file, text, { mode: 0o644 });
    write("api_port: 0\nlog_level: warn\nadvertise: [127.0.0.1:9]\n");
    // The line that tells where it listens is wanted here, whatever the file says.
    const agent = await start({ environment: { ...rest, LOG_LEVEL: "info" }, args: ["--config", file] });
    const made = await agent.client().bootstrap({ license: authority.issue(), name: "one" });
    const auth = { type: "credentials" as const, clientId: made.client_id, clientSecret: made.client_secret };
    const client = agent.client(auth);
    expect((await client.getPeer(made.peer_id)).addresses).toEqual(["127.0.0.1:9"]);

    write("api_port: 9\nlog_level: warn\nadvertise: [127.0.0.1:10, 127.0.0.1:11]\n");
    agent.child.kill("SIGHUP");
    await until("it was read again", () => agent.lines("config.needs_restart")[0]);
    expect(agent.lines("config.needs_restart")[0]).toMatchObject({ settings: ["API_PORT"] });
    await until(
      "the new addresses are announced",
      async () => (await client.getPeer(made.peer_id)).addresses.join() === "127.0.0.1:10,127.0.0.1:11",
      40_000,
    );

    write("api_port: 9\nlog_level: loud\n");
    agent.child.kill("SIGHUP");
    await until("the wrong file was refused", () => agent.lines("config.refused")[0]);
    expect(agent.lines("config.refused")[0]).toMatchObject({
      problems: [`${file}:2: log_level=loud is not debug, info, warn or error`],
    });
    expect((await client.getLive()).status).toBe("ok");
    client.close();
  });

  it("tells a service manager when it is ready, that it lives, and that it stops", async () => {
    const { stateDir, environment } = world();
    const socket = join(stateDir, "notify");
    const receiver = datagramReceiver(socket);
    cleanups.push(receiver.close);
    const agent = await start({ environment: { ...environment, NOTIFY_SOCKET: socket, WATCHDOG_USEC: "400000" } });
    const received: string[] = [];
    const has = (text: string, times = 1) => {
      received.push(...receiver.take());
      return received.filter((message) => message.includes(text)).length >= times;
    };
    await until("it is ready", () => has(`READY=1\nSTATUS=port ${agent.port}`));
    await until("the watchdog hears of it again and again", () => has("WATCHDOG=1", 3));
    expect(await agent.end("SIGTERM")).toBe(0);
    await until("it says that it stops", () => has("STOPPING=1"));
  });

  it.each([
    [["--help"], {}, 0, /CLUSTER_HEARTBEAT_INTERVAL_SECONDS +60/],
    [["--version"], {}, 0, /^\d+\.\d+\.\d+\n$/],
    [["--port"], {}, 2, /takes no --port/],
    [["backup"], {}, 2, /backup takes one file/],
    [[], { API_PORT: "eighty" }, 3, /API_PORT=eighty is not a port/],
    [["--config", "/nonexistent/agent.yaml"], {}, 3, /\/nonexistent\/agent.yaml cannot be read/],
    [[], { ARCTIC_STATE_DIRS: "/x" }, 3, /ARCTIC_STATE_DIRS is no setting: did you mean ARCTIC_STATE_DIR\?/],
  ] as const)("answers %j with %j by exit code %i", async (flags, environment, code, text) => {
    const result = await runAgentCommand(flags, environment);
    expect(result.output).toMatch(text);
    expect(result.code).toBe(code);
  });
});
