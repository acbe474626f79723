import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWhere } from "../../../../test/support/needs.ts";
import { programArguments } from "../../../../test/support/programs.ts";
import { type Pair, startCarryingPair } from "./support/pair.ts";
import { routed, SERVICE_ROUTED } from "./support/plans.ts";
import { missingForWorld } from "./support/world.ts";

const missing = await missingForWorld();

/** As Docker leaves it: what is forwarded and not a container's is dropped. */
const DOCKER = `table ip filter {
  chain DOCKER-USER {
    counter return
  }
  chain DOCKER-FORWARD {
    iifname "docker0" accept
  }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    counter jump DOCKER-USER
    counter jump DOCKER-FORWARD
  }
}
`;

/** As firewalld leaves it: what no service of its zone names is rejected. */
const FIREWALLD = `table inet firewalld {
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    iifname "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 22 accept
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    reject with icmpx admin-prohibited
  }
}
`;

describeWhere(missing, "beside the rules and settings of others", () => {
  let pair: Pair;

  beforeAll(async () => {
    pair = await startCarryingPair();
  });

  afterAll(async () => {
    await pair?.destroy();
  });

  const load = async (host: "a" | "b", rules: string): Promise<void> => {
    await pair.world.inside(host, "nft", "-f", await pair.world.file(`${host}-foreign.nft`, rules));
  };
  /** What `arctic-dataplane check` prints, and its exit code. */
  const check = async (host: "a" | "b"): Promise<{ lines: string[]; code: number }> => {
    const { folder, name } = pair.world;
    const argv = [...programArguments("arctic-dataplane"), "check", "--state-dir", `${folder}/${host}`];
    return promisify(execFile)("ip", ["netns", "exec", name(host), process.execPath, ...argv]).then(
      ({ stdout }) => ({ lines: linesOf(stdout), code: 0 }),
      ({ stdout, code }) => ({ lines: linesOf(stdout), code }),
    );
  };
  const linesOf = (text: string): string[] => text.split("\n").filter((line) => line !== "");
  /** The commands that a finding names. */
  const commandsIn = (lines: readonly string[]): string[] =>
    lines.flatMap((line) =>
      line.split("; ").flatMap((part) => /nft insert rule .*|(?<=run: ).*/.exec(part)?.[0] ?? []),
    );
  const obey = async (host: "a" | "b", lines: readonly string[]): Promise<void> => {
    for (const command of commandsIn(lines)) await pair.world.inside(host, "sh", "-c", command.replaceAll('"', "'\"'"));
  };
  const stateOn = (host: "a" | "b") => pair.service(host, SERVICE_ROUTED);

  test("a host without them has nothing in the way, and says so", async () => {
    expect(await check("a")).toEqual({ lines: ["nothing on this host stands in the way of its services"], code: 0 });
  });

  test("rules like Docker's are named by check and by the service, and what they say to add helps", async () => {
    await load("a", DOCKER);
    expect(await pair.ping("10.71.3.2")).toContain("100% packet loss");
    const { lines, code } = await check("a");
    expect(code).toBe(1);
    expect(lines).toEqual([expect.stringContaining("chain FORWARD of table ip filter drops by its policy")]);
    expect(await stateOn("a")).toMatchObject({
      state: "degraded",
      reason: expect.stringContaining("all but TCP is not carried: the firewall's chain FORWARD of table ip filter"),
    });
    await obey("a", lines);
    expect((await check("a")).code).toBe(0);
    expect(await pair.ping("10.71.3.2")).toContain("3 received");
    await pair.active("a");
    await pair.world.inside("a", "nft", "delete", "table", "ip", "filter");
  });

  test("rules like firewalld's stop both, each is named, and what they say to add helps", async () => {
    await load("a", FIREWALLD);
    expect(await pair.ask("tcp", "10.71.3.2", 10)).not.toMatchObject({ outcome: "answered" });
    expect(await pair.ping("fd71:3::2")).not.toContain("3 received");
    const { lines } = await check("a");
    expect(lines.map((line) => /what TPROXY|UDP port 51840|out of WireGuard|tunnels/.exec(line)?.[0])).toEqual([
      "what TPROXY",
      "UDP port 51840",
      "out of WireGuard",
      "tunnels",
    ]);
    expect(await stateOn("a")).toMatchObject({
      state: "inactive",
      reason: expect.stringContaining("TCP is not carried"),
    });
    await obey("a", lines);
    expect((await check("a")).lines).toEqual(["nothing on this host stands in the way of its services"]);
    expect(await pair.ask("tcp", "10.71.3.2", 10)).toMatchObject({ outcome: "answered" });
    expect(await pair.ping("fd71:3::2")).toContain("3 received");
    await pair.world.inside("a", "nft", "delete", "table", "inet", "firewalld");
    await pair.active("a");
  });

  test("strict reverse-path filtering at an exit without a way back is named with its line, and 0 helps", async () => {
    const setting = "/proc/sys/net/ipv4/conf/all/rp_filter";
    await pair.world.inside("b", "sh", "-c", `echo 1 > ${setting}`);
    expect(await pair.ping("10.71.3.2")).toContain("100% packet loss");
    const { lines, code } = await check("b");
    expect([code, lines]).toEqual([1, [expect.stringMatching(/^net\.ipv4\.conf\.all\.rp_filter is 1 .* sysctl -w/)]]);
    await obey("b", lines);
    expect((await pair.world.inside("b", "cat", setting)).trim()).toBe("0");
    await expect.poll(() => pair.ping("10.71.3.2"), { timeout: 15_000 }).toContain("3 received");
  });

  test("works with ip_forward=0, and with strict reverse-path filtering where there is a way back", async () => {
    const { world } = pair;
    expect((await world.inside("a", "cat", "/proc/sys/net/ipv4/ip_forward")).trim()).toBe("0");
    await world.inside("a", "ip", "route", "add", "default", "via", "10.71.2.2");
    await world.inside("b", "ip", "route", "add", "default", "via", "10.71.2.1");
    for (const host of ["a", "b"] as const) {
      await world.inside(host, "sh", "-c", "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 > $f; done");
    }
    await pair.apply([routed("entry")], [routed("exit")]);
    try {
      expect((await check("b")).code).toBe(0);
      expect(await pair.ping("10.71.3.2")).toContain("3 received");
      expect(await pair.ask("tcp", "10.71.3.2", 10)).toMatchObject({ outcome: "answered" });
    } finally {
      for (const host of ["a", "b"] as const) await world.inside(host, "ip", "route", "del", "default");
    }
  });

  test("a way to the peer through another's tunnel is worth a line", async () => {
    const { world } = pair;
    await world.inside("a", "sh", "-c", "ip tuntap add dev vpn0 mode tun && ip link set vpn0 up");
    await world.inside("a", "ip", "route", "add", "10.71.2.2/32", "dev", "vpn0");
    try {
      expect((await check("a")).lines).toContainEqual(
        expect.stringMatching(/^the way to b \(10\.71\.2\.2\) leads through vpn0/),
      );
    } finally {
      await world.inside("a", "ip", "link", "del", "vpn0");
    }
  });
});
