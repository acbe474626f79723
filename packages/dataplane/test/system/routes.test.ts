import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWhere } from "../../../../test/support/needs.ts";
import { parseAddress } from "../../src/cidr.ts";
import { createMatcher } from "../../src/match.ts";
import { type Pair, startPair } from "./support/pair.ts";
import { PEER_A, PEER_B, service } from "./support/plans.ts";
import { missingForWorld } from "./support/world.ts";

/** Networks that lie in each other, and hosts in and beside them. */
const NETS = {
  ipv4: {
    sources: ["10.71.1.0/24", "10.71.1.0/25", "10.71.1.8/31", "10.71.1.9/32"],
    destinations: ["10.80.0.0/14", "10.80.0.0/16", "10.80.1.0/24", "10.80.1.7/32", "10.81.0.0/16"],
    from: ["10.71.1.8", "10.71.1.9", "10.71.1.200"],
    to: ["10.80.1.7", "10.80.1.8", "10.80.9.1", "10.81.0.1", "10.90.0.1"],
  },
  ipv6: {
    sources: ["fd71:1::/64", "fd71:1::/120", "fd71:1::8/127", "fd71:1::9/128"],
    destinations: ["fd80::/30", "fd80::/32", "fd80:0:1::/48", "fd80:0:1::7/128", "fd80:1::/32"],
    from: ["fd71:1::8", "fd71:1::9", "fd71:1::9:200"],
    to: ["fd80:0:1::7", "fd80:0:1::8", "fd80:0:9::1", "fd80:1::1", "fd90::1"],
  },
} as const;
const ROUNDS = 6;
/** The client's. */
const LINK = "c0";

/** One datagram from each address to each other; who answers, or refuses, is not waited for. */
const SENDER = `
  const { createSocket } = require("node:dgram");
  const [from, to] = process.argv.slice(1).map((list) => list.split(","));
  Promise.all(from.map((address) => new Promise((resolve) => {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    socket.on("error", () => {});
    socket.bind({ address }, async () => {
      for (const host of to) await new Promise((sent) => socket.send("one", 9, host, sent));
      resolve();
    });
  }))).then(() => setTimeout(() => process.exit(0), 200));
`;

describeWhere(await missingForWorld(), "routes that lie in each other, in the kernel", () => {
  let pair: Pair;

  beforeAll(async () => {
    pair = await startPair();
    for (const address of NETS.ipv4.from)
      await pair.world.inside("client", "ip", "address", "add", `${address}/24`, "dev", LINK);
    for (const address of NETS.ipv6.from)
      await pair.world.inside("client", "ip", "address", "add", `${address}/64`, "dev", LINK, "nodad");
  });

  afterAll(async () => {
    await pair?.destroy();
  });

  test.each(["ipv4", "ipv6"] as const)("lead each packet to the service that the matcher names: %s", async (family) => {
    const { sources, destinations, from, to } = NETS[family];
    const side = (networks: readonly string[]) => fc.option(fc.constantFrom(...networks), { nil: undefined });
    const route = fc
      .record({ source: side(sources), destination: side(destinations), priority: fc.integer({ min: 0, max: 2 }) })
      .filter(({ source, destination }) => source !== undefined || destination !== undefined);
    const plans = fc.array(fc.array(route, { minLength: 1, maxLength: 3 }), { minLength: 3, maxLength: 6 });
    let [led, most] = [0, 0];
    for (const routesOfAll of fc.sample(plans, { seed: 19, numRuns: ROUNDS })) {
      const made = routesOfAll.map((routes, at) => ({
        serviceId: `svc_01CX5ZZKBKACTAV9WEVGEMM${String(at).padStart(3, "0")}`,
        routes: routes.map(({ source, destination, priority }, index) => ({
          route_id: index + 1,
          priority,
          ...(source === undefined ? {} : { source_cidr: source }),
          ...(destination === undefined ? {} : { dest_cidr: destination }),
        })),
      }));
      await pair.apply(
        made.map(({ serviceId, routes }) => service(serviceId, "entry", PEER_B, { routes })),
        made.map(({ serviceId, routes }) => service(serviceId, "exit", PEER_A, { routes })),
      );
      await pair.active("a");
      const counts = async () =>
        new Map((await pair.client("a").observe()).services.map((one) => [one.service_id, one.tempest.packets_in]));
      const before = await counts();
      await pair.world.inside("client", process.execPath, "-e", SENDER, from.join(), to.join());
      const after = await counts();

      const match = createMatcher(made);
      const expected = new Map(made.map(({ serviceId }) => [serviceId, 0]));
      for (const source of from.map(read))
        for (const destination of to.map(read)) {
          const id = match({ source, destination })?.service.serviceId;
          if (id !== undefined) expected.set(id, (expected.get(id) ?? 0) + 1);
        }
      const counted = new Map([...after].map(([id, packets]) => [id, packets - (before.get(id) ?? 0)]));
      expect(counted).toEqual(expected);
      const busy = [...expected.values()].filter((packets) => packets > 0);
      led += busy.reduce((sum, packets) => sum + packets, 0);
      most = Math.max(most, busy.length);
    }
    // Random plans that led nothing anywhere would show nothing.
    expect(led).toBeGreaterThan(ROUNDS * 5);
    expect(most).toBeGreaterThanOrEqual(3);
  });
});

function read(text: string) {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`${text} is an address`);
  return address;
}
