import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { describeWhere } from "../../../../test/support/needs.ts";
import type { PegasusPlan, PegasusService } from "../../src/pegasus/pegasus.ts";
import type { Fetched } from "./pegasus/traffic.ts";
import {
  ADDRESSES,
  callerOf,
  createWorld,
  INTERFACE_CAPTURE_PORT,
  LINK_PORT,
  missingCapability,
  type RemotePegasus,
  startRemotePegasus,
  type World,
} from "./pegasus/world.ts";

const missing = missingCapability();

const PEER_A = "peer_01ARZ3NDEKTSV4RRFFQ69G5FAA";
const PEER_B = "peer_01ARZ3NDEKTSV4RRFFQ69G5FAB";
const PLAIN = "svc_01ARZ3NDEKTSV4RRFFQ69G5FA1";
const TRANSPARENT = "svc_01ARZ3NDEKTSV4RRFFQ69G5FA2";
const OWN_INTERFACE = "svc_01ARZ3NDEKTSV4RRFFQ69G5FA3";
const LIMITED = "svc_01ARZ3NDEKTSV4RRFFQ69G5FA4";
const MEGABYTE = 1024 * 1024;

type Changes = Partial<Omit<PegasusService, "serviceId" | "role" | "peerId">>;

/** The same services for both ends. */
const SERVICES: Readonly<Record<string, Changes>> = {
  [PLAIN]: { routes: [route(1, { dest_cidr: "10.71.3.0/24" }), route(2, { dest_cidr: "fd71:3::/64" })] },
  [TRANSPARENT]: {
    fullyTransparent: true,
    routes: [
      route(1, { dest_cidr: "10.71.3.128/25" }),
      route(2, { dest_cidr: "fd71:3::/65", source_cidr: "fd71:1::2/128" }),
    ],
  },
  [OWN_INTERFACE]: { interface: { networks: ["10.71.1.0/24"] } },
  [LIMITED]: { limitBps: 20e6, routes: [route(1, { dest_cidr: "10.71.3.64/32" })] },
};

function route(route_id: number, cidrs: { source_cidr?: string; dest_cidr?: string }) {
  return { route_id, priority: 0, ...cidrs };
}

for (const workers of [1, 2])
  describeWhere(missing, `Pegasus between two hosts with ${workers === 1 ? "one worker" : "two workers"} each`, () => {
    let world: World;
    let folder: string;
    let a: RemotePegasus;
    let b: RemotePegasus;
    let client: ReturnType<typeof callerOf>;

    const planOf = (side: "a" | "b", services: Readonly<Record<string, Changes>>): PegasusPlan => {
      const [peerId, address, tlsFingerprint] =
        side === "a" ? [PEER_B, ADDRESSES.b, b.tlsFingerprint] : [PEER_A, ADDRESSES.a, a.tlsFingerprint];
      return {
        peers: [{ peerId, addresses: [address[4], address[6]], port: LINK_PORT, tlsFingerprint }],
        clusterPorts: [LINK_PORT],
        services: Object.entries(services).map(([serviceId, changes]) => ({
          serviceId,
          role: side === "a" ? "entry" : "exit",
          peerId,
          fullyTransparent: false,
          limitBps: 0,
          routes: [],
          ...changes,
          ...(side === "a" && changes.interface !== undefined
            ? { interface: { ...changes.interface, capturePort: INTERFACE_CAPTURE_PORT } }
            : {}),
        })),
      };
    };
    const apply = async (services: Readonly<Record<string, Changes>>) => {
      await Promise.all([a.apply(planOf("a", services)), b.apply(planOf("b", services))]);
    };
    const fetch = async (host: string, port: number, up: number, down: number) =>
      (await client("fetch", { host, port, up, down })) as Fetched;
    const countsOf = async (pegasus: RemotePegasus, serviceId: string) => {
      const counts = (await pegasus.counters()).services.find((service) => service.serviceId === serviceId);
      if (counts === undefined) throw new Error(`${serviceId} is not counted`);
      return counts;
    };
    /** Waits until the links of every worker are up. */
    const untilLinked = async () => {
      for (let waited = 0; ; waited += 50) {
        const { links } = await a.counters();
        if (links[0]?.open === 4) return;
        if (waited > 10_000) throw new Error(`links: ${JSON.stringify(links)}`);
        await sleep(50);
      }
    };

    beforeAll(async () => {
      folder = mkdtempSync(path.join(tmpdir(), "pegasus-system-"));
      world = createWorld();
      a = await startRemotePegasus(world, "a", { stateDir: path.join(folder, "a"), workers });
      b = await startRemotePegasus(world, "b", { stateDir: path.join(folder, "b"), workers });
      client = callerOf(world.spawn("client", "./traffic.ts"));
      const server = callerOf(world.spawn("server", "./traffic.ts"));
      for (const port of [9000, 9100]) await server("serve", port);
      await apply(SERVICES);
      await untilLinked();
    });
    beforeEach(() => apply(SERVICES));
    afterAll(async () => {
      await world?.remove();
      rmSync(folder, { recursive: true, force: true });
    });

    test.each([4, 6] as const)("bytes cross it unchanged over IPv%i, and its counters carried them", async (family) => {
      const before = {
        a: await countsOf(a, family === 4 ? PLAIN : TRANSPARENT),
        b: await countsOf(b, family === 4 ? PLAIN : TRANSPARENT),
      };
      const fetched = await fetch(ADDRESSES.server[family], 9000, 20 * MEGABYTE, 30 * MEGABYTE);
      expect(fetched).toMatchObject({ isUpWhole: true, isDownWhole: true });
      const after = {
        a: await countsOf(a, family === 4 ? PLAIN : TRANSPARENT),
        b: await countsOf(b, family === 4 ? PLAIN : TRANSPARENT),
      };
      for (const side of ["a", "b"] as const) {
        expect(after[side].flowsTotal - before[side].flowsTotal).toBe(1);
        expect(after[side].bytesIn - before[side].bytesIn).toBeGreaterThanOrEqual(20 * MEGABYTE);
        expect(after[side].bytesOut - before[side].bytesOut).toBeGreaterThanOrEqual(30 * MEGABYTE);
      }
    });

    test("the server sees the exit's address without transparency", async () => {
      expect((await fetch(ADDRESSES.server[4], 9000, 10, 10)).remote).toBe("10.71.3.1");
    });

    test.each(["10.71.3.200", "fd71:3::2"])(
      "the server at %s sees the client's own address and port with it",
      async (host) => {
        const fetched = await fetch(host, 9000, 1000, 1000);
        expect(fetched.remote).toBe(host.includes(":") ? ADDRESSES.client[6] : ADDRESSES.client[4]);
        expect(fetched.remotePort).toBe(fetched.localPort);
      },
    );

    test("what its own interface captured goes by the service of that interface", async () => {
      const before = await countsOf(b, OWN_INTERFACE);
      expect(await fetch(ADDRESSES.server[4], 9100, 1000, 1000)).toMatchObject({ isUpWhole: true, isDownWhole: true });
      expect((await countsOf(b, OWN_INTERFACE)).flowsTotal - before.flowsTotal).toBe(1);
    });

    test("a destination that refuses resets the client, and both hosts say so", async () => {
      await expect(fetch(ADDRESSES.server[4], 9999, 10, 10)).rejects.toThrow("ECONNRESET");
      expect((await countsOf(a, PLAIN)).lastRefusal).toContain("10.71.3.2:9999: the destination refused");
      expect((await countsOf(b, PLAIN)).lastRefusal).toContain("10.71.3.2 port 9999 refused");
    });

    test("the exit does not let a flow out to itself, and says why", async () => {
      await expect(fetch("10.71.3.1", LINK_PORT, 10, 10)).rejects.toThrow("ECONNRESET");
      expect((await countsOf(b, PLAIN)).lastRefusal).toBe(
        `the destination 10.71.3.1 is this host itself, port ${LINK_PORT} the cluster's own`,
      );
    });

    test("a destination that no route names is reset and counted", async () => {
      const before = (await a.counters()).unmatched?.flows ?? 0;
      await expect(fetch("198.51.100.1", 80, 10, 10)).rejects.toThrow("ECONNRESET");
      expect(await a.counters()).toMatchObject({ unmatched: { flows: before + 1 } });
    });

    test("its workers have one capability, no way to more, and a user of their own", () => {
      const pids = workersOf(a.pid);
      expect(pids.length).toBe(workers);
      for (const pid of pids) {
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        expect(status).toMatch(/^Uid:\t60961\t60961\t60961\t60961$/m);
        for (const set of ["Inh", "Prm", "Eff", "Bnd", "Amb"])
          expect(status).toMatch(new RegExp(`^Cap${set}:\t0{12}2000$`, "m"));
        expect(status).toMatch(/^NoNewPrivs:\t1$/m);
      }
    });

    test.each(["up", "down"])("a limit holds %s", async (direction) => {
      // The kernel gives the one flow to one worker, which gets what the others leave.
      const mbps = 20;
      const total = (mbps / 8) * 4e6;
      const { tookMs } = await fetch(
        "10.71.3.64",
        9000,
        direction === "up" ? total : 0,
        direction === "down" ? total : 0,
      );
      const measured = (total * 8) / 1000 / tookMs;
      expect(measured).toBeGreaterThan(mbps * 0.95);
      expect(measured).toBeLessThan(mbps * 1.05);
    });

    test("a plan without a service resets its flows and leaves the others alone", async () => {
      await client("hold", { key: "plain", host: ADDRESSES.server[4], port: 9000 });
      await client("hold", { key: "transparent", host: "10.71.3.200", port: 9000 });
      const { [TRANSPARENT]: _, ...others } = SERVICES;
      await apply(others);
      expect(await client("outcome", "transparent")).toBe("ECONNRESET");
      expect(await client("speak", "plain")).toBe(true);
      await apply(SERVICES);
      expect(await client("speak", "plain")).toBe(true);
    });

    test("a service that refuses resets its flows with its reason", async () => {
      await apply({ ...SERVICES, [PLAIN]: { ...SERVICES[PLAIN], refuse: "the license is suspended" } });
      await expect(fetch(ADDRESSES.server[4], 9000, 10, 10)).rejects.toThrow("ECONNRESET");
      expect((await countsOf(a, PLAIN)).lastRefusal).toBe("the license is suspended");
      await apply(SERVICES);
      expect(await fetch(ADDRESSES.server[4], 9000, 10, 10)).toMatchObject({ isDownWhole: true });
    });

    test("an exit that has no such service in its plan admits nothing", async () => {
      const { [PLAIN]: _, ...others } = SERVICES;
      await b.apply(planOf("b", others));
      await expect(fetch(ADDRESSES.server[4], 9000, 10, 10)).rejects.toThrow("ECONNRESET");
      expect((await countsOf(a, PLAIN)).lastRefusal).toContain("the exit did not admit it");
      await apply(SERVICES);
    });

    test("a worker that is killed is replaced, has the plan, and nothing that was counted is lost", async () => {
      await client("hold", { key: "cut", host: ADDRESSES.server[4], port: 9000 });
      const before = await countsOf(a, PLAIN);
      const [first] = workersOf(a.pid);
      for (const pid of workersOf(a.pid)) process.kill(pid, "SIGKILL");
      expect(["ECONNRESET", "closed"]).toContain(await client("outcome", "cut"));
      await sleep(200);
      await untilLinked();
      expect(workersOf(a.pid)).not.toContain(first);
      expect(await fetch(ADDRESSES.server[4], 9000, 1000, 1000)).toMatchObject({ isUpWhole: true, isDownWhole: true });
      const after = await countsOf(a, PLAIN);
      expect(after.flowsTotal).toBeGreaterThan(before.flowsTotal);
      expect(after.bytesIn).toBeGreaterThan(before.bytesIn);
      expect(after.flowsOpen).toBe(0);
    });

    test("while the other host is away a client is reset after 5 s, with the reason, and served when it is back", async () => {
      await b.stop(0);
      const startedAt = performance.now();
      await expect(fetch(ADDRESSES.server[4], 9000, 10, 10)).rejects.toThrow("ECONNRESET");
      expect(performance.now() - startedAt).toBeLessThan(7000);
      expect((await countsOf(a, PLAIN)).lastRefusal).toContain(`no link to ${PEER_B}`);
      b = await startRemotePegasus(world, "b", { stateDir: path.join(folder, "b"), workers });
      await apply(SERVICES);
      expect(await fetch(ADDRESSES.server[4], 9000, 10, 10)).toMatchObject({ isDownWhole: true });
    });

    test("stopping takes no new flows, lets open ones end and then ends", async () => {
      const total = (20e6 / 8) * 2;
      const open = fetch("10.71.3.64", 9000, 0, total);
      await sleep(500);
      const stopped = a.stop(20_000);
      await sleep(200);
      await expect(fetch(ADDRESSES.server[4], 9000, 10, 10)).rejects.toThrow(/ECONN/);
      expect(await open).toMatchObject({ isDownWhole: true });
      await stopped;
      expect(workersOf(a.pid)).toEqual([]);
      a = await startRemotePegasus(world, "a", { stateDir: path.join(folder, "a"), workers });
    });

    test("its workers die with a parent that is killed", async () => {
      const workerPids = workersOf(a.pid);
      process.kill(a.pid, "SIGKILL");
      for (let waited = 0; workerPids.some(isAlive); waited += 20) {
        if (waited > 3000) throw new Error("a worker outlived its parent");
        await sleep(20);
      }
      expect(workerPids.length).toBe(workers);
    });
  });

function workersOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
