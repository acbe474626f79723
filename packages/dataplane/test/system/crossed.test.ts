import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connectDataplane, type DataplaneClient, type PlanService } from "@arctic/dataplane";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWhere } from "../../../../test/support/needs.ts";
import { programArguments } from "../../../../test/support/programs.ts";
import { PEER_A, PEER_B, PEER_C, planOf, planPeer, service } from "./support/plans.ts";
import { type Host, makeCrossedWorld, missingForWorld, type World } from "./support/world.ts";

const missing = await missingForWorld();
const TAGGED = fileURLToPath(new URL("./support/tagged-udp.ts", import.meta.url));
const CLIENT = fileURLToPath(new URL("./support/lan-client.ts", import.meta.url));
const SERVER = fileURLToPath(new URL("./support/lan-server.ts", import.meta.url));

const serviceId = (number: number): string => `svc_01CX5ZZKBKACTAV9WEVGEMMVR${number}`;
/** From LANs of equal addresses to the server's. */
const TO_SERVER: PlanService["routes"] = [
  { route_id: 1, priority: 0, source_cidr: "10.71.1.0/24", dest_cidr: "10.71.3.0/24" },
  { route_id: 2, priority: 0, source_cidr: "fd71:1::/64", dest_cidr: "fd71:3::/64" },
];
/** From one address of the server's to the network that both LANs have. */
const fromServer = (number: number): PlanService["routes"] => [
  { route_id: 1, priority: 0, source_cidr: `10.71.3.${number}/32`, dest_cidr: "10.71.1.0/24" },
  { route_id: 2, priority: 0, source_cidr: `fd71:3::${number}/128`, dest_cidr: "fd71:1::/64" },
];

/** Interfaces of services on a host with several links: the network of each says on which. */
const ON_LINKS = [
  { id: serviceId(5), link: "svc-WEVGEMMVR5", address: "10.71.3.60", parent: "lan0" },
  { id: serviceId(6), link: "svc-WEVGEMMVR6", address: "10.71.4.60", parent: "wan1" },
];

const DIAL = `
  const socket = require("net").connect({ port: 7777, host: process.argv[1], localAddress: process.argv[2] });
  socket.setTimeout(8000, () => process.exit(1)).on("error", () => process.exit(2)).pipe(process.stdout);
`;

describeWhere(missing, "three hosts, two of which have LANs of the same addresses", () => {
  let world: World;
  const clients = new Map<Host, DataplaneClient>();
  const on = (host: Host): DataplaneClient => {
    const found = clients.get(host);
    if (found === undefined) throw new Error(`no data plane on ${host}`);
    return found;
  };

  beforeAll(async () => {
    world = await makeCrossedWorld();
    await world.inside("server", "ip", "addr", "add", "10.71.3.4/24", "dev", "s0");
    // Answers to what was asked of the other address are not to bear this one.
    const deprecated = ["nodad", "preferred_lft", "0"];
    await world.inside("server", "ip", "addr", "add", "fd71:3::4/64", "dev", "s0", ...deprecated);
    await world.start("server", process.execPath, SERVER).waitFor(/listening/);
    for (const name of ["client", "twin"] as const) {
      await world.start(name, process.execPath, TAGGED, "serve", name, "7777").waitFor(/listening/);
    }
    for (const host of ["a", "b", "c"] as const) {
      const flags = ["--state-dir", `${world.folder}/${host}`, "--control-socket", `${world.folder}/${host}.sock`];
      const child = world.start(host, process.execPath, ...programArguments("arctic-dataplane"), ...flags);
      await child.waitFor(/dataplane_started/);
      clients.set(host, await connectDataplane(`${world.folder}/${host}.sock`));
    }
    const [a, b, c] = await Promise.all([on("a").identity(), on("b").identity(), on("c").identity()]);
    const peers = [planPeer(PEER_A, "a", ["10.71.2.1"], a), planPeer(PEER_C, "c", ["10.71.4.1"], c)];
    await on("b").apply(
      planOf(PEER_B, peers, [
        service(serviceId(1), "exit", PEER_A, { routes: TO_SERVER }),
        service(serviceId(2), "exit", PEER_C, { routes: TO_SERVER }),
        service(serviceId(3), "entry", PEER_A, { routes: fromServer(2) }),
        service(serviceId(4), "entry", PEER_C, { routes: fromServer(4) }),
        ...ON_LINKS.map((one) => service(one.id, "entry", PEER_A, { interface: { ipv4_cidr: `${one.address}/24` } })),
      ]),
    );
    const exitsOfLinks = ON_LINKS.map((one) =>
      service(one.id, "exit", PEER_B, { interface: { ipv4_cidr: `${one.address}/24` } }),
    );
    const ends = [
      ["a", PEER_A, "10.71.2.2", 1, 2],
      ["c", PEER_C, "10.71.4.2", 2, 4],
    ] as const;
    for (const [host, peerId, address, number, from] of ends) {
      await on(host).apply(
        planOf(
          peerId,
          [planPeer(PEER_B, "b", [address], b)],
          [
            service(serviceId(number), "entry", PEER_B, { routes: TO_SERVER }),
            service(serviceId(number + 2), "exit", PEER_B, { routes: fromServer(from) }),
            ...(host === "c" ? [] : exitsOfLinks),
          ],
        ),
      );
    }
    for (const host of ["a", "b", "c"] as const) await active(host);
  });

  afterAll(async () => {
    for (const client of clients.values()) client.close();
    await world?.destroy();
  });

  const active = async (host: Host): Promise<void> => {
    for (const endsAt = performance.now() + 30_000; ; await sleep(100)) {
      const { services } = await on(host).observe();
      if (services.every(({ state }) => state === "active")) return;
      if (performance.now() > endsAt) throw new Error(`${host} is not active: ${JSON.stringify(services)}`);
    }
  };
  const ask = async (host: Host, ...argv: (string | number)[]): Promise<string[]> =>
    JSON.parse(await world.inside(host, process.execPath, TAGGED, "ask", ...argv.map(String)));

  test.each([
    ["10.71.3.2", "10.71.1.2"],
    ["fd71:3::2", "fd71:1::2"],
  ])("two clients of one address and one port, at once, each have their own answers: UDP to %s", async (to, from) => {
    const tags = (name: string) => Array.from({ length: 50 }, (_, at) => `${name}-${at}`);
    const both = await Promise.all(
      (["client", "twin"] as const).map((name) => ask(name, to, 9001, from, 5555, name, 50)),
    );
    expect(both.map((answers) => answers.map((answer) => answer.split(" ")[1]).sort())).toEqual([
      tags("client").sort(),
      tags("twin").sort(),
    ]);
  });

  test.each(["10.71.3.2", "fd71:3::2"])("the same with echo requests of one id, and with TCP: %s", async (to) => {
    const pings = await Promise.all(
      (["client", "twin"] as const).map((name) =>
        world.inside(name, "ping", "-n", "-e", "77", "-c", "5", "-i", "0.2", to),
      ),
    );
    for (const said of pings) expect(said).toContain("5 received");
    const fetched = await Promise.all(
      [1_000_000, 1_000_001].map((bytes, at) =>
        world.inside(at === 0 ? "client" : "twin", process.execPath, CLIENT, "tcp", to, String(bytes)),
      ),
    );
    expect(fetched.map((text) => JSON.parse(text))).toMatchObject([
      { outcome: "answered", bytes: 1_000_000 },
      { outcome: "answered", bytes: 1_000_001 },
    ]);
  });

  const dialled = (host: Host, to: string, from: string): Promise<string> =>
    world.inside(host, process.execPath, "-e", DIAL, to, from);

  test.each([
    ["10.71.1.2", "10.71.3.2", "client"],
    ["10.71.1.2", "10.71.3.4", "twin"],
    ["fd71:1::2", "fd71:3::2", "client"],
    ["fd71:1::2", "fd71:3::4", "twin"],
  ])("services to one network go to the peer that each names: %s from %s reaches the %s", async (to, from, name) => {
    const answers = await ask("server", to, 7777, from, 0, "asked", 5);
    expect(answers.map((answer) => answer.split(" ")[0])).toEqual(Array.from({ length: 5 }, () => name));
    expect(await dialled("server", to, from)).toBe(name);
  });

  test.each([
    ["server", "10.71.3.2", ON_LINKS[0]],
    ["c", "10.71.4.1", ON_LINKS[1]],
  ] as const)(
    "on a host of several links an interface is on that of its network, and serves who is there: %s",
    async (host, from, one) => {
      if (one === undefined) throw new Error("two were made");
      const links = JSON.parse(await world.inside("b", "ip", "-j", "link"));
      expect(links.find(({ ifname }: { ifname: string }) => ifname === one.link)).toMatchObject({ link: one.parent });
      const counts = async () => {
        const found = (await on("b").observe()).services.find(({ service_id }) => service_id === one.id);
        return { packets: found?.tempest.packets_in ?? 0, flows: found?.pegasus.flows_total ?? 0 };
      };
      const before = await counts();
      await world.inside(host, "ip", "route", "add", "10.71.1.2/32", "via", one.address);
      try {
        const answers = await ask(host, "10.71.1.2", 7777, from, 0, "asked", 5);
        expect(answers.map((answer) => answer.split(" ")[0])).toEqual(Array.from({ length: 5 }, () => "client"));
        expect(await dialled(host, "10.71.1.2", from)).toBe("client");
      } finally {
        await world.inside(host, "ip", "route", "del", "10.71.1.2/32");
      }
      const after = await counts();
      expect([after.packets - before.packets, after.flows - before.flows]).toEqual([5, 1]);
      // The address is the host's too: a program that is bound to it speaks from there.
      expect(await world.inside("b", "ping", "-n", "-I", one.address, "-c", "2", "-i", "0.2", from)).toContain(
        "2 received",
      );
      const [neighbour] = JSON.parse(await world.inside(host, "ip", "-j", "neigh", "show", one.address));
      expect(neighbour.lladdr).toBe(links.find(({ ifname }: { ifname: string }) => ifname === one.link).address);
    },
  );
});
