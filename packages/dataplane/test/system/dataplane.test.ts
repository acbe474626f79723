import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWhere } from "../../../../test/support/needs.ts";
import { vxlanName } from "../../src/kernel/names.ts";
import { type Pair, startPair } from "./support/pair.ts";
import {
  onLan,
  PEER_A,
  PEER_B,
  PEER_C,
  planOf,
  planPeer,
  routed,
  SERVICE_LAN,
  SERVICE_ROUTED,
  service,
} from "./support/plans.ts";
import { missingForWorld } from "./support/world.ts";

const missing = await missingForWorld();

const UNREACHABLE = /Destination (Host|Net) Unreachable/;

/** Connects, and waits for what becomes of it: a relay accepts before it knows. */
const DIAL = `
  const socket = require("net").connect(process.argv[2], process.argv[1]);
  socket.on("error", () => {}).on("close", () => process.exit(0)).resume();
  setTimeout(() => process.exit(1), 5000);
`;

const SERVICE_OTHER = "svc_01CX5ZZKBKACTAV9WEVGEMMVR3";

/** Asks the tests' server for so many bytes and takes seconds to read them. */
const SLOW_READER = `
  const [address, bytes] = process.argv.slice(1);
  const socket = require("net").connect(9000, address, () => socket.write(bytes + "\\n"));
  const pieces = [];
  socket.on("data", (piece) => { pieces.push(piece); socket.pause(); setTimeout(() => socket.resume(), 15); });
  socket.on("end", () => {
    const all = Buffer.concat(pieces);
    const body = all.subarray(all.indexOf(10) + 1, -32);
    const isWhole = require("crypto").createHash("sha256").update(body).digest().equals(all.subarray(-32));
    console.log(JSON.stringify({ isWhole, bytes: body.length }));
  });
`;

describeWhere(missing, "two data planes between two LANs", () => {
  let pair: Pair;

  beforeAll(async () => {
    pair = await startPair();
  });

  afterAll(async () => {
    await pair?.destroy();
  });

  /** Rule handles change whenever the table is written. */
  const handles = (): Promise<string> =>
    pair.world.inside("a", "sh", "-c", "nft -a list table inet arctic | grep handle");
  const ipOnA = (...argv: string[]): Promise<string> => pair.world.inside("a", "ip", ...argv);

  test("as many TCP flows as the host's descriptors suffice for are told", async () => {
    const hard = Number(await pair.world.inside("a", "sh", "-c", "ulimit -Hn"));
    const { flows_at_most } = await pair.client("a").observe();
    expect(flows_at_most).toBeGreaterThan(0);
    expect(flows_at_most).toBe(hard - 256);
    expect(pair.process("a").output()).toContain(`flows_at_most=${flows_at_most}`);
  });

  test("without a plan the hosts carry nothing", async () => {
    expect(await pair.ping("10.71.3.2")).toContain("100% packet loss");
    expect((await pair.client("a").identity()).tunnel_backend).toMatch(/kernel|userspace/);
  });

  test("services become active on both hosts once the tunnel has shaken hands", async () => {
    await pair.apply([routed("entry"), onLan("entry")], [routed("exit"), onLan("exit")]);
    await Promise.all([pair.active("a"), pair.active("b")]);
  });

  test.each(["10.71.3.2", "fd71:3::2"])(
    "ICMP echo to %s is answered through the tunnel and counted at both ends",
    async (address) => {
      const hosts = ["a", "b"] as const;
      const before = await Promise.all(hosts.map((host) => pair.service(host, SERVICE_ROUTED)));
      expect(await pair.ping(address)).toContain("3 received");
      for (const [at, host] of hosts.entries()) {
        const was = before[at]?.tempest;
        const is = (await pair.service(host, SERVICE_ROUTED)).tempest;
        expect(is.packets_in - (was?.packets_in ?? 0)).toBe(3);
        expect(is.packets_out - (was?.packets_out ?? 0)).toBe(3);
        expect(is.bytes_in).toBeGreaterThan(was?.bytes_in ?? 0);
      }
    },
  );

  test.each([
    ["10.71.3.2", "10.71.3.1"],
    ["fd71:3::2", "fd71:3::1"],
  ])("UDP to %s is answered, and the server sees the exit's address", async (address, exit) => {
    expect(await pair.ask("udp", address, 20)).toEqual({ outcome: "answered", seen: exit, answers: 20 });
  });

  test.each([
    ["10.71.3.2", "::ffff:10.71.3.1 ::ffff:10.71.3.2"],
    ["fd71:3::2", "fd71:3::1 fd71:3::2"],
  ])("TCP to %s is carried by Pegasus, and nothing of it by the tunnel", async (address, seen) => {
    const before = await pair.service("a", SERVICE_ROUTED);
    expect(await pair.ask("tcp", address, 5_000_000)).toEqual({ outcome: "answered", seen, bytes: 5_000_000 });
    const after = await pair.service("a", SERVICE_ROUTED);
    expect(after.pegasus.bytes_out - before.pegasus.bytes_out).toBeGreaterThanOrEqual(5_000_000);
    expect(after.tempest).toEqual(before.tempest);
  });

  test("connections are counted by how they ended up, at the entry and at the exit", async () => {
    const counted = async () => {
      const [entry, exit] = [await pair.service("a", SERVICE_ROUTED), await pair.service("b", SERVICE_ROUTED)];
      return { entry: entry.connects, exit: exit.connects };
    };
    const before = await counted();
    const dial = (address: string, port: number) =>
      pair.world.inside("client", process.execPath, "-e", DIAL, address, String(port));
    await pair.ask("tcp", "10.71.3.2", 1_000);
    await pair.ask("tcp", "fd71:3::2", 1_000);
    await dial("10.71.3.2", 9);
    await dial("10.71.3.1", 8080);
    const grown = async (outcome: keyof typeof before.entry) => {
      const after = await counted();
      return [after.entry, after.exit].map(
        (connects, at) => (connects[outcome] ?? 0) - ([before.entry, before.exit][at]?.[outcome] ?? 0),
      );
    };
    expect(await grown("connected")).toEqual([2, 2]);
    expect(await grown("refused")).toEqual([1, 1]);
    expect(await grown("not_admitted")).toEqual([1, 1]);
    expect(await grown("not_carried")).toEqual([0, 0]);
  });

  test("a packet larger than the tunnel's MTU is carried in pieces", async () => {
    const answer = await pair.world.inside(
      "client",
      "ping",
      "-n",
      "-c",
      "2",
      "-i",
      "0.2",
      "-W",
      "2",
      "-s",
      "3000",
      "-M",
      "dont",
      "10.71.3.2",
    );
    expect(answer).toContain("2 received");
  });

  test.each([
    ["10.71.1.50", "10.71.3.2", "::ffff:10.71.1.2"],
    ["fd71:1::50", "fd71:3::2", "fd71:1::2"],
  ])("by the service's own address %s the server %s sees the client itself", async (gateway, address, seen) => {
    const family = gateway.includes(":") ? "-6" : "-4";
    const length = gateway.includes(":") ? 128 : 32;
    await pair.world.inside("client", "ip", family, "route", "add", `${address}/${length}`, "via", gateway);
    try {
      const before = await pair.service("a", SERVICE_LAN);
      const answer = await pair.ask("tcp", address, 100_000);
      expect(answer).toMatchObject({ outcome: "answered", bytes: 100_000 });
      expect(String(answer.seen).split(" ")[0]).toBe(seen);
      expect(await pair.ping(address)).toContain("3 received");
      const after = await pair.service("a", SERVICE_LAN);
      expect(after.pegasus.flows_total - before.pegasus.flows_total).toBe(1);
      expect(after.tempest.packets_in - before.tempest.packets_in).toBe(3);
    } finally {
      await pair.world.inside("client", "ip", family, "route", "del", `${address}/${length}`);
    }
  });

  test("the client learns the service's MAC for its address, not the parent's", async () => {
    await pair.world.inside("client", "sh", "-c", "ip neigh flush dev c0; ping -c 1 -W 1 10.71.1.50 || true");
    const neighbours = JSON.parse(await pair.world.inside("client", "ip", "-j", "neigh", "show", "10.71.1.50"));
    const links = JSON.parse(await ipOnA("-j", "link"));
    const own = links.find((link: { ifname: string }) => link.ifname.startsWith("svc-"));
    expect(neighbours[0].lladdr).toBe(own.address);
  });

  test("an unchanged plan changes nothing in the kernel, and counters go on", async () => {
    const [links, table, before] = [
      await ipOnA("-o", "link"),
      await handles(),
      await pair.service("a", SERVICE_ROUTED),
    ];
    await pair.apply([routed("entry"), onLan("entry")], [routed("exit"), onLan("exit")]);
    expect(await ipOnA("-o", "link")).toBe(links);
    expect(await handles()).toBe(table);
    expect((await pair.service("a", SERVICE_ROUTED)).tempest).toEqual(before.tempest);
  });

  test("a changed plan leaves the counters of services that stay", async () => {
    const before = (await pair.service("a", SERVICE_ROUTED)).tempest;
    expect(before.packets_in).toBeGreaterThan(0);
    await pair.apply([routed("entry")], [routed("exit")]);
    expect((await pair.service("a", SERVICE_ROUTED)).tempest).toEqual(before);
    expect(await ipOnA("-o", "link")).not.toContain("svc-");
    await pair.apply([routed("entry"), onLan("entry")], [routed("exit"), onLan("exit")]);
    await pair.active("a");
  });

  test("what goes through one service does not notice that peers and services beside it come and go", async () => {
    const [identityA, identityB] = await Promise.all([pair.client("a").identity(), pair.client("b").identity()]);
    const b = planPeer(PEER_B, "b", ["10.71.2.2"], identityB);
    const nobody = { ...identityA, tunnel: { ...identityA.tunnel, public_key: randomBytes(32).toString("base64url") } };
    const c = planPeer(PEER_C, "c", ["10.71.2.9"], nobody);
    const toC = service(SERVICE_OTHER, "entry", PEER_C, {
      routes: [{ route_id: 1, priority: 0, dest_cidr: "198.51.100.0/24" }],
    });
    const echoes = pair.world.inside("client", "ping", "-n", "-q", "-c", "200", "-i", "0.02", "10.71.3.2");
    const read = pair.world.inside("client", process.execPath, "-e", SLOW_READER, "10.71.3.2", String(20 * 2 ** 20));
    let isRead = false;
    void read.finally(() => {
      isRead = true;
    });
    const client = pair.client("a");
    for (let round = 0; round < 4; round += 1) {
      await client.apply(planOf(PEER_A, [b, c], [routed("entry"), onLan("entry"), toC]));
      expect(await pair.world.inside("a", "ip", "-o", "link")).toContain(vxlanName(PEER_C));
      await client.apply(planOf(PEER_A, [b], [routed("entry")]));
      expect(await pair.world.inside("a", "ip", "-o", "link")).not.toContain(vxlanName(PEER_C));
    }
    expect(isRead).toBe(false);
    expect(await echoes).toContain("200 received");
    expect(JSON.parse(await read)).toEqual({ isWhole: true, bytes: 20 * 2 ** 20 });
    await pair.apply([routed("entry"), onLan("entry")], [routed("exit"), onLan("exit")]);
    await pair.active("a");
  });

  test("the exit lets out nothing that no service of its own admits", async () => {
    await pair.apply(
      [
        service(SERVICE_ROUTED, "entry", PEER_B, {
          routes: [{ route_id: 1, priority: 0, dest_cidr: "10.71.0.0/16" }],
        }),
      ],
      [
        service(SERVICE_ROUTED, "exit", PEER_A, {
          routes: [{ route_id: 1, priority: 0, dest_cidr: "10.71.3.128/25" }],
        }),
      ],
    );
    expect(await pair.ping("10.71.3.2")).toContain("100% packet loss");
    expect(await pair.ask("udp", "10.71.3.2", 1)).toMatchObject({ outcome: "TIMEOUT" });
    expect(await pair.ask("tcp", "10.71.3.2", 1)).not.toMatchObject({ outcome: "answered" });
    // Its own addresses are never let out to, whatever the service says.
    await pair.apply(
      [
        service(SERVICE_ROUTED, "entry", PEER_B, {
          routes: [{ route_id: 1, priority: 0, dest_cidr: "10.71.0.0/16" }],
        }),
      ],
      [
        service(SERVICE_ROUTED, "exit", PEER_A, {
          routes: [{ route_id: 1, priority: 0, dest_cidr: "10.71.0.0/16" }],
        }),
      ],
    );
    expect(await pair.ping("10.71.3.2")).toContain("3 received");
    expect(await pair.ping("10.71.3.1")).toContain("100% packet loss");
    expect(await pair.ping("10.71.2.2")).toContain("100% packet loss");
  });

  test("a service that must refuse resets TCP and answers the rest with a prohibition", async () => {
    await pair.apply([{ ...routed("entry"), refuse: "the license has expired" }], [routed("exit")]);
    expect(await pair.ask("tcp", "10.71.3.2", 1)).toMatchObject({ outcome: "ECONNREFUSED" });
    expect(await pair.ask("tcp", "fd71:3::2", 1)).toMatchObject({ outcome: "ECONNREFUSED" });
    expect(await pair.ping("10.71.3.2")).toMatch(/Packet filtered|Prohibited/);
    const { state, reason } = await pair.service("a", SERVICE_ROUTED);
    expect([state, reason]).toEqual(["inactive", "the license has expired"]);
  });

  test("traffic of a service whose tunnel is down is refused, although the main table has a way", async () => {
    await ipOnA("route", "add", "10.71.3.0/24", "via", "10.71.2.2");
    try {
      const identityA = await pair.client("a").identity();
      const peer = { ...planPeer(PEER_B, "b", ["10.71.2.2"], identityA) };
      const { tunnel: _tunnel, ...withoutTunnel } = peer;
      await pair.client("a").apply(planOf(PEER_A, [withoutTunnel], [routed("entry")]));
      expect(await pair.ping("10.71.3.2")).toMatch(UNREACHABLE);
      const { state, reason } = await pair.service("a", SERVICE_ROUTED);
      expect(state).not.toBe("active");
      expect(reason).toContain("b has not said how its tunnel is reached");
    } finally {
      await ipOnA("route", "del", "10.71.3.0/24");
    }
  });

  test("a bad plan is refused by the place in it, and nothing changes", async () => {
    await pair.apply([routed("entry")], [routed("exit")]);
    const table = await handles();
    const bad = planOf(
      PEER_A,
      [],
      [
        service(SERVICE_ROUTED, "entry", PEER_B, {
          routes: [{ route_id: 1, priority: 0, dest_cidr: "10.71.3.1/24" }],
        }),
      ],
    );
    await expect(pair.client("a").apply(bad)).rejects.toThrow(
      "services[0].routes[0].dest_cidr: 10.71.3.1/24 is no canonical network",
    );
    expect(await handles()).toBe(table);
  });

  test("after kill -9 traffic is refused, and the next start carries again and leaves nothing of its predecessor", async () => {
    await pair.apply([routed("entry"), onLan("entry")], [routed("exit"), onLan("exit")]);
    await pair.active("a");
    await pair.process("a").end("SIGKILL");
    expect(await pair.ask("tcp", "10.71.3.2", 1)).toMatchObject({ outcome: "ECONNREFUSED" });
    // wireguard-go outlives its parent by a moment, in which its device swallows what comes; then it is refused.
    let said = "";
    for (let tries = 0; tries < 5 && !UNREACHABLE.test(said); tries += 1) {
      said = await pair.ping("10.71.3.2");
      expect(said).toContain(" 0 received");
    }
    expect(said).toMatch(UNREACHABLE);
    // What the stored plan needs no more goes at the start, what it needs is there before the agent speaks.
    await pair.world.inside(
      "a",
      "ip",
      "rule",
      "add",
      "fwmark",
      "0x990/0xfff0",
      "lookup",
      "61153",
      "priority",
      "1010",
      "protocol",
      "97",
    );
    await pair.restart("a");
    await pair.active("a");
    expect(await ipOnA("rule")).not.toContain("0x990");
    expect(await pair.ping("10.71.3.2")).toContain("3 received");
    expect(await pair.ask("tcp", "10.71.3.2", 1_000)).toMatchObject({ outcome: "answered" });
  });

  test("wireguard-go that dies is started again", async () => {
    const { tunnel_backend } = await pair.client("a").identity();
    if (tunnel_backend !== "userspace") return;
    await pair.world.inside(
      "a",
      "sh",
      "-c",
      'for p in /proc/[0-9]*; do if [ "$(readlink $p/ns/net)" = "$(readlink /proc/self/ns/net)" ] && grep -q "^wireguard-go" $p/cmdline; then kill -9 "$(basename $p)"; fi; done',
    );
    await pair.active("a");
    expect(await pair.ping("fd71:3::2")).toContain("3 received");
  });

  test("the keys and the control socket are for their owner alone, and no log line holds a key", async () => {
    const modes = await pair.world.inside(
      "a",
      "stat",
      "-c",
      "%a",
      `${pair.world.folder}/a`,
      `${pair.world.folder}/a/tunnel.key`,
      `${pair.world.folder}/a.sock`,
    );
    expect(modes.trim().split("\n")).toEqual(["700", "600", "600"]);
    const key = Buffer.from((await readFile(`${pair.world.folder}/a/tunnel.key`, "utf8")).trim(), "base64url");
    const processes = await pair.world.inside("a", "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '");
    for (const encoding of ["hex", "base64", "base64url"] as const) {
      expect(pair.process("a").output()).not.toContain(key.toString(encoding));
      expect(processes).not.toContain(key.toString(encoding));
    }
  });

  test("an empty plan leaves nothing behind", async () => {
    await pair.apply([], []);
    for (const host of ["a", "b"] as const) expect(await pair.world.kernelStateOf(host)).toBe(pair.kernelBefore(host));
  });

  test("stopped with remove-on-stop, a carrying data plane leaves the kernel as it was", async () => {
    await pair.apply([routed("entry"), onLan("entry")], [routed("exit"), onLan("exit")]);
    await Promise.all([pair.process("a").end("SIGTERM"), pair.process("b").end("SIGTERM")]);
    for (const host of ["a", "b"] as const) expect(await pair.world.kernelStateOf(host)).toBe(pair.kernelBefore(host));
    expect(await pair.world.inside("a", "sh", "-c", "ls /run/wireguard 2>/dev/null || true")).toBe("");
  });
});
