import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { PegasusCounters, PegasusPlan } from "../../../src/pegasus/pegasus.ts";

/**
 * Four network namespaces in a row, client - A - B - server, dual stack, with Pegasus on A and B and a rule set written
 * by hand: TPROXY on A, the return path of transparent sockets on B.
 */

export const CAPTURE_PORT = 8701;
export const INTERFACE_CAPTURE_PORT = 8702;
export const LINK_PORT = 61000;

export const ADDRESSES = {
  client: { 4: "10.71.1.2", 6: "fd71:1::2" },
  a: { 4: "10.71.2.1", 6: "fd71:2::1" },
  b: { 4: "10.71.2.2", 6: "fd71:2::2" },
  server: { 4: "10.71.3.2", 6: "fd71:3::2" },
} as const;

export type Place = "client" | "a" | "b" | "server";

export interface World {
  readonly namespaces: Readonly<Record<Place, string>>;
  /** Runs a script of this folder there; it speaks by IPC. */
  spawn(place: Place, script: string, args?: readonly string[]): ChildProcess;
  remove(): Promise<void>;
}

/** What stands in the way of these tests here; undefined when nothing does. */
export function missingCapability(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  const name = `pgx${randomBytes(3).toString("hex")}`;
  try {
    run("ip", "netns", "add", name);
  } catch {
    return "needs network namespaces (ip netns add)";
  }
  try {
    nft(name, PROBE_RULES);
    return undefined;
  } catch {
    return "needs nft with tproxy";
  } finally {
    run("ip", "netns", "del", name);
  }
}

export function createWorld(): World {
  const suffix = randomBytes(3).toString("hex");
  const namespaces = { client: `pgc${suffix}`, a: `pga${suffix}`, b: `pgb${suffix}`, server: `pgs${suffix}` };
  const children = new Set<ChildProcess>();
  const remove = async () => {
    for (const child of children) child.kill("SIGKILL");
    await Promise.all([...children].map((child) => exitOf(child)));
    for (const name of Object.values(namespaces)) tryRun("ip", "netns", "del", name);
  };
  try {
    build(namespaces);
  } catch (error) {
    void remove();
    throw error;
  }
  return {
    namespaces,
    spawn: (place, script, args = []) => {
      const file = fileURLToPath(new URL(script, import.meta.url));
      const node = [process.execPath, "--conditions=arctic-source", "--no-warnings", file, ...args];
      const child = spawn("ip", ["netns", "exec", namespaces[place], ...node], {
        stdio: ["ignore", "inherit", "inherit", "ipc"],
        serialization: "advanced",
      });
      children.add(child);
      return child;
    },
    remove,
  };
}

/** A Pegasus in a namespace, driven from here. */
export interface RemotePegasus {
  readonly tlsFingerprint: string;
  readonly pid: number;
  apply(plan: PegasusPlan): Promise<void>;
  counters(): Promise<PegasusCounters>;
  stop(drainMs: number): Promise<void>;
}

export async function startRemotePegasus(
  world: World,
  place: "a" | "b",
  options: { stateDir: string; workers: number },
): Promise<RemotePegasus> {
  const child = world.spawn(place, "./pegasus-host.ts", [options.stateDir, String(options.workers)]);
  const call = callerOf(child);
  const { tlsFingerprint } = (await call("start")) as { tlsFingerprint: string };
  return {
    tlsFingerprint,
    pid: child.pid ?? 0,
    apply: async (plan) => void (await call("apply", plan)),
    counters: async () => (await call("counters")) as PegasusCounters,
    stop: async (drainMs) => void (await call("stop", drainMs)),
  };
}

/** Calls by IPC: `{id, name, value}` out, `{id, value}` or `{id, error}` back. */
export function callerOf(child: ChildProcess): (name: string, value?: unknown) => Promise<unknown> {
  let lastId = 0;
  const answersById = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  child.on("message", (message: { id: number; value?: unknown; error?: string }) => {
    const answer = answersById.get(message.id);
    answersById.delete(message.id);
    if (message.error === undefined) answer?.resolve(message.value);
    else answer?.reject(new Error(message.error));
  });
  child.on("exit", (code, signal) => {
    for (const { reject } of answersById.values()) reject(new Error(`it exited: ${code ?? signal}`));
  });
  return (name, value) =>
    new Promise((resolve, reject) => {
      lastId += 1;
      const timer = setTimeout(() => reject(new Error(`${name} took over 60 s`)), 60_000);
      const done = () => clearTimeout(timer);
      answersById.set(lastId, {
        resolve: (given) => {
          done();
          resolve(given);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      });
      child.send({ id: lastId, name, value }, (error) => {
        if (error !== null) answersById.get(lastId)?.reject(error);
      });
    });
}

export function exitOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once("exit", () => resolve()));
}

function build(names: Readonly<Record<Place, string>>): void {
  for (const name of Object.values(names)) run("ip", "netns", "add", name);
  const links: readonly (readonly [Place, Place, number])[] = [
    ["client", "a", 1],
    ["a", "b", 2],
    ["b", "server", 3],
  ];
  for (const name of Object.values(names))
    inside(name, "sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0");
  for (const [left, right, net] of links) {
    run(
      "ip",
      "link",
      "add",
      `r${net}`,
      "netns",
      names[left],
      "type",
      "veth",
      "peer",
      "name",
      `l${net}`,
      "netns",
      names[right],
    );
    address(names[left], `r${net}`, net, left === "client" ? 2 : 1);
    address(names[right], `l${net}`, net, right === "a" ? 1 : 2);
  }
  for (const name of Object.values(names)) run("ip", "-n", name, "link", "set", "lo", "up");
  for (const name of [names.a, names.b]) {
    inside(name, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
    for (const family of ["-4", "-6"]) {
      run("ip", family, "-n", name, "rule", "add", "fwmark", "0x1", "lookup", "100", "priority", "100");
      run("ip", family, "-n", name, "route", "add", "local", "default", "dev", "lo", "table", "100");
    }
  }
  // A knows no way to the server's network, so that only Pegasus can have carried what arrives.
  for (const [place, via] of [
    ["client", 1],
    ["server", 3],
  ] as const) {
    run("ip", "-n", names[place], "route", "add", "default", "via", `10.71.${via}.1`);
    run("ip", "-6", "-n", names[place], "route", "add", "default", "via", `fd71:${via}::1`);
  }
  for (const extra of [64, 200]) run("ip", "-n", names.server, "addr", "add", `10.71.3.${extra}/24`, "dev", "l3");
  nft(names.a, CAPTURE_RULES);
  nft(names.b, RETURN_RULES);
}

function address(name: string, device: string, net: number, host: number): void {
  run("ip", "-n", name, "addr", "add", `10.71.${net}.${host}/24`, "dev", device);
  run("ip", "-n", name, "addr", "add", `fd71:${net}::${host}/64`, "dev", device, "nodad");
  run("ip", "-n", name, "link", "set", device, "up");
}

const PROBE_RULES = `table inet probe {
  chain probe {
    type filter hook prerouting priority mangle; policy accept;
    meta l4proto tcp tproxy ip to :1
  }
}`;

/** Packets of connections that a transparent socket has already. */
export const DIVERT_CHAIN = `chain divert {
    type filter hook prerouting priority mangle - 1; policy accept;
    meta l4proto tcp socket transparent 1 socket wildcard 0 meta mark set 0x1 accept
  }`;

/** Port 9100 stands for a service's own interface: it is captured to that service's port. */
const CAPTURE_RULES = `table inet pegasus {
  ${DIVERT_CHAIN}
  chain intercept {
    type filter hook prerouting priority mangle; policy accept;
    meta mark 0x1 return
    fib daddr type local return
    iifname "l1" tcp dport 9100 meta nfproto ipv4 tproxy ip to 127.0.0.1:${INTERFACE_CAPTURE_PORT} meta mark set 0x1 accept
    iifname "l1" meta nfproto ipv4 meta l4proto tcp tproxy ip to 127.0.0.1:${CAPTURE_PORT} meta mark set 0x1 accept
    iifname "l1" meta nfproto ipv6 meta l4proto tcp tproxy ip6 to [::1]:${CAPTURE_PORT} meta mark set 0x1 accept
    iifname "l1" meta l4proto tcp reject with tcp reset
  }
}`;

const RETURN_RULES = `table inet pegasus {
  chain divert {
    type filter hook prerouting priority mangle - 1; policy accept;
    meta l4proto tcp socket transparent 1 meta mark set 0x1 accept
  }
}`;

function nft(name: string, rules: string): void {
  execFileSync("ip", ["netns", "exec", name, "nft", "-f", "-"], {
    input: rules,
    stdio: ["pipe", "ignore", "pipe"],
    timeout: 10_000,
  });
}

function inside(name: string, ...argv: string[]): void {
  run("ip", "netns", "exec", name, ...argv);
}

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"], timeout: 10_000 });
}

function tryRun(command: string, ...args: string[]): void {
  try {
    run(command, ...args);
  } catch {
    // Already gone.
  }
}
