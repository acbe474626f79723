import { fileURLToPath } from "node:url";
import type { PlanService } from "@arctic/dataplane";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWhere } from "../../../../test/support/needs.ts";
import { type Pair, startPair } from "./support/pair.ts";
import { PEER_A, PEER_B, service } from "./support/plans.ts";
import { missingForWorld } from "./support/world.ts";

/** Every kind of service with every kind of traffic, at once on one pair of hosts: table-driven, each case a packet's way. */

const missing = await missingForWorld();
const PROTOCOLS = ["tcp", "udp", "icmp", "gre"] as const;
const FAMILIES = [4, 6] as const;
type Protocol = (typeof PROTOCOLS)[number];
type Family = (typeof FAMILIES)[number];

interface Kind {
  readonly name: string;
  readonly serviceId: string;
  /** The last number of the server's address that this kind's traffic goes to. */
  readonly host: number;
  readonly isTransparent: boolean;
  readonly limit: number;
  readonly isByInterface: boolean;
}

const PLAIN = { isTransparent: false, limit: 0, isByInterface: false } as const;
const KINDS: readonly Kind[] = [
  { ...PLAIN, name: "plain", serviceId: "svc_01CX5ZZKBKACTAV9WEVGEMMVA1", host: 2 },
  { ...PLAIN, name: "transparent", serviceId: "svc_01CX5ZZKBKACTAV9WEVGEMMVA2", host: 12, isTransparent: true },
  { ...PLAIN, name: "interface", serviceId: "svc_01CX5ZZKBKACTAV9WEVGEMMVA3", host: 22, isByInterface: true },
  { ...PLAIN, name: "limited", serviceId: "svc_01CX5ZZKBKACTAV9WEVGEMMVA4", host: 32, limit: 10 },
];
const CASES = KINDS.flatMap((kind) =>
  FAMILIES.flatMap((family) => PROTOCOLS.map((protocol) => ({ kind, family, protocol }))),
);

const serverAt = (family: Family, host: number): string => (family === 4 ? `10.71.3.${host}` : `fd71:3::${host}`);
const exitAt = (family: Family): string => (family === 4 ? "10.71.3.1" : "fd71:3::1");
const clientAt = (family: Family): string => (family === 4 ? "10.71.1.2" : "fd71:1::2");
const lengthOf = (family: Family): number => (family === 4 ? 32 : 128);

function serviceOf(kind: Kind, role: "entry" | "exit"): PlanService {
  return service(kind.serviceId, role, role === "entry" ? PEER_B : PEER_A, {
    fully_transparent: kind.isTransparent,
    bandwidth_limit_mbps: kind.limit,
    ...(kind.isByInterface
      ? { interface: { ipv4_cidr: "10.71.1.50/24", ipv6_cidr: "fd71:1::50/64" } }
      : {
          routes: FAMILIES.map((family) => ({
            route_id: family,
            priority: 0,
            source_cidr: family === 4 ? "10.71.1.0/24" : "fd71:1::/64",
            dest_cidr: `${serverAt(family, kind.host)}/${lengthOf(family)}`,
          })),
        }),
  });
}

const CLIENT = fileURLToPath(new URL("./support/lan-client.ts", import.meta.url));
const ECHO_PORT = 9_003;
/** Answers from the address that was asked: a socket for all of them would answer from the host's first. */
const ECHO = `
  const { createSocket } = require("node:dgram");
  for (const address of process.argv.slice(1)) {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    socket.on("message", (text, from) => socket.send(from.address + " " + text, from.port, from.address));
    socket.bind(${ECHO_PORT}, address, () => process.stdout.write("listening "));
  }
`;

/** What the server counts: packets of a protocol to an address of its own, from whom they are to come. */
const counterName = (kind: Kind, family: Family, protocol: Protocol): string => `${protocol}${family}_${kind.name}`;

function countingRules(): string {
  const rows = CASES.map(({ kind, family, protocol }) => {
    const ip = family === 4 ? "ip" : "ip6";
    const from = kind.isTransparent ? clientAt(family) : exitAt(family);
    const layer = protocol === "icmp" && family === 6 ? "ipv6-icmp" : protocol;
    const name = counterName(kind, family, protocol);
    return {
      name,
      rule: `${ip} saddr ${from} ${ip} daddr ${serverAt(family, kind.host)} meta l4proto ${layer} counter name ${name}`,
    };
  });
  return [
    "table inet seen {",
    ...rows.map(({ name }) => `  counter ${name} { }`),
    "  chain input {",
    "    type filter hook input priority filter; policy accept;",
    ...rows.map(({ rule }) => `    ${rule}`),
    "  }",
    "}",
    "",
  ].join("\n");
}

/** One packet of GRE (RFC 2784) with a payload that is nobody's. */
const GRE = `
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
raw = socket.socket(family, socket.SOCK_RAW, 47)
for _ in range(3): raw.sendto(bytes([0, 0, 0x88, 0xb5]) + b"arctic" * 4, (sys.argv[1], 0))
`;

describeWhere(missing, "every kind of service, of traffic and of address", () => {
  let pair: Pair;

  beforeAll(async () => {
    pair = await startPair();
    const { world } = pair;
    for (const { host, isByInterface } of KINDS) {
      await world.inside(
        "server",
        "sh",
        "-c",
        `ip addr add 10.71.3.${host}/24 dev s0 2>/dev/null; ip addr add fd71:3::${host}/64 dev s0 nodad 2>/dev/null; true`,
      );
      if (!isByInterface) continue;
      await world.inside("client", "ip", "-4", "route", "add", `${serverAt(4, host)}/32`, "via", "10.71.1.50");
      await world.inside("client", "ip", "-6", "route", "add", `${serverAt(6, host)}/128`, "via", "fd71:1::50");
    }
    await world.inside("server", "nft", "-f", await world.file("seen.nft", countingRules()));
    const addresses = KINDS.flatMap(({ host }) => FAMILIES.map((family) => serverAt(family, host)));
    await world.start("server", process.execPath, "-e", ECHO, ...addresses).waitFor(/(listening ){8}/);
    await pair.apply(
      KINDS.map((kind) => serviceOf(kind, "entry")),
      KINDS.map((kind) => serviceOf(kind, "exit")),
    );
    await Promise.all([pair.active("a"), pair.active("b")]);
  });

  afterAll(async () => {
    await pair?.destroy();
  });

  const seen = async (name: string): Promise<number> => {
    const text = await pair.world.inside("server", "nft", "list", "counter", "inet", "seen", name);
    return Number(/packets (\d+)/.exec(text)?.[1]);
  };
  const askOnce = async (address: string): Promise<unknown> =>
    JSON.parse(await pair.world.inside("client", process.execPath, CLIENT, "udp", address, "5", String(ECHO_PORT)));
  const send = async (protocol: Protocol, address: string): Promise<void> => {
    switch (protocol) {
      case "tcp":
        return void expect(await pair.ask("tcp", address, 20_000)).toMatchObject({
          outcome: "answered",
          bytes: 20_000,
        });
      case "udp":
        return void expect(await askOnce(address)).toMatchObject({ outcome: "answered", answers: 5 });
      case "icmp":
        return void expect(await pair.ping(address)).toContain("3 received");
      case "gre":
        return void (await pair.world.inside("client", "python3", "-c", GRE, address));
    }
  };

  test.each(CASES.map((one) => [one.kind.name, one.protocol, one.family, one] as const))(
    "%s: %s over IPv%i",
    async (_kind, protocol, family, { kind }) => {
      const before = await pair.service("a", kind.serviceId);
      await send(protocol, serverAt(family, kind.host));
      // The server saw it, from whom it was to come, and the entry says that it carried it the right way.
      await expect.poll(() => seen(counterName(kind, family, protocol)), { timeout: 3_000 }).toBeGreaterThan(0);
      const after = await pair.service("a", kind.serviceId);
      const flows = after.pegasus.flows_total - before.pegasus.flows_total;
      const packets = after.tempest.packets_in - before.tempest.packets_in;
      if (protocol === "tcp") expect([flows, packets]).toEqual([1, 0]);
      else {
        expect(flows).toBe(0);
        expect(packets).toBeGreaterThanOrEqual(3);
      }
    },
  );
});
