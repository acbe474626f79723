import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { DIVERT_CHAIN } from "../../packages/dataplane/test/system/pegasus/world.ts";
import { type Pair, startPair } from "../../packages/dataplane/test/system/support/pair.ts";
import { PEER_A, PEER_B, service } from "../../packages/dataplane/test/system/support/plans.ts";
import { type Child, makeWorld, type World } from "../../packages/dataplane/test/system/support/world.ts";
import { namespaceNamed, pidsOf } from "./load.ts";

/** One row of namespaces a contender, client - a - b - server, so that nobody meets another's leftovers. */
export interface Course {
  readonly name: string;
  readonly world: World;
  /** The processes that relay. */
  relays(): number[];
  /** Bytes that the relay itself says it carried, both directions; undefined where it does not say. */
  carried(): Promise<number | undefined>;
  destroy(): Promise<void>;
}

export const SERVICE = "svc_01CX5ZZKBKACTAV9WEVGEMMVR1";
export const ECHO_PORT = 9_500;
export const program = (name: string): string => fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url));
/** As it is installed: sources that Node strips of their types hold more memory. */
export const BUILT = fileURLToPath(new URL("../../packages/dataplane/dist/main.js", import.meta.url));
export const NODE = [process.execPath, "--conditions=arctic-source", "--no-warnings"] as const;

const CAPTURE = `table inet rival {
  ${DIVERT_CHAIN}
  chain intercept {
    type filter hook prerouting priority mangle; policy accept;
    meta mark 0x1 return
    fib daddr type local return
    iifname "lan0" meta nfproto ipv4 meta l4proto tcp tproxy ip to 127.0.0.1:8701 meta mark set 0x1 accept
    iifname "lan0" meta nfproto ipv6 meta l4proto tcp tproxy ip6 to [::1]:8701 meta mark set 0x1 accept
    iifname "lan0" meta l4proto tcp reject with tcp reset
  }
}`;

/** No relay at all: a and b forward. */
export async function directCourse(): Promise<Course> {
  const world = await prepared(async (made) => {
    await serve(made);
    await forwarding(made, "a");
    await oneHop(made);
  });
  return courseOf("direct", world, [], async () => undefined);
}

/** Two data planes, as they run in production. */
export async function arcticCourse(workers: number): Promise<Course & { readonly pair: Pair }> {
  const pair = await startPair(["--workers", String(workers)], BUILT);
  const { world } = pair;
  await serve(world);
  const routes = [{ route_id: 1, priority: 0, source_cidr: "10.71.1.0/24", dest_cidr: "10.71.3.0/24" }];
  await pair.apply(
    [service(SERVICE, "entry", PEER_B, { routes, fully_transparent: true })],
    [service(SERVICE, "exit", PEER_A, { routes, fully_transparent: true })],
  );
  await pair.active("a");
  const course = courseOf("arctic", world, [/pegasus-worker/], async () => {
    const { pegasus } = await pair.service("a", SERVICE);
    return pegasus.bytes_in + pegasus.bytes_out;
  });
  return { ...course, pair, destroy: () => pair.destroy() };
}

/** The relay engine alone on a; b forwards. */
export async function engineCourse(): Promise<Course> {
  let relay: Child | undefined;
  const world = await capturedWorld(async (made) => {
    await oneHop(made);
    relay = made.start("a", ...NODE, program("one-hop"));
    await relay.waitFor(/listening/);
  });
  return courseOf("engine", world, [/one-hop/], async () => {
    relay?.process.stdin?.write("count\n");
    await sleep(100);
    return Number(/carried (\d+)\n$/.exec(relay?.output() ?? "")?.[1]);
  });
}

/** HAProxy on a, TPROXY in and the client's own address out; b forwards. */
export async function haproxyOneHop(tuned: boolean): Promise<Course> {
  const world = await capturedWorld(async (made) => {
    await oneHop(made);
    await haproxy(made, "a", tuned ? ["tune.bufsize 262144"] : [], [
      "frontend in",
      "  bind 127.0.0.1:8701 transparent",
      "  bind [::1]:8701 transparent",
      "  default_backend out",
      "backend out",
      ...(tuned ? ["  option splice-auto"] : []),
      "  source 0.0.0.0 usesrc clientip",
      "  server original 0.0.0.0:0",
    ]);
  });
  return courseOf(tuned ? "haproxy, tuned" : "haproxy", world, [/^haproxy/], async () => undefined);
}

/** A pair of HAProxy with mutual TLS 1.3 between; the server sees b. */
export async function haproxyPair(): Promise<Course> {
  const world = await capturedWorld(async (made) => {
    await certificates(made);
    const mutual = (own: string, other: string) =>
      `crt ${made.folder}/${own}.pem ca-file ${made.folder}/${other}.crt verify required ssl-min-ver TLSv1.3 ciphersuites TLS_AES_128_GCM_SHA256`;
    await haproxy(
      made,
      "b",
      [],
      [
        "frontend in",
        `  bind 10.71.2.2:61000 ssl ${mutual("b", "a")} accept-proxy`,
        "  default_backend out",
        "backend out",
        "  server original 0.0.0.0:0",
      ],
    );
    await haproxy(
      made,
      "a",
      [],
      [
        "frontend in",
        "  bind 127.0.0.1:8701 transparent",
        "  default_backend out",
        "backend out",
        `  server peer 10.71.2.2:61000 ssl ${mutual("a", "b")} send-proxy-v2`,
      ],
    );
  });
  return courseOf("haproxy pair", world, [/^haproxy/], async () => undefined);
}

/** TLS for every connection, by Node. */
export async function tlsAConnection(): Promise<Course> {
  const world = await capturedWorld(async (made) => {
    await certificates(made);
    const script = program("tls-a-connection");
    await made.start("b", ...NODE, script, "exit", made.folder, "10.71.3.2", String(ECHO_PORT)).waitFor(/listening/);
    await made.start("a", ...NODE, script, "entry", made.folder, "10.71.2.2").waitFor(/listening/);
  });
  return courseOf("tls a connection", world, [/tls-a-connection/], async () => undefined);
}

/** A world that does not outlive its preparation when that fails. */
async function prepared(prepare: (world: World) => Promise<void>): Promise<World> {
  const world = await makeWorld();
  try {
    await prepare(world);
    return world;
  } catch (error) {
    await world.destroy();
    throw error;
  }
}

/** Ports enough for short connections, and whom to speak to. */
async function serve(world: World): Promise<void> {
  for (const host of ["client", "a", "b", "server"] as const) {
    await world.inside(host, "sysctl", "-qw", "net.ipv4.ip_local_port_range=1024 60000", "net.ipv4.tcp_tw_reuse=1");
  }
  await world.start("server", "iperf3", "-s", "--forceflush").waitFor(/listening/);
  await world.start("server", ...NODE, program("traffic"), "echo", String(ECHO_PORT)).waitFor(/listening/);
}

/** Where a rival's TPROXY rules stand on a; `prepare` starts the rival. */
function capturedWorld(prepare: (world: World) => Promise<void>): Promise<World> {
  return prepared(async (world) => {
    await serve(world);
    await loadRules(world, "a", CAPTURE);
    await tproxyRoutes(world, "a");
    await prepare(world);
  });
}

async function oneHop(world: World): Promise<void> {
  await forwarding(world, "b");
  await world.inside("a", "ip", "route", "add", "10.71.3.0/24", "via", "10.71.2.2");
  await world.inside("b", "ip", "route", "add", "10.71.1.0/24", "via", "10.71.2.1");
}

async function tproxyRoutes(world: World, host: "a" | "b"): Promise<void> {
  for (const family of ["-4", "-6"]) {
    await world.inside(host, "ip", family, "rule", "add", "fwmark", "0x1", "lookup", "100", "priority", "100");
    await world.inside(host, "ip", family, "route", "add", "local", "default", "dev", "lo", "table", "100");
  }
}

async function forwarding(world: World, host: "a" | "b"): Promise<void> {
  await world.inside(host, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
}

async function loadRules(world: World, host: "a" | "b", rules: string): Promise<void> {
  writeFileSync(`${world.folder}/${host}.nft`, `${rules}\n`);
  await world.inside(host, "nft", "-f", `${world.folder}/${host}.nft`);
}

async function haproxy(world: World, host: "a" | "b", global: string[], rest: string[]): Promise<void> {
  const path = `${world.folder}/${host}.cfg`;
  const defaults = ["defaults", "  mode tcp", "  timeout connect 5s", "  timeout client 1h", "  timeout server 1h"];
  const lines = ["global", "  maxconn 4000", "  nbthread 1", ...global.map((one) => `  ${one}`), ...defaults, ...rest];
  writeFileSync(path, `${lines.join("\n")}\n`);
  await world.inside(host, "haproxy", "-c", "-f", path);
  const child = world.start(host, "haproxy", "-db", "-f", path);
  for (let waited = 0; pidsOf(namespaceNamed(world.name(host)), /^haproxy/).length === 0; waited += 50) {
    if (waited > 5_000) throw new Error(`HAProxy did not start: ${child.output()}`);
    await sleep(50);
  }
  await sleep(300);
}

async function certificates(world: World): Promise<void> {
  mkdirSync(world.folder, { recursive: true });
  const run = promisify(execFile);
  for (const name of ["a", "b"]) {
    const [key, crt] = [`${world.folder}/${name}.key`, `${world.folder}/${name}.crt`];
    await run("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"],
      ...["-subj", `/CN=${name}`, "-keyout", key, "-out", crt],
    ]);
    await run("sh", ["-c", `cat "${crt}" "${key}" > "${world.folder}/${name}.pem"`]);
  }
}

function courseOf(name: string, world: World, relays: readonly RegExp[], carried: Course["carried"]): Course {
  return {
    name,
    world,
    relays: () =>
      (["a", "b"] as const).flatMap((host) =>
        relays.flatMap((pattern) => pidsOf(namespaceNamed(world.name(host)), pattern)),
      ),
    carried,
    destroy: () => world.destroy(),
  };
}

/** The namespaces of a course, as /proc names them. */
export function namespacesOf(course: Course): string[] {
  return (["client", "a", "b", "server"] as const).map((host) => namespaceNamed(course.world.name(host)));
}

/** Opens courses as they are asked for, and destroys them all, also when this process is told to end. */
export async function withCourses<T>(
  use: (open: <C extends Course>(course: Promise<C>) => Promise<C>) => Promise<T>,
): Promise<T> {
  const opening: Promise<Course>[] = [];
  const destroy = async (): Promise<void> => {
    for (const course of await Promise.allSettled(opening))
      if (course.status === "fulfilled") await course.value.destroy();
  };
  const end = (): void => void destroy().finally(() => process.exit(1));
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.on(signal, end);
  try {
    return await use((course) => {
      opening.push(course);
      return course;
    });
  } finally {
    for (const signal of signals) process.off(signal, end);
    await destroy();
  }
}

/** Two data planes whose one service takes all but TCP through the tunnel; iperf3 speaks TCP beside it. */
export async function tempestCourse(): Promise<Course & { readonly pair: Pair }> {
  const course = await arcticCourse(1);
  await course.pair.active("b");
  await innerNetwork(course.world);
  return {
    ...course,
    name: "tempest",
    relays: () => wireguards(course.world),
    carried: async () => (await course.pair.service("a", SERVICE)).tempest.bytes_in,
  };
}

/** A wireguard-go on a and b with routes into it, and nothing else. */
export async function rawTunnelCourse(): Promise<Course> {
  const world = await prepared(async (made) => {
    await serve(made);
    for (const host of ["a", "b"] as const) {
      await forwarding(made, host);
      // A name of its own: the socket's folder is one a mount namespace.
      const tunnel = made.start(host, "sh", "-c", RAW_TUNNEL, "sh", made.folder, host);
      await tunnel.waitFor(/key made/);
    }
    for (const host of ["a", "b"] as const) await made.file(`${host}.go`, "");
    await innerNetwork(made);
    await sleep(1_000);
  });
  return courseOf("wireguard-go", world, [/^wireguard-go/], async () => undefined);
}

export const INNER_SERVER = "10.99.0.2";

/** The client's and the server's own VXLAN, one port both ways so that its answers are answers. */
async function innerNetwork(world: World): Promise<void> {
  const ends = {
    client: ["10.71.1.2", "10.71.3.2", "10.99.0.1"],
    server: ["10.71.3.2", "10.71.1.2", INNER_SERVER],
  } as const;
  for (const host of ["client", "server"] as const) {
    const [local, remote, address] = ends[host];
    const link = `ip link add inner0 type vxlan id 5 local ${local} remote ${remote} dstport 4789 srcport 4789 4790`;
    // Within the narrower of the two tunnels, so that both carry packets of one size.
    await world.inside(
      host,
      "sh",
      "-c",
      `${link} && ip addr add ${address}/24 dev inner0 && ip link set inner0 mtu 1280 up`,
    );
  }
}

const wireguards = (world: World): number[] =>
  (["a", "b"] as const).flatMap((host) => pidsOf(namespaceNamed(world.name(host)), /^wireguard-go/));

/** FOLDER HOST: makes a key, waits until both have one, then joins the two; ends with its tunnel. */
const RAW_TUNNEL = `
set -e
folder=$1 host=$2
[ $host = a ] && other=b number=1 peer=10.71.2.2 far=10.71.3.0/24 || { other=a number=2 peer=10.71.2.1 far=10.71.1.0/24; }
LOG_LEVEL=error WG_PROCESS_FOREGROUND=1 wireguard-go -f raw0 &
until wg show raw0 > /dev/null 2>&1; do sleep 0.05; done
umask 077; wg genkey > $folder/$host.wg; wg pubkey < $folder/$host.wg > $folder/$host.pub
echo key made
until [ -e $folder/$host.go ]; do sleep 0.05; done
wg set raw0 private-key $folder/$host.wg listen-port 51840 peer $(cat $folder/$other.pub) allowed-ips 0.0.0.0/0 endpoint $peer:51840
ip addr add 10.77.0.$number/24 dev raw0
ip link set raw0 mtu 1420 up
ip route add $far dev raw0
wait
`;
