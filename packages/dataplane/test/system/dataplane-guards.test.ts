import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWhere } from "../../../../test/support/needs.ts";
import { programArguments } from "../../../../test/support/programs.ts";
import { vxlanName } from "../../src/kernel/names.ts";
import { overlayAddress, overlayMac, pairVni } from "../../src/tempest/overlay.ts";
import { type Pair, startCarryingPair } from "./support/pair.ts";
import { onLan, PEER_A, PEER_B, routed, SERVICE_ROUTED } from "./support/plans.ts";
import { missingForWorld } from "./support/world.ts";

const missing = await missingForWorld();
const BLAST = fileURLToPath(new URL("./support/udp-blast.ts", import.meta.url));

describeWhere(missing, "a carrying data plane guards its host", () => {
  let pair: Pair;

  beforeAll(async () => {
    pair = await startCarryingPair();
  });

  afterAll(async () => {
    await pair?.destroy();
  });

  test("forwards nothing but what is a service's, although it switched forwarding on", async () => {
    const { world } = pair;
    expect((await world.inside("a", "cat", "/proc/sys/net/ipv4/conf/lan0/forwarding")).trim()).toBe("1");
    expect((await world.inside("a", "cat", "/proc/sys/net/ipv4/conf/all/forwarding")).trim()).toBe("0");
    // b knows the way back, so an echo that a forwarded would be answered.
    await world.inside("b", "ip", "route", "add", "10.71.1.0/24", "via", "10.71.2.1");
    await world.inside("b", "ip", "-6", "route", "add", "fd71:1::/64", "via", "fd71:2::1");
    try {
      expect(await pair.ping("10.71.2.2")).toContain("100% packet loss");
      expect(await pair.ping("fd71:2::2")).toContain("100% packet loss");
    } finally {
      await world.inside("b", "ip", "route", "del", "10.71.1.0/24");
      await world.inside("b", "ip", "-6", "route", "del", "fd71:1::/64");
    }
  });

  test("takes no VXLAN frame that did not come by WireGuard", async () => {
    const { world } = pair;
    const device = vxlanName(PEER_B);
    const received = async (): Promise<number> =>
      Number(await world.inside("a", "cat", `/sys/class/net/${device}/statistics/rx_packets`));
    const inner = ["169.254.99.2", overlayMac(PEER_A)] as const;
    await world.inside(
      "client",
      "sh",
      "-c",
      [
        `ip addr add ${overlayAddress(PEER_B)}/128 dev c0 nodad`,
        `ip -6 route add ${overlayAddress(PEER_A)}/128 via fd71:1::1`,
        `ip link add forged type vxlan id ${pairVni(PEER_A, PEER_B)} local ${overlayAddress(PEER_B)} remote ${overlayAddress(PEER_A)} dstport 51841 nolearning dev c0`,
        "ip addr add 169.254.99.1/24 dev forged",
        "ip link set forged up",
        `ip neigh replace ${inner[0]} lladdr ${inner[1]} dev forged nud permanent`,
      ].join(" && "),
    );
    try {
      const before = await received();
      await world.inside("client", "sh", "-c", `ping -c 3 -i 0.2 -W 1 ${inner[0]} || true`);
      expect(
        Number(await world.inside("client", "cat", "/sys/class/net/forged/statistics/tx_packets")),
      ).toBeGreaterThan(2);
      expect(await received()).toBe(before);
    } finally {
      await world.inside(
        "client",
        "sh",
        "-c",
        `ip link del forged; ip addr del ${overlayAddress(PEER_B)}/128 dev c0; ip -6 route del ${overlayAddress(PEER_A)}/128`,
      );
    }
  });

  test("sees what somebody removed, tells who watches, says so, and puts it back at the next apply", async () => {
    const { world } = pair;
    const changed: string[] = [];
    await pair.client("a").watch(({ services }) => void changed.push(...services));
    await world.inside("a", "ip", "rule", "del", "fwmark", "0x10/0xfff0", "lookup", "61001");
    await expect.poll(() => changed, { timeout: 5_000 }).toContain(SERVICE_ROUTED);
    expect(await pair.service("a", SERVICE_ROUTED)).toMatchObject({
      state: "degraded",
      reason: expect.stringContaining("the kernel lacks"),
    });
    await world.inside("a", "nft", "flush", "chain", "inet", "arctic", "capture");
    expect(await pair.service("a", SERVICE_ROUTED)).toMatchObject({
      state: "inactive",
      reason: expect.stringContaining("is not the one that was written"),
    });
    await pair.apply([routed("entry")], [routed("exit")]);
    await pair.active("a");
    expect(await pair.ping("10.71.3.2")).toContain("3 received");
  });

  test("holds all but TCP within the service's limit, each direction for itself", async () => {
    const { world } = pair;
    const limited = { bandwidth_limit_mbps: 10 };
    await pair.apply([{ ...routed("entry"), ...limited }], [{ ...routed("exit"), ...limited }]);
    await pair.active("a");
    const sink = world.start("server", process.execPath, BLAST, "sink");
    await sink.waitFor(/ready/);
    // Three times the limit for four seconds; the sink measures the middle.
    await world.inside("client", process.execPath, BLAST, "send", "10.71.3.2", "30", "4");
    const mbps = Number((await sink.waitFor(/rate ([0-9.]+)/)).split(" ")[1]);
    expect(mbps).toBeGreaterThan(9);
    expect(mbps).toBeLessThan(10.5);
    await pair.apply([routed("entry")], [routed("exit")]);
    expect(await world.inside("a", "tc", "qdisc", "show", "dev", vxlanName(PEER_B))).not.toContain("htb");
  });

  test("leaves foreign links, rules and tables of the host as they are", async () => {
    const { world } = pair;
    await world.inside(
      "a",
      "sh",
      "-c",
      "ip link add svc-foreign type veth peer name arx-foreign; ip rule add fwmark 0x77 lookup 77 priority 900; nft add table inet foreign",
    );
    await pair.apply([routed("entry"), onLan("entry")], [routed("exit"), onLan("exit")]);
    await pair.apply([routed("entry")], [routed("exit")]);
    expect(await world.inside("a", "ip", "-o", "link")).toMatch(/arx-foreign@svc-foreign/);
    expect(await world.inside("a", "ip", "rule")).toContain("lookup 77");
    expect(await world.inside("a", "nft", "list", "tables")).toContain("table inet foreign");
    await world.inside(
      "a",
      "sh",
      "-c",
      "ip link del svc-foreign; ip rule del priority 900; nft delete table inet foreign",
    );
  });

  test("a second data plane on the host is refused", async () => {
    const { world } = pair;
    const second = world.start(
      "a",
      process.execPath,
      ...programArguments("arctic-dataplane"),
      "--state-dir",
      `${world.folder}/a`,
      "--control-socket",
      `${world.folder}/a.sock`,
    );
    await second.waitFor(/a data plane is running already/);
    await second.ended;
    expect(second.process.exitCode).toBe(1);
  });

  test("after kill -9, --cleanup leaves the kernel as it was", async () => {
    const { world } = pair;
    await pair.apply([routed("entry"), onLan("entry")], [routed("exit"), onLan("exit")]);
    await pair.active("a");
    await pair.process("a").end("SIGKILL");
    await world.inside(
      "a",
      process.execPath,
      ...programArguments("arctic-dataplane"),
      "--cleanup",
      "--state-dir",
      `${world.folder}/a`,
      "--control-socket",
      `${world.folder}/a.sock`,
    );
    expect(await world.kernelStateOf("a")).toBe(pair.kernelBefore("a"));
    const { stdout } = await promisify(execFile)("ls", [`${world.folder}/a`]);
    expect(stdout).not.toMatch(/plan\.json|sysctls\.json|numbers\.json/);
  });
});
