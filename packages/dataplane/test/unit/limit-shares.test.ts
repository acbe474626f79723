import { describe, expect, test } from "vitest";
import { sharesOf } from "../../src/pegasus/share.ts";
import { halvesOf } from "../../src/qos/halves.ts";
import { type SharedLimit, SharedLimits } from "../../src/qos/shared-limits.ts";

const LIMIT = 20_000_000;

describe("a limit over several workers", () => {
  test("is one worker's alone when there is one", () => {
    expect(sharesOf(LIMIT, [{ bitsPerSecond: 0, waiting: 0 }])).toEqual([LIMIT]);
  });

  test("goes all but a little to the worker whose flow waits", () => {
    const [busy = 0, idle = 0] = sharesOf(LIMIT, [
      { bitsPerSecond: 10e6, waiting: 1 },
      { bitsPerSecond: 0, waiting: 0 },
    ]);
    expect([busy, idle]).toEqual([LIMIT, LIMIT * 0.05]);
  });

  test("is shared by waiting flows alike, however many are on which worker", () => {
    expect(
      sharesOf(LIMIT, [
        { bitsPerSecond: 10e6, waiting: 3 },
        { bitsPerSecond: 10e6, waiting: 1 },
      ]),
    ).toEqual([15e6, 5e6]);
  });

  test("leaves a worker whose flows do not wait what they use, with room to grow", () => {
    const [modest = 0, waiting = 0] = sharesOf(LIMIT, [
      { bitsPerSecond: 4e6, waiting: 0 },
      { bitsPerSecond: 10e6, waiting: 2 },
    ]);
    expect([modest, waiting]).toEqual([5e6, 16e6]);
  });
});

describe("a limit over TCP and the tunnel", () => {
  test.each([
    ["both idle: either may have all", { tcp: 0, tunnel: 0 }, { tcp: LIMIT, tunnel: LIMIT }],
    ["the tunnel alone at it", { tcp: 0, tunnel: LIMIT }, { tcp: LIMIT / 2, tunnel: LIMIT }],
    ["both at it", { tcp: LIMIT, tunnel: LIMIT }, { tcp: LIMIT / 2, tunnel: LIMIT / 2 }],
    ["the tunnel using a fifth", { tcp: 16e6, tunnel: 4e6 }, { tcp: 16e6, tunnel: LIMIT / 2 }],
  ])("%s", (_, used, wanted) => {
    expect(halvesOf(LIMIT, used)).toEqual(wanted);
  });

  const shared = () => {
    let now = 0;
    let tcpBytes = 0;
    let classBytes = 0;
    const tcpRates: number[] = [];
    const tunnelRates: number[] = [];
    const limits = new SharedLimits({
      classUse: { read: () => new Map([[7, { bytes: classBytes, drops: 0 }]]) },
      takeTcpUse: () => [{ serviceId: "svc", role: "entry", bytes: tcpBytes }],
      setTcpRate: (_, rate) => void tcpRates.push(rate),
      setTunnelRate: async (_, rate) => void tunnelRates.push(rate),
      nowMs: () => now,
    });
    const limit: SharedLimit = {
      ...{ link: "arx-x", serviceIndex: 7, mark: 1, bitsPerSecond: LIMIT, owner: "svc", role: "entry" },
    };
    limits.setLimits([limit]);
    limits.stop();
    /** Some tenths of a second in which both let so many bits a second through. */
    const pass = async (tenths: number, tcp: number, tunnel: number): Promise<void> => {
      for (let at = 0; at < tenths; at += 1) {
        now += 100;
        tcpBytes = tcp / 80;
        classBytes += tunnel / 80;
        limits.tick();
        await Promise.resolve();
        await Promise.resolve();
      }
    };
    return { pass, limits, limit, tcpRates, tunnelRates };
  };

  test("comes to half each within a second when both want it, and back when one stops", async () => {
    const { pass, tcpRates, tunnelRates } = shared();
    await pass(10, LIMIT, LIMIT);
    expect([tcpRates.at(-1), tunnelRates.at(-1)]).toEqual([LIMIT / 2, LIMIT / 2]);
    await pass(20, 0, LIMIT / 2);
    expect(tunnelRates.at(-1)).toBe(LIMIT);
    await pass(20, LIMIT / 2, 0);
    expect(tcpRates.at(-1)).toBe(LIMIT);
  });

  test("does not start anew when the same plan is applied again", async () => {
    const { pass, limits, limit, tunnelRates } = shared();
    await pass(10, LIMIT, LIMIT);
    const before = tunnelRates.length;
    limits.setLimits([limit]);
    limits.stop();
    await pass(5, LIMIT / 2, LIMIT / 2);
    expect(tunnelRates.slice(before)).toEqual([]);
  });
});
