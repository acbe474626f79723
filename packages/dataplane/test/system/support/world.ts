import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** client - a - b - server, each a network namespace, IPv4 and IPv6; a and b do not forward by themselves. */
export interface World {
  readonly folder: string;
  name(host: Host): string;
  /** Runs to the end in a host's namespace; throws with its words when it fails. */
  inside(host: Host, ...argv: string[]): Promise<string>;
  /** Starts in a host's namespace, with a mount namespace of its own for WireGuard's sockets. */
  start(host: Host, ...argv: string[]): Child;
  /** Writes a file into the folder; its path. */
  file(name: string, text: string): Promise<string>;
  /** What a data plane must leave as it found it. */
  kernelStateOf(host: Host): Promise<string>;
  destroy(): Promise<void>;
}

export type Host = "client" | "a" | "b" | "server" | "twin" | "c";

/** Two hosts on one wire, of a network with a number: 10.71.NUMBER.0/24 and fd71:NUMBER::/64. */
type Wire = readonly [left: Host, leftLink: string, right: Host, rightLink: string, net: number];

const HOSTS: readonly Host[] = ["client", "a", "b", "server"];
const WIRES: readonly Wire[] = [
  ["client", "c0", "a", "lan0", 1],
  ["a", "wan0", "b", "wan0", 2],
  ["b", "lan0", "server", "s0", 3],
];

export interface Child {
  readonly process: ChildProcess;
  output(): string;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  waitFor(pattern: RegExp, limitMs?: number): Promise<string>;
  end(signal: NodeJS.Signals, limitMs?: number): Promise<void>;
}

export const makeWorld = (): Promise<World> => makeHosts(HOSTS, WIRES);

/** And beside them twin - c - b, where the twin and its LAN have the very addresses of the client and its own. */
export const makeCrossedWorld = (): Promise<World> =>
  makeHosts([...HOSTS, "twin", "c"], [...WIRES, ["twin", "c0", "c", "lan0", 1], ["c", "wan0", "b", "wan1", 4]]);

async function makeHosts(hosts: readonly Host[], wires: readonly Wire[]): Promise<World> {
  const suffix = randomBytes(3).toString("hex");
  const name = (host: Host): string => `adp-${suffix}-${host}`;
  const children: Child[] = [];
  const folder = await mkdtemp(join(tmpdir(), "arctic-dataplane-"));
  const inside = async (host: Host, ...argv: string[]): Promise<string> => {
    const { stdout } = await run("ip", ["netns", "exec", name(host), ...argv], { timeout: 60_000, maxBuffer: 1 << 26 });
    return stdout;
  };
  const world: World = {
    folder,
    name,
    inside,
    start: (host, ...argv) => {
      const mount = 'mkdir -p /run/wireguard; mount -t tmpfs tmpfs /run/wireguard; exec "$@"';
      const child = startChild("ip", ["netns", "exec", name(host), "unshare", "-m", "sh", "-c", mount, "sh", ...argv]);
      children.push(child);
      return child;
    },
    file: async (fileName, text) => {
      const path = join(folder, fileName);
      await writeFile(path, text);
      return path;
    },
    kernelStateOf: async (host) => {
      const parts = [
        await inside(host, "nft", "list", "tables"),
        await inside(host, "ip", "rule"),
        await inside(host, "ip", "-6", "rule"),
        await inside(host, "ip", "-4", "route", "show", "table", "all"),
        await inside(host, "ip", "-6", "route", "show", "table", "all", "proto", "97"),
        (await inside(host, "ip", "-o", "link")).replace(/ state \w+| qdisc \w+/g, ""),
        await inside(
          host,
          "sh",
          "-c",
          "grep -H . /proc/sys/net/ipv4/conf/*/forwarding /proc/sys/net/ipv6/conf/*/force_forwarding /proc/sys/net/ipv4/conf/*/arp_*",
        ),
      ];
      return parts.join("\n---\n");
    },
    destroy: async () => {
      for (const child of children) await child.end("SIGKILL").catch(() => {});
      for (const host of hosts) {
        // What a child left behind: it would keep its namespace, and whoever reads its output, for ever.
        const { stdout: pids } = await run("ip", ["netns", "pids", name(host)]).catch(() => ({ stdout: "" }));
        for (const pid of pids.split("\n").filter(Boolean)) killIfThere(Number(pid));
        await run("ip", ["netns", "del", name(host)]).catch(() => {});
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    for (const host of hosts) await run("ip", ["netns", "add", name(host)]);
    await wire(world, suffix, hosts, wires);
  } catch (error) {
    await world.destroy();
    throw error;
  }
  return world;
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** Why no namespaces can be had here; undefined when they can. */
export async function missingForWorld(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "not root";
  for (const [program, ...args] of [
    ["nft", "--version"],
    ["ip", "-V"],
    ["wireguard-go", "--version"],
    ["setpriv", "--version"],
  ]) {
    const found = await run(program ?? "", args).then(
      () => true,
      () => false,
    );
    if (!found) return `${program} is not installed`;
  }
  const probe = `adp-probe-${randomBytes(3).toString("hex")}`;
  try {
    await run("ip", ["netns", "add", probe]);
    await run("ip", [
      "netns",
      "exec",
      probe,
      "sh",
      "-c",
      "ip link add v0 type veth peer name v1 && ip link add m0 link v0 type macvlan mode bridge && ip tuntap add dev t0 mode tun",
    ]);
    return undefined;
  } catch (error) {
    return `no network namespaces with veth, macvlan and tun: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    await run("ip", ["netns", "del", probe]).catch(() => {});
  }
}

async function wire(world: World, suffix: string, hosts: readonly Host[], wires: readonly Wire[]): Promise<void> {
  for (const host of hosts) {
    // Refusals are counted on here, one for each packet; the kernel would hold most of them back.
    await world.inside(
      host,
      "sh",
      "-c",
      "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad; echo 0 > /proc/sys/net/ipv6/conf/all/accept_dad; echo 0 > /proc/sys/net/ipv4/icmp_ratelimit; echo 0 > /proc/sys/net/ipv6/icmp/ratelimit; ip link set lo up",
    );
  }
  for (const [at, [left, leftLink, right, rightLink, net]] of wires.entries()) {
    const temporary = [`v${suffix}l${at}`, `v${suffix}r${at}`] as const;
    await run("ip", ["link", "add", temporary[0], "type", "veth", "peer", "name", temporary[1]]);
    await run("ip", ["link", "set", temporary[0], "netns", world.name(left), "name", leftLink]);
    await run("ip", ["link", "set", temporary[1], "netns", world.name(right), "name", rightLink]);
    await address(world, left, leftLink, net, isClient(left) ? 2 : 1);
    await address(world, right, rightLink, net, isClient(left) ? 1 : 2);
  }
  // On the LANs the gateways are a and b.
  for (const client of hosts.filter(isClient)) {
    await world.inside(client, "ip", "route", "add", "default", "via", "10.71.1.1");
    await world.inside(client, "ip", "-6", "route", "add", "default", "via", "fd71:1::1");
  }
  await world.inside("server", "ip", "route", "add", "default", "via", "10.71.3.1");
  await world.inside("server", "ip", "-6", "route", "add", "default", "via", "fd71:3::1");
}

const isClient = (host: Host): boolean => host === "client" || host === "twin";

async function address(world: World, host: Host, link: string, net: number, number: number): Promise<void> {
  await world.inside(host, "ip", "link", "set", link, "up");
  await world.inside(host, "ip", "addr", "add", `10.71.${net}.${number}/24`, "dev", link);
  await world.inside(host, "ip", "addr", "add", `fd71:${net}::${number}/64`, "dev", link, "nodad");
}

function startChild(command: string, args: string[]): Child {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  let text = "";
  const collect = (chunk: Buffer): void => {
    text += chunk.toString("utf8");
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  child.on("error", (error) => {
    text += error.message;
  });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    process: child,
    output: () => text,
    ended,
    waitFor: async (pattern, limitMs = 20_000) => {
      const endsAt = performance.now() + limitMs;
      while (performance.now() < endsAt) {
        const found = pattern.exec(text);
        if (found !== null) return found[0];
        if (hasEnded()) break;
        await sleep(20);
      }
      throw new Error(
        `${pattern} did not appear; the process ${hasEnded() ? "has ended" : "goes on"} and said:\n${text}`,
      );
    },
    end: async (signal, limitMs = 15_000) => {
      if (hasEnded()) return;
      child.kill(signal);
      await Promise.race([ended, sleep(limitMs)]);
      if (!hasEnded()) {
        child.kill("SIGKILL");
        throw new Error(`the process did not end within ${limitMs} ms of ${signal}:\n${text}`);
      }
    },
  };
}
