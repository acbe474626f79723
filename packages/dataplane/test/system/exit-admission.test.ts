import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { PlanService } from "@arctic/dataplane";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWhere } from "../../../../test/support/needs.ts";
import { vxlanName } from "../../src/kernel/names.ts";
import { overlayMac } from "../../src/tempest/overlay.ts";
import type { Forgery } from "./support/forger.ts";
import { type Pair, startPair } from "./support/pair.ts";
import { PEER_A, PEER_B, SERVICE_ROUTED, service } from "./support/plans.ts";
import { type Child, missingForWorld } from "./support/world.ts";

const missing = await missingForWorld();
const LISTENERS = fileURLToPath(new URL("./support/listeners.ts", import.meta.url));
const FORGER = fileURLToPath(new URL("./support/forger.ts", import.meta.url));
const FORGE_DATAGRAM = fileURLToPath(new URL("./support/forge-datagram.py", import.meta.url));
const AGENT_PORT = 8080;
const PORT = 7_000;
const METADATA = "169.254.169.254";

/** Written by a source that wants everything: from its LAN to the whole world. */
const GREEDY: PlanService["routes"] = [
  { route_id: 1, priority: 0, source_cidr: "10.71.1.0/24", dest_cidr: "0.0.0.0/0" },
  { route_id: 2, priority: 0, source_cidr: "fd71:1::/64", dest_cidr: "::/0" },
];

/** Connects, speaks, and tells whether the other side took it: a relay accepts before it knows. */
const DIAL = `
  const say = (text) => process.stdout.write(text, () => process.exit(0));
  const socket = require("net").connect(process.argv[2], process.argv[1], () => socket.write("x"));
  socket.on("error", (error) => say(error.code));
  setTimeout(() => say("connected"), 500);
`;

describeWhere(missing, "a compromised source, at an exit that decides for itself", () => {
  let pair: Pair;
  let forger: Child;
  let onHost: Child;
  let onServer: Child;

  beforeAll(async () => {
    pair = await startPair();
    const { world } = pair;
    await pair.apply(
      [service(SERVICE_ROUTED, "entry", PEER_B, { routes: GREEDY })],
      [service(SERVICE_ROUTED, "exit", PEER_A, { routes: GREEDY })],
    );
    await pair.active("b");
    // A cloud's metadata service, one hop behind the exit.
    await world.inside("server", "ip", "addr", "add", `${METADATA}/32`, "dev", "lo");
    await world.inside("b", "ip", "route", "add", `${METADATA}/32`, "via", "10.71.3.2");
    const listeners = [process.execPath, LISTENERS, String(PORT), String(AGENT_PORT)] as const;
    onHost = world.start("b", ...listeners);
    onServer = world.start("server", ...listeners);
    await Promise.all([onHost.waitFor(/listening/), onServer.waitFor(/listening/)]);
    const { pegasus } = await pair.client("b").identity();
    forger = world.start(
      "a",
      process.execPath,
      "--conditions=arctic-source",
      FORGER,
      `${world.folder}/a/pegasus`,
      "10.71.2.2",
      pegasus.tls_fingerprint,
    );
    await forger.waitFor(/linked/);
  });

  afterAll(async () => {
    await pair?.destroy();
  });

  const forge = async (more: Partial<Forgery>): Promise<string> => {
    const told = forger.output().length;
    const forgery: Forgery = {
      service: SERVICE_ROUTED,
      source: more.destination?.includes(":") ? "fd71:1::2" : "10.71.1.2",
      destination: "10.71.3.2",
      port: PORT,
      ...more,
    };
    forger.process.stdin?.write(`${JSON.stringify(forgery)}\n`);
    for (let waited = 0; waited < 12_000; waited += 20) {
      const outcome = /outcome (\w+)/.exec(forger.output().slice(told))?.[1];
      if (outcome !== undefined) return outcome;
      await sleep(20);
    }
    throw new Error(`nothing became of it: ${forger.output()}`);
  };
  const reached = (): string => `${onHost.output()}${onServer.output()}`;

  test.each(["10.71.3.2", "fd71:3::2"])("what the service is for is let out by TCP: %s", async (destination) => {
    expect(await forge({ destination })).toBe("accepted");
    await expect.poll(() => onServer.output()).toContain(`${destination} ${PORT}`);
  });

  test.each([
    ["loopback", { destination: "127.0.0.1" }],
    ["all of loopback", { destination: "127.8.9.1" }],
    ["IPv6 loopback", { destination: "::1" }],
    ["loopback in an IPv6 dress", { destination: "::ffff:127.0.0.1" }],
    ["loopback behind NAT64", { destination: "64:ff9b::7f00:1" }],
    ["the unspecified address, which means this host", { destination: "0.0.0.0" }],
    ["the metadata address", { destination: METADATA, port: PORT }],
    ["the agent's port on the LAN side", { destination: "10.71.3.1", port: AGENT_PORT }],
    ["the agent's port on the other side", { destination: "10.71.2.2", port: AGENT_PORT }],
    ["the agent's port by IPv6", { destination: "fd71:2::2", port: AGENT_PORT }],
    ["any other port of the host", { destination: "10.71.3.1" }],
    ["its own link port", { destination: "10.71.2.2", port: 61_000 }],
    ["the LAN's broadcast", { destination: "10.71.3.255" }],
    ["link-local", { destination: "fe80::1" }],
    ["a source that the service does not name", { source: "198.51.100.7" }],
    ["the host's own address as source", { source: "10.71.3.1" }],
    ["loopback as source", { source: "127.0.0.1" }],
    ["another transparency than the plan's", { transparent: true }],
    ["an interface that the service has not", { byInterface: true }],
    ["a service that does not end here", { service: "svc_01CX5ZZKBKACTAV9WEVGEMMVR9" }],
  ] satisfies [string, Partial<Forgery>][])("by TCP is refused at once: %s", async (_, forgery) => {
    const before = reached();
    expect(await forge(forgery)).toBe("not_admitted");
    expect(reached()).toBe(before);
  });

  /** The frame goes straight into the tunnel's device, past every rule of host a. */
  const datagram = async (source: string, destination: string, port: number, text: string): Promise<void> => {
    const link = vxlanName(PEER_B);
    const argv = [FORGE_DATAGRAM, link, overlayMac(PEER_B), source, destination, String(port), text];
    await pair.world.inside("a", "python3", ...argv);
  };
  const arrives = async (text: string): Promise<boolean> => {
    for (let waited = 0; waited < 3_000; waited += 20) {
      if (reached().includes(`udp ${text}\n`)) return true;
      await sleep(20);
    }
    return false;
  };

  test.each([
    ["10.71.1.2", "10.71.3.2"],
    ["fd71:1::2", "fd71:3::2"],
  ])("what the service is for is let out of the tunnel: %s to %s", async (source, destination) => {
    await datagram(source, destination, PORT, `wanted-${source}`);
    expect(await arrives(`wanted-${source}`)).toBe(true);
  });

  test("forged datagrams reach nothing that the host did not allow", async () => {
    const forged: [source: string, destination: string, port: number][] = [
      ["10.71.1.2", "127.0.0.1", PORT],
      ["10.71.1.2", "10.71.3.1", AGENT_PORT],
      ["10.71.1.2", "10.71.3.1", PORT],
      ["10.71.1.2", "10.71.2.2", AGENT_PORT],
      ["10.71.1.2", METADATA, PORT],
      ["10.71.1.2", "10.71.3.255", PORT],
      ["10.71.1.2", "224.0.0.1", PORT],
      ["fd71:1::2", "::1", PORT],
      ["fd71:1::2", "fd71:3::1", AGENT_PORT],
      ["fd71:1::2", "ff02::1", PORT],
      ["127.0.0.1", "10.71.3.2", PORT],
      ["10.71.3.1", "10.71.3.2", PORT],
      ["10.71.2.1", "10.71.3.2", PORT],
      ["198.51.100.7", "10.71.3.2", PORT],
      ["169.254.7.7", "10.71.3.2", PORT],
      ["2001:db8::7", "fd71:3::2", PORT],
    ];
    for (const [at, [source, destination, port]] of forged.entries()) {
      await datagram(source, destination, port, `forged-${at}`);
    }
    // What comes after them has passed; so would have they.
    await datagram("10.71.1.2", "10.71.3.2", PORT, "after-all");
    expect(await arrives("after-all")).toBe(true);
    expect(reached()).not.toContain("udp forged");
  });

  /** Answers that host b sends, into the tunnel and by any other way. */
  const answers = async (): Promise<{ inside: number; outside: number }> => {
    const counted = async (name: string) =>
      Number(
        /packets (\d+)/.exec(await pair.world.inside("b", "nft", "list", "counter", "inet", "answers", name))?.[1],
      );
    return { inside: await counted("inside"), outside: await counted("outside") };
  };

  test("whoever is not let out of the tunnel is told so at once, by the tunnel and by no other way", async () => {
    const { world } = pair;
    const told = ["icmp type destination-unreachable", "icmpv6 type destination-unreachable"];
    const rules = told.flatMap((one) => [
      `oifname "arx-*" ${one} counter name inside`,
      `oifname != { "lo", "tempest0" } oifname != "arx-*" ${one} counter name outside`,
    ]);
    const seen = await world.file(
      "answers.nft",
      `table inet answers {\n counter inside { }\n counter outside { }\n chain seen {\n type filter hook postrouting priority 300;\n ${rules.join("\n ")}\n }\n}\n`,
    );
    await world.inside("b", "nft", "-f", seen);
    // A way to everybody, as most hosts have one: by it the answers would leave in the clear.
    await world.inside("b", "ip", "route", "add", "default", "via", "10.71.3.2");
    await world.inside("b", "ip", "-6", "route", "add", "default", "via", "fd71:3::2");
    expect(await pair.ping("10.71.3.1")).toMatch(/From \S+ icmp_seq=1 Packet filtered/);
    expect(await pair.ping("fd71:3::1")).toMatch(/From \S+ icmp_seq=1 .*prohibited/);
    expect((await answers()).inside).toBeGreaterThan(1);
    // Addresses that host b itself reaches by other ways: an answer there would meet somebody who never asked.
    for (const source of ["10.71.2.1", "10.71.3.2", "fd71:2::1", "fd71:3::2"]) {
      for (let at = 0; at < 10; at += 1) {
        await datagram(source, source.includes(":") ? "fd71:3::1" : "10.71.3.1", PORT, `forged-answer-${at}`);
      }
    }
    await datagram("10.71.1.2", "10.71.3.2", PORT, "after-the-answers");
    expect(await arrives("after-the-answers")).toBe(true);
    expect(reached()).not.toContain("forged-answer");
    const { inside, outside } = await answers();
    expect(outside).toBe(0);
    expect(inside).toBeLessThan(100);
    await world.inside("b", "nft", "delete", "table", "inet", "answers");
    await world.inside("b", "ip", "route", "delete", "default");
    await world.inside("b", "ip", "-6", "route", "delete", "default");
    // What waits for an answer is nothing that anybody changed.
    await pair.active("b");
  });

  test("what the host's owner lifts is reached, and no more than that", async () => {
    await pair.process("b").end("SIGTERM");
    await pair.restart("b", ["--exit-allow-host", "10.71.3.1@tcp@7000,10.71.3.1@udp@7000"]);
    await pair.apply(
      [service(SERVICE_ROUTED, "entry", PEER_B, { routes: GREEDY })],
      [service(SERVICE_ROUTED, "exit", PEER_A, { routes: GREEDY })],
    );
    await pair.active("b");
    const dial = (port: number) => pair.world.inside("client", process.execPath, "-e", DIAL, "10.71.3.1", String(port));
    await expect.poll(() => dial(PORT), { timeout: 8_000 }).toBe("connected");
    expect(onHost.output()).toContain(`tcp ::ffff:10.71.3.1 ${PORT}`);
    expect(await dial(AGENT_PORT)).not.toBe("connected");
    expect(onHost.output()).not.toContain(`${AGENT_PORT}\n`);
  });
});
