import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWhere } from "../../../../test/support/needs.ts";
import { serviceLinkName } from "../../src/kernel/names.ts";
import { type Pair, startPair } from "./support/pair.ts";
import { PEER_A, PEER_B, SERVICE_LAN, service } from "./support/plans.ts";
import { type Child, missingForWorld } from "./support/world.ts";

const missing = await missingForWorld();
const LINK = serviceLinkName(SERVICE_LAN);
const OTHER = "svc_01CX5ZZKBKACTAV9WEVGEMMVR3";

const onParent = (serviceId: string, role: "entry" | "exit") =>
  service(serviceId, role, role === "entry" ? PEER_B : PEER_A, {
    interface: role === "entry" ? { parent: "lan0" } : {},
  });

describeWhere(missing, "service interfaces that ask DHCP, on one parent", () => {
  let pair: Pair;
  let server: Child;

  const startServer = async (first: number): Promise<Child> => {
    const { world } = pair;
    const config = [
      "interface c0",
      `start 10.71.1.${first}`,
      `end 10.71.1.${first + 9}`,
      "option subnet 255.255.255.0",
      "option lease 10",
      "min_lease 5",
      `lease_file ${await world.file(`leases-${first}`, "")}`,
      `pidfile ${world.folder}/udhcpd-${first}.pid`,
      "",
    ].join("\n");
    return world.start("client", "busybox", "udhcpd", "-f", await world.file(`udhcpd-${first}.conf`, config));
  };
  const addressOf = async (link: string): Promise<string | undefined> => {
    const text = await pair.world.inside("a", "ip", "-4", "-o", "addr", "show", "dev", link);
    return /inet (\S+)/.exec(text)?.[1];
  };
  const macOf = async (link: string): Promise<string> =>
    (await pair.world.inside("a", "cat", `/sys/class/net/${link}/address`)).trim();
  const by = (address: string): Promise<string> =>
    pair.world.inside("client", "ip", "route", "replace", "10.71.3.2/32", "via", address.split("/")[0] ?? "");

  beforeAll(async () => {
    pair = await startPair();
  });

  afterAll(async () => {
    await pair?.destroy();
  });

  test("without a server the service says what it waits for", async () => {
    await pair.apply([onParent(SERVICE_LAN, "entry")], [onParent(SERVICE_LAN, "exit")]);
    expect(await pair.service("a", SERVICE_LAN)).toMatchObject({
      state: "inactive",
      reason: expect.stringContaining("has asked DHCP on lan0 for an address and has none yet"),
    });
  });

  test("a server's address comes on, and traffic by it is carried, TCP and the rest", async () => {
    server = await startServer(150);
    await expect.poll(() => addressOf(LINK), { timeout: 30_000, interval: 250 }).toMatch(/^10\.71\.1\.15\d\/24$/);
    await pair.active("a");
    await by((await addressOf(LINK)) ?? "");
    expect(await pair.ask("tcp", "10.71.3.2", 1_000)).toMatchObject({ outcome: "answered" });
    expect(await pair.ping("10.71.3.2")).toContain("3 received");
  });

  test("a second service on the same parent gets an address and a MAC of its own", async () => {
    await pair.apply(
      [onParent(SERVICE_LAN, "entry"), onParent(OTHER, "entry")],
      [onParent(SERVICE_LAN, "exit"), onParent(OTHER, "exit")],
    );
    const other = serviceLinkName(OTHER);
    await expect.poll(() => addressOf(other), { timeout: 30_000, interval: 250 }).toMatch(/^10\.71\.1\.15\d\/24$/);
    expect(await addressOf(other)).not.toBe(await addressOf(LINK));
    expect(await macOf(other)).not.toBe(await macOf(LINK));
    await pair.apply([onParent(SERVICE_LAN, "entry")], [onParent(SERVICE_LAN, "exit")]);
    expect(await pair.world.inside("a", "ip", "-o", "link")).not.toContain(other);
  });

  test("after kill -9 it has the same MAC and asks for the same address again", async () => {
    const [address, mac] = [await addressOf(LINK), await macOf(LINK)];
    await pair.process("a").end("SIGKILL");
    await pair.world.inside("a", "ip", "link", "del", LINK);
    await pair.restart("a");
    await expect.poll(() => addressOf(LINK), { timeout: 30_000, interval: 250 }).toBe(address);
    expect(await macOf(LINK)).toBe(mac);
  });

  test("when the server gives out other addresses, the new one replaces the old", async () => {
    await server.end("SIGTERM");
    server = await startServer(170);
    await expect.poll(() => addressOf(LINK), { timeout: 60_000, interval: 500 }).toMatch(/^10\.71\.1\.17\d\/24$/);
    await by((await addressOf(LINK)) ?? "");
    await pair.active("a");
    expect(await pair.ask("tcp", "10.71.3.2", 1_000)).toMatchObject({ outcome: "answered" });
  });
});
