import type { PlanService } from "@arctic/dataplane";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWhere } from "../../../../test/support/needs.ts";
import { type Pair, startPair } from "./support/pair.ts";
import { PEER_A, PEER_B, planOf, planPeer, service } from "./support/plans.ts";
import { missingForWorld } from "./support/world.ts";

const missing = await missingForWorld();
const THERE = "svc_01CX5ZZKBKACTAV9WEVGEMMVR1";
const BACK = "svc_01CX5ZZKBKACTAV9WEVGEMMVR2";
/** From everybody to everywhere. */
const EVERYTHING: PlanService["routes"] = [
  { route_id: 1, priority: 0, dest_cidr: "0.0.0.0/0" },
  { route_id: 2, priority: 0, dest_cidr: "::/0" },
];

describeWhere(missing, "two hosts that send everything through each other", () => {
  let pair: Pair;

  beforeAll(async () => {
    pair = await startPair();
    const [a, b] = [await pair.client("a").identity(), await pair.client("b").identity()];
    const both = (host: "a" | "b", peerId: string): PlanService[] => [
      service(THERE, host === "a" ? "entry" : "exit", peerId, { routes: EVERYTHING }),
      service(BACK, host === "a" ? "exit" : "entry", peerId, { routes: EVERYTHING }),
    ];
    await pair.client("b").apply(planOf(PEER_B, [planPeer(PEER_A, "a", ["10.71.2.1"], a)], both("b", PEER_A)));
    await pair.client("a").apply(planOf(PEER_A, [planPeer(PEER_B, "b", ["10.71.2.2"], b)], both("a", PEER_B)));
    // And each is the other's way to everybody.
    for (const [host, other] of [
      ["a", 2],
      ["b", 1],
    ] as const) {
      await pair.world.inside(host, "ip", "route", "add", "default", "via", `10.71.2.${other}`);
      await pair.world.inside(host, "ip", "-6", "route", "add", "default", "via", `fd71:2::${other}`);
    }
  });

  afterAll(async () => {
    await pair?.destroy();
  });

  const entered = async (): Promise<number> => {
    const [there, back] = [await pair.service("a", THERE), await pair.service("b", BACK)];
    return there.tempest.packets_in + back.tempest.packets_in;
  };

  test("keep their links and their tunnel, which no service captures", async () => {
    await Promise.all([pair.active("a"), pair.active("b")]);
  });

  test.each(["10.71.3.2", "fd71:3::2"])(
    "carry what is meant for a LAN, and its answers by the way they came: %s",
    async (server) => {
      expect(await pair.ask("udp", server, 10)).toMatchObject({ outcome: "answered", answers: 10 });
      expect(await pair.ask("tcp", server, 100_000)).toMatchObject({ outcome: "answered", bytes: 100_000 });
    },
  );

  test.each(["198.51.100.9", "2001:db8::9"])("do not pass what is nobody's to and fro: %s", async (nobody) => {
    const before = await entered();
    await pair.ping(nobody);
    // Three requests, each let out once, and led back into the tunnel at most once more: then it has come round.
    expect((await entered()) - before).toBeLessThanOrEqual(6);
  });

  test.each(["198.51.100.9", "2001:db8::9"])(
    "reset TCP to nobody instead of passing it to and fro: %s",
    async (nobody) => {
      const [there, back] = [await pair.service("a", THERE), await pair.service("b", BACK)];
      const dial = `
      const socket = require("net").connect(80, "${nobody}");
      socket.on("error", () => {}).on("close", () => process.exit(0)).resume();
      setTimeout(() => process.exit(1), 12000);
    `;
      await pair.world.inside("client", process.execPath, "-e", dial);
      const [thereAfter, backAfter] = [await pair.service("a", THERE), await pair.service("b", BACK)];
      expect(thereAfter.pegasus.flows_total - there.pegasus.flows_total).toBeGreaterThanOrEqual(1);
      expect(thereAfter.pegasus.flows_total - there.pegasus.flows_total).toBeLessThanOrEqual(2);
      expect(backAfter.pegasus.flows_total - back.pegasus.flows_total).toBeLessThanOrEqual(2);
      expect([thereAfter.pegasus.flows_open, backAfter.pegasus.flows_open]).toEqual([0, 0]);
    },
  );
});
