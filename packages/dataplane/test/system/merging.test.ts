import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWhere } from "../../../../test/support/needs.ts";
import { type Pair, startCarryingPair } from "./support/pair.ts";
import { SERVICE_ROUTED } from "./support/plans.ts";
import { missingForWorld } from "./support/world.ts";

const PORT = 9_300;
const COUNT = 3_000;
/** Runs of one size, which are merged, and sizes that end a run. */
const SIZES = [1_000, 1_000, 1_000, 1_000, 1_000, 400, 1_200, 1_200, 1_200, 9] as const;

/** Counts what came whole and in order; answers a datagram that says "report". */
const RECEIVER = `
  const sizes = ${JSON.stringify(SIZES)};
  const socket = require("node:dgram").createSocket({ type: "udp4", recvBufferSize: 8 << 20 });
  let whole = 0, broken = 0, disordered = 0, last = -1;
  socket.on("message", (message, from) => {
    const text = message.toString("latin1");
    if (text === "report") return socket.send(JSON.stringify({ whole, broken, disordered }), from.port, from.address);
    const at = Number(text.slice(0, 8));
    if (message.length === sizes[at % sizes.length] && text.slice(8) === "x".repeat(Math.max(0, message.length - 8))) whole += 1;
    else broken += 1;
    if (at < last) disordered += 1;
    last = at;
  });
  socket.bind(${PORT}, () => console.log("listening"));
`;

/** Sends in bursts of fifty, so that one follows the other closely. */
const SENDER = `
  const sizes = ${JSON.stringify(SIZES)};
  const socket = require("node:dgram").createSocket("udp4");
  const send = (bytes) => new Promise((resolve) => socket.send(bytes, ${PORT}, "10.71.3.2", resolve));
  (async () => {
    for (let at = 0; at < ${COUNT}; at += 1) {
      const sent = send(String(at).padStart(8, "0").padEnd(sizes[at % sizes.length], "x"));
      if (at % 50 === 49) { await sent; await new Promise((resolve) => setTimeout(resolve, 4)); }
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
    socket.on("message", (answer) => { console.log(String(answer)); process.exit(); });
    setInterval(() => socket.send("report", ${PORT}, "10.71.3.2"), 200);
  })();
`;

let pair: Pair;

describeWhere(await missingForWorld(), "datagrams that are merged behind the tunnel", () => {
  beforeAll(async () => {
    pair = await startCarryingPair();
    await pair.world.start("server", process.execPath, "-e", RECEIVER).waitFor(/listening/);
  });
  afterAll(() => pair?.destroy());

  test("come out as they went in: each whole, in order, none twice", async () => {
    const told = JSON.parse(await pair.world.inside("client", process.execPath, "-e", SENDER));
    expect(told).toMatchObject({ broken: 0, disordered: 0 });
    // Bursts may be too much for a busy host; what comes must be right, and most must come.
    expect(told.whole).toBeLessThanOrEqual(COUNT);
    expect(told.whole).toBeGreaterThan(COUNT * 0.9);
  });

  test("were led to one processor a flow, whichever WireGuard's thread was on", async () => {
    for (const host of ["a", "b"] as const) {
      const mask = await pair.world.inside(host, "cat", "/sys/class/net/tempest0/queues/rx-0/rps_cpus");
      expect(mask.trim()).toMatch(/[1-9a-f]/);
    }
  });

  test("were merged where the kernel can: the exit counted fewer than the entry", async () => {
    const waitsNs = Number(await pair.world.inside("b", "sh", "-c", "cat /sys/class/net/arx-*/gro_flush_timeout"));
    const entered = (await pair.service("a", SERVICE_ROUTED)).tempest.packets_in;
    const left = (await pair.service("b", SERVICE_ROUTED)).tempest.packets_in;
    expect(entered).toBeGreaterThan(COUNT * 0.9);
    if (waitsNs > 0) expect(left).toBeLessThan(entered * 0.9);
    else expect(left).toBeGreaterThan(entered * 0.9);
  });
});
