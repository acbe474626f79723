import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWhere } from "../../../../test/support/needs.ts";
import { type Pair, startPair } from "./support/pair.ts";
import { routed, SERVICE_ROUTED } from "./support/plans.ts";
import { missingForWorld } from "./support/world.ts";

const missing = await missingForWorld();
const STREAM = fileURLToPath(new URL("./support/stream.ts", import.meta.url));
const MBPS = 20;
const SECONDS = 4;

interface Arrived {
  readonly tcp: readonly number[];
  readonly udp: number;
}

describeWhere(missing, "a limit of 20 Mbit/s, with two workers on each host", () => {
  let pair: Pair;

  beforeAll(async () => {
    pair = await startPair(["--workers", "2"]);
    const limited = { bandwidth_limit_mbps: MBPS };
    await pair.apply([{ ...routed("entry"), ...limited }], [{ ...routed("exit"), ...limited }]);
    await Promise.all([pair.active("a"), pair.active("b")]);
    await pair.world.start("server", process.execPath, STREAM, "serve").waitFor(/listening/);
  });

  afterAll(async () => {
    await pair?.destroy();
  });

  const measure = async (direction: string, flows: number, udpMbps: number): Promise<Arrived> => {
    const argv = ["measure", "10.71.3.2", direction, SECONDS, flows, udpMbps].map(String);
    return JSON.parse(await pair.world.inside("client", process.execPath, STREAM, ...argv));
  };
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

  test.each(["up", "down"])("holds one TCP flow, which gets all of it, %s", async (direction) => {
    const { tcp } = await measure(direction, 1, 0);
    expect(sum(tcp)).toBeGreaterThan(MBPS * 0.95);
    expect(sum(tcp)).toBeLessThan(MBPS * 1.05);
  });

  test.each(["up", "down"])("is shared fairly by six TCP flows, whichever worker each is on, %s", async (direction) => {
    const { tcp } = await measure(direction, 6, 0);
    expect(sum(tcp)).toBeGreaterThan(MBPS * 0.94);
    expect(sum(tcp)).toBeLessThan(MBPS * 1.06);
    expect(Math.min(...tcp)).toBeGreaterThan((MBPS / 6) * 0.6);
    expect(Math.max(...tcp)).toBeLessThan((MBPS / 6) * 1.5);
  });

  test.each(["up", "down"])("is held by TCP and UDP together, and each is sure of half, %s", async (direction) => {
    const { tcp, udp } = await measure(direction, 2, 2 * MBPS);
    expect(sum(tcp) + udp).toBeGreaterThan(MBPS * 0.93);
    expect(sum(tcp) + udp).toBeLessThan(MBPS * 1.07);
    expect(sum(tcp)).toBeGreaterThan(MBPS * 0.42);
    expect(udp).toBeGreaterThan(MBPS * 0.42);
  });

  test("leaves TCP what UDP does not use", async () => {
    const { tcp, udp } = await measure("up", 2, MBPS / 5);
    expect(udp).toBeGreaterThan((MBPS / 5) * 0.9);
    expect(sum(tcp) + udp).toBeGreaterThan(MBPS * 0.93);
    expect(sum(tcp) + udp).toBeLessThan(MBPS * 1.07);
  });

  test("is the whole of it again for UDP alone", async () => {
    const { udp } = await measure("up", 0, 2 * MBPS);
    expect(udp).toBeGreaterThan(MBPS * 0.95);
    expect(udp).toBeLessThan(MBPS * 1.05);
  });

  test("counts the packets that it kept out, on the host where they entered, and TCP loses none by it", async () => {
    const drops = async () => {
      const [a, b] = [await pair.service("a", SERVICE_ROUTED), await pair.service("b", SERVICE_ROUTED)];
      return { a: a.limit_drops, b: b.limit_drops };
    };
    const before = await drops();
    await measure("up", 1, 0);
    expect(await drops()).toEqual(before);
    await measure("up", 0, 2 * MBPS);
    const after = await drops();
    expect(after.a - before.a).toBeGreaterThan(500);
    expect(after.b).toBe(before.b);
  });

  test("is reported as held, at whatever rate its class is", async () => {
    await Promise.all([pair.active("a"), pair.active("b")]);
  });
});
