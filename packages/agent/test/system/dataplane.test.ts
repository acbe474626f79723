import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWhere } from "../../../../test/support/needs.ts";
import type { Bootstrapped, Peer, Service } from "../../src/api/client.ts";
import { until } from "../helpers/agents.ts";
import { type Authority, createAuthority } from "../helpers/authority.ts";
import { parseMetrics } from "../helpers/prometheus.ts";

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const AGENT = path("../../src/main.ts");
const CALL = path("../helpers/call-agent.ts");
const DATAPLANE = path("../../../dataplane/src/main.ts");
const SOURCE = "--conditions=arctic-source";

const missing = missingCapability();

/** Why namespaces cannot be made here. */
function missingCapability(): string | undefined {
  if (process.getuid?.() !== 0) return "namespaces need root";
  for (const tool of ["ip", "nft"]) if (spawnSync(tool, ["-V"]).error !== undefined) return `${tool} is not installed`;
  const probe = `arctic-probe-${randomBytes(3).toString("hex")}`;
  const made = spawnSync("ip", ["netns", "add", probe]);
  if (made.status !== 0) return `network namespaces cannot be made: ${made.stderr}`;
  spawnSync("ip", ["netns", "delete", probe]);
  return undefined;
}

interface Host {
  readonly name: string;
  readonly address: string;
  readonly stateDir: string;
  readonly children: ChildProcess[];
  fingerprint: string;
  log: string;
}

describeWhere(missing, "two agents with their data planes", () => {
  const suffix = randomBytes(3).toString("hex");
  const hosts: Host[] = [];
  let authority: Authority;
  let made: [Bootstrapped, Bootstrapped];
  let serviceId: string;
  const lan = `agtc-${suffix}`;

  beforeAll(async () => {
    authority = createAuthority();
    for (const [index, letter] of ["a", "b"].entries()) {
      const stateDir = mkdtempSync(join(tmpdir(), "arctic-host-"));
      mkdirSync(join(stateDir, "agent"), { mode: 0o700 });
      hosts.push({
        name: `agt${letter}-${suffix}`,
        address: `10.231.7.${index + 1}`,
        stateDir,
        children: [],
        fingerprint: "",
        log: "",
      });
    }
    const [a, b] = hosts as [Host, Host];
    for (const host of hosts) ip(`netns add ${host.name}`);
    ip(`link add eth0 netns ${a.name} type veth peer name eth0 netns ${b.name}`);
    for (const host of hosts) {
      ip(`-n ${host.name} link set lo up`);
      ip(`-n ${host.name} link set eth0 up`);
      ip(`-n ${host.name} address add ${host.address}/24 dev eth0`);
    }
    for (const host of hosts) startHost(host);
    for (const host of hosts) await until(`the agent on ${host.name}`, () => findFingerprint(host), 30_000);
    const license = authority.issue();
    const bootstrap = async (host: Host, name: string) =>
      (await call(host, "bootstrap", [{ license, name }], undefined)) as Bootstrapped;
    made = [await bootstrap(a, "a"), await bootstrap(b, "b")];
  }, 90_000);

  afterAll(async () => {
    for (const host of hosts) {
      for (const child of [...host.children].reverse()) await ended(child);
      spawnSync("ip", ["netns", "delete", host.name]);
      rmSync(host.stateDir, { recursive: true, force: true });
    }
    spawnSync("ip", ["netns", "delete", lan]);
    authority?.remove();
  }, 60_000);

  it("puts the data plane's public halves into each peer's signed record, and carries them to the other", async () => {
    const [a, b] = hosts as [Host, Host];
    await call(a, "addPeer", [{ address: `${b.address}:8080` }], made[0]);
    await until("each sees the other's data plane", async () => {
      const seen = await Promise.all([a, b].map(async (host) => (await call(host, "allPeers", [], made[0])) as Peer[]));
      return seen.every((peers) => peers.length === 2 && peers.every((peer) => peer.has_dataplane));
    });
  }, 60_000);

  it("has a service active at its entry and at its exit", async () => {
    const [a, b] = hosts as [Host, Host];
    const created = (await call(
      a,
      "createService",
      [{ name: "tcp", target_peer_id: made[1].peer_id, routes: [{ priority: 1, dest_cidr: "10.232.0.0/16" }] }],
      made[0],
    )) as Service;
    serviceId = created.id;
    const states = new Map<string, Service>();
    await until(
      "both halves are active",
      async () => {
        for (const host of [a, b])
          states.set(host.name, (await call(host, "getService", [created.id], made[0])) as Service);
        return [...states.values()].every((service) => service.state === "active");
      },
      45_000,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify([...states.values()])}`);
    });
    expect(states.get(a.name)).toMatchObject({ local_role: "entry", traffic: { pegasus: { flows_open: 0 } } });
    expect(states.get(b.name)).toMatchObject({ local_role: "exit" });
  }, 90_000);

  it("tells in the metrics of both how a connection ended up", async () => {
    const [a, b] = hosts as [Host, Host];
    ip(`netns add ${lan}`);
    ip(`link add eth1 netns ${a.name} type veth peer name eth0 netns ${lan}`);
    for (const [name, link, address] of [
      [a.name, "eth1", "10.233.0.1"],
      [lan, "eth0", "10.233.0.2"],
    ]) {
      ip(`-n ${name} address add ${address}/24 dev ${link}`);
      ip(`-n ${name} link set ${link} up`);
    }
    ip(`-n ${lan} route add default via 10.233.0.1`);
    // Host b has no way there, and says so.
    execFileSync("ip", ["netns", "exec", lan, process.execPath, "-e", DIAL, "10.232.0.9"], { timeout: 15_000 });
    await until(
      "both have counted it",
      async () => {
        const counted = await Promise.all(
          [a, b].map(async (host) => {
            const { value } = parseMetrics((await call(host, "getMetrics", [], made[0])) as string);
            const role = host === a ? "entry" : "exit";
            const labels = { service_id: serviceId, role };
            expect(value("arctic_service_limit_drops_total", labels)).toBe(0);
            expect(value("arctic_flows_at_most")).toBeGreaterThan(0);
            expect(value("arctic_service_connects_total", { ...labels, outcome: "connected" })).toBe(0);
            return value("arctic_service_connects_total", { ...labels, outcome: "unreachable" });
          }),
        );
        return counted.every((count) => count === 1);
      },
      20_000,
    );
  }, 60_000);

  function startHost(host: Host): void {
    const socket = join(host.stateDir, "dataplane.sock");
    inNamespace(host, "dataplane", DATAPLANE, {
      ARCTIC_DATAPLANE_SOCKET: socket,
      ARCTIC_DATAPLANE_STATE_DIR: join(host.stateDir, "dataplane"),
      ARCTIC_REMOVE_ON_STOP: "true",
    });
    inNamespace(host, "agent", AGENT, {
      ARCTIC_STATE_DIR: join(host.stateDir, "agent"),
      ARCTIC_LICENSE_ROOTS: authority.rootsPath,
      ARCTIC_DATAPLANE_SOCKET: socket,
      CLUSTER_HEARTBEAT_INTERVAL_SECONDS: "2",
    });
  }

  function inNamespace(host: Host, what: string, script: string, environment: Record<string, string>): void {
    // wireguard-go's socket directory is of the mount namespace, so each host gets its own.
    const setUp = 'mkdir -p /var/run/wireguard && mount -t tmpfs tmpfs /var/run/wireguard && exec "$0" "$@"';
    const child = spawn(
      "ip",
      ["netns", "exec", host.name, "unshare", "-m", "sh", "-c", setUp, process.execPath, SOURCE, script],
      { env: { PATH: process.env.PATH ?? "", ...environment }, stdio: ["ignore", "pipe", "pipe"] },
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        host.log += chunk.toString("utf8").replaceAll(/^/gm, `${what} `);
      });
    }
    host.children.push(child);
  }

  function findFingerprint(host: Host): boolean {
    host.fingerprint = /"event":"agent\.listening".*"tls_fingerprint":"([0-9a-f]{64})"/.exec(host.log)?.[1] ?? "";
    return host.fingerprint !== "";
  }

  async function call(
    host: Host,
    method: string,
    args: readonly unknown[],
    auth: Bootstrapped | undefined,
  ): Promise<unknown> {
    const input = JSON.stringify({
      endpoint: "https://127.0.0.1:8080",
      fingerprint: host.fingerprint,
      method,
      args,
      ...(auth === undefined ? {} : { clientId: auth.client_id, clientSecret: auth.client_secret }),
    });
    const output = execFileSync("ip", ["netns", "exec", host.name, process.execPath, SOURCE, CALL], {
      input,
      timeout: 30_000,
    });
    const { value, error } = JSON.parse(output.toString("utf8")) as { value?: unknown; error?: string };
    if (error !== undefined) throw new Error(`${method} on ${host.name}: ${error}\n${host.log.slice(-3_000)}`);
    return value;
  }
});

/** Connects, and waits for what becomes of it: a relay accepts before it knows. */
const DIAL = `
  const socket = require("net").connect(80, process.argv[1]);
  socket.on("error", () => {}).on("close", () => process.exit(0)).resume();
`;

function ip(command: string): void {
  execFileSync("ip", command.split(" "));
}

/** SIGTERM, and after ten seconds SIGKILL. */
function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
    child.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill("SIGTERM");
  });
}
