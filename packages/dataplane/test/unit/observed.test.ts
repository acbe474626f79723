import { expect, test } from "vitest";
import { linkHolding, linksFromIp } from "../../src/kernel/host.ts";
import { createMemoryRunner } from "../../src/kernel/memory-runner.ts";
import { observeKernel, observeTable, tableFromNft } from "../../src/kernel/observed.ts";
import { limitsFromTc } from "../../src/kernel/observed-limits.ts";
import { batchErrors } from "../../src/kernel/reconciler.ts";
import { link } from "./support/example.ts";

const VXLAN = {
  ifname: "arx-WEVGEMMVRZ",
  flags: ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
  mtu: 1350,
  qdisc: "htb",
  address: "02:00:00:00:00:01",
  ifalias: "arctic:peer_01BX5ZZKBKACTAV9WEVGEMMVRZ",
  linkinfo: {
    info_kind: "vxlan",
    info_data: { id: 11, link: "tempest0", local6: "fd61::a", remote6: "fd61::b", port: 51_841 },
  },
  addr_info: [],
};

test("links are read as ip prints them", () => {
  expect(linksFromIp(JSON.stringify([{}, VXLAN]))).toEqual([
    {
      name: "arx-WEVGEMMVRZ",
      kind: "vxlan",
      isUp: true,
      isLoopback: false,
      mtu: 1350,
      qdisc: "htb",
      mac: "02:00:00:00:00:01",
      isOurs: true,
      alias: "arctic:peer_01BX5ZZKBKACTAV9WEVGEMMVRZ",
      lower: "tempest0",
      vxlan: { vni: 11, local: "fd61::a", remote: "fd61::b", port: 51_841 },
      addresses: [],
    },
  ]);
});

test("the parent of an address is the link with the narrowest network around it, never one of ours", () => {
  const links = [
    link("wide", ["10.0.0.1/8"]),
    link("narrow", ["10.71.1.1/24"]),
    link("ours", ["10.71.1.50/32"], { isOurs: true }),
  ];
  expect(linkHolding(links, "10.71.1.50")?.name).toBe("narrow");
  expect(linkHolding(links, "10.9.9.9")?.name).toBe("wide");
  expect(linkHolding(links, "192.0.2.1")).toBeUndefined();
});

test("of rules only ours are seen, of routes what ip filters by our protocol", async () => {
  const runner = createMemoryRunner((argv) => {
    const command = argv.join(" ");
    if (command === "ip -d -j -batch -") return { stdout: `${JSON.stringify([VXLAN])}\n` };
    if (command === "tc class show dev arx-WEVGEMMVRZ")
      return { stdout: "class htb 1:2a root prio 0 rate 10Mbit ceil 10Mbit burst 25000b cburst 25000b \n" };
    if (command === "ip -4 -j -batch -") {
      return {
        stdout: JSON.stringify([
          { priority: 0, src: "all", table: "local" },
          { priority: 1010, src: "all", fwmark: "0x10", fwmask: "0xfff0", table: "61001", protocol: "97" },
        ]),
      };
    }
    if (command === "ip -6 -j -batch -") {
      return { stdout: `[]\n${JSON.stringify([{ dst: "fd61::b", dev: "tempest0", metric: 1024, flags: [] }])}\n` };
    }
    return argv[0] === "nft" ? { code: 1, stderr: "Error: No such file or directory" } : { stdout: "[]" };
  });
  const observed = await observeKernel(runner);
  expect(observed.rules).toEqual([
    { family: 4, priority: 1010, table: "61001", source: "all", mark: 0x10, mask: 0xfff0 },
  ]);
  expect(observed.routes).toEqual([
    {
      family: 6,
      table: "main",
      type: "unicast",
      destination: "fd61::b/128",
      link: "tempest0",
      gateway: undefined,
      metric: 1024,
    },
  ]);
  expect(observed.limits).toEqual([{ link: "arx-WEVGEMMVRZ", serviceIndex: 0x2a, bitsPerSecond: 10_000_000 }]);
  expect((await observeTable(runner)).table.exists).toBe(false);
});

test("a tool that fails is an error, not an empty kernel", async () => {
  await expect(
    observeKernel(createMemoryRunner(() => ({ code: 1, stderr: "Operation not permitted" }))),
  ).rejects.toThrow("ip -d -j -batch - failed with code 1: Operation not permitted");
});

test.each([
  ["rate 1Gbit ceil", 1e9],
  ["rate 1500Mbit ceil", 1.5e9],
  ["rate 64Kbit ceil", 64_000],
  ["rate 800bit ceil", 800],
])("tc's %s is read", (rate, bitsPerSecond) => {
  expect(limitsFromTc("x", `class htb 1:1 root prio 0 ${rate} 1Gbit burst 1b`)).toEqual([
    { link: "x", serviceIndex: 1, bitsPerSecond },
  ]);
});

test("the table's digest tells rules apart, not handles or counts", () => {
  const table = (packets: number, handle: number, verdict: string) =>
    tableFromNft(
      JSON.stringify({
        nftables: [
          { metainfo: { version: "1.0.6" } },
          { table: { family: "inet", name: "arctic", handle } },
          {
            set: {
              name: "counted",
              handle,
              elem: [{ elem: { val: { concat: ["reply", 65554] }, counter: { packets, bytes: packets * 100 } } }],
            },
          },
          { set: { name: "empty", handle } },
          { chain: { name: "capture", handle } },
          { rule: { chain: "capture", handle, expr: [{ [verdict]: null }] } },
        ],
      }),
    );
  expect(table(1, 1, "drop").tableDigest).toBe(table(2, 2, "drop").tableDigest);
  expect(table(1, 1, "drop").tableDigest).not.toBe(table(1, 1, "accept").tableDigest);
  expect(table(7, 1, "drop").counts.get("reply 65554")).toEqual({ packets: 7, bytes: 700 });
  expect(table(1, 1, "drop").table).toMatchObject({ exists: true, chains: ["capture"], sets: ["counted", "empty"] });
});

test("what a batch complains of is told by its line", () => {
  const stderr = 'RTNETLINK answers: File exists\nCommand failed -:2\nCannot find device "x"\nCommand failed -:3\n';
  expect(batchErrors(stderr, ["one", "two", "three"])).toEqual(
    new Map([
      ["two", "RTNETLINK answers: File exists"],
      ["three", 'Cannot find device "x"'],
    ]),
  );
});
