import { describe, expect, test } from "vitest";
import { type Changes, changesBetween } from "../../src/kernel/changes.ts";
import { desiredFromPlan } from "../../src/kernel/desired-from-plan.ts";
import { nftTable, nftTransaction } from "../../src/kernel/nft.ts";
import type { ObservedKernel } from "../../src/kernel/observed.ts";
import type { PlanService } from "../../src/plan.ts";
import { CONFIG, factsFor, LINKS, link, onLan, plan, routed } from "./support/example.ts";

const NOTHING: ObservedKernel = {
  links: LINKS,
  neighbours: [],
  routes: [],
  rules: [],
  limits: [],
};

const desiredFor = (...services: PlanService[]) => {
  const of = plan(services);
  return desiredFromPlan(of, factsFor(of), CONFIG);
};

/** With the WireGuard interface just made, as it is when links are compared. */
const freshHost: ObservedKernel = {
  ...NOTHING,
  links: [...LINKS, link("tempest0", [], { kind: "tun", isUp: false, mtu: 1420 })],
};

const text = ({ linkRemovals, foundations, additions, limits, removals }: Changes): string =>
  [
    ...linkRemovals.map(({ line }) => `ip ${line}`),
    ...foundations.map(({ line }) => `ip ${line}`),
    ...additions.map(({ line }) => `ip ${line}`),
    ...limits.map(({ line }) => `tc ${line}`),
    ...removals.map(({ line }) => `ip ${line}`),
    "",
  ].join("\n");

describe("a host where two services enter", () => {
  const desired = desiredFor(routed("entry"), onLan("entry"));

  test("gets this nftables table", async () => {
    await expect(`${nftTable(desired.ruleset)}\n`).toMatchFileSnapshot("golden/entry.nft");
  });

  test("gets these links, addresses, routes and rules", async () => {
    await expect(text(changesBetween(desired, freshHost))).toMatchFileSnapshot("golden/entry.ip");
  });

  test("gets these sysctls, foreign ones marked", () => {
    expect(
      desired.sysctls.map(({ path, value, isForeign }) => `${isForeign ? "foreign " : ""}${path}=${value}`),
    ).toEqual([
      "net/ipv4/conf/arx-WEVGEMMVRZ/forwarding=1",
      "net/ipv6/conf/arx-WEVGEMMVRZ/force_forwarding=1",
      "net/ipv4/conf/svc-WEVGEMMVR2/forwarding=1",
      "net/ipv6/conf/svc-WEVGEMMVR2/force_forwarding=1",
      "net/ipv4/conf/arx-WEVGEMMVRZ/rp_filter=0",
      "foreign net/ipv4/conf/lan0/forwarding=1",
      "foreign net/ipv6/conf/lan0/force_forwarding=1",
      "foreign net/ipv4/conf/wan0/forwarding=1",
      "foreign net/ipv6/conf/wan0/force_forwarding=1",
      "net/ipv4/conf/svc-WEVGEMMVR2/arp_ignore=1",
      "net/ipv4/conf/svc-WEVGEMMVR2/arp_announce=2",
      "foreign net/ipv4/conf/lan0/arp_ignore=1",
      "foreign net/ipv4/conf/lan0/arp_announce=2",
    ]);
  });
});

describe("a host where two services leave", () => {
  const desired = desiredFor(routed("exit"), onLan("exit"));

  test("gets this nftables table", async () => {
    await expect(`${nftTable(desired.ruleset)}\n`).toMatchFileSnapshot("golden/exit.nft");
  });

  test("gets these links, addresses, routes and rules", async () => {
    await expect(text(changesBetween(desired, freshHost))).toMatchFileSnapshot("golden/exit.ip");
  });
});

test("a table that is there is replaced in one transaction, and what was counted for marks that stay goes on", () => {
  const desired = desiredFor(routed("entry"));
  const transaction = nftTransaction(
    desired.ruleset,
    { exists: true, chains: ["capture"], sets: ["counted"], maps: ["limited"], counters: ["theirs"] },
    new Map([
      ["original 65554", { packets: 5, bytes: 500 }],
      ["reply 131090", { packets: 6, bytes: 600 }],
    ]),
  );
  expect(transaction.split("\n").slice(0, 8)).toEqual([
    "add table inet arctic",
    "flush table inet arctic",
    "delete map inet arctic limited",
    "delete set inet arctic counted",
    "delete chain inet arctic capture",
    "delete counter inet arctic theirs",
    "table inet arctic {",
    "  set counted { type ct_dir . mark; counter; elements = { original . 0x00010012 counter packets 5 bytes 500, reply . 0x00010012 }; }",
  ]);
});

test("a host without services gets no links, routes or rules, and loses those of ours that are there", () => {
  const desired = desiredFor();
  const ours = link("arx-WEVGEMMVRZ", [], { kind: "vxlan", isOurs: true, alias: "arctic:peer" });
  const changes = changesBetween(desired, {
    ...NOTHING,
    links: [...LINKS, ours],
    routes: [
      {
        family: 4,
        table: "61001",
        type: "unicast",
        destination: "default",
        link: "arx-WEVGEMMVRZ",
        gateway: "169.254.77.1",
        metric: 0,
      },
      {
        family: 6,
        table: "61001",
        type: "unreachable",
        destination: "default",
        link: "lo",
        gateway: undefined,
        metric: 4_000_000,
      },
    ],
    rules: [{ family: 4, priority: 1010, table: "61001", source: "all", mark: 0x10, mask: 0xfff0 }],
  });
  expect(text(changes).trim().split("\n")).toEqual([
    "ip link delete dev arx-WEVGEMMVRZ",
    "ip -4 rule delete fwmark 0x10/0xfff0 lookup 61001 priority 1010 protocol 97",
    "ip -6 route delete unreachable default metric 4000000 table 61001 proto 97",
  ]);
});

test("a service without a tunnel to its peer has all but TCP refused by nft itself", () => {
  const of = plan([routed("entry")]);
  const desired = desiredFromPlan(of, factsFor(of, { tunnelBackend: "none" }), CONFIG);
  expect(desired.ruleset.strandedFlows).toEqual([0x00010012]);
  expect(desired.tunnel).toBeUndefined();
  expect(desired.faults).toEqual([
    { serviceId: of.services[0]?.service_id, part: "tunnel", reason: expect.stringContaining("install wireguard-go") },
  ]);
});

test("a service that refuses is matched, and its mark leads to the refusal", () => {
  const desired = desiredFor({ ...routed("entry"), refuse: "the license has expired" });
  expect(nftTable(desired.ruleset)).toContain("10.71.1.0 . 10.71.3.0 : 0x0001001a");
  expect(desired.tunnel).toBeUndefined();
  expect(desired.links).toEqual([]);
});

test("the host owner's lists stand before what services admit", () => {
  const of = plan([routed("exit")]);
  const exitPolicy = {
    allowHost: [{ cidr: "10.71.3.1/32", protocol: "udp", port: 53 }],
    allow: ["10.71.0.0/16"],
    sources: ["10.71.1.0/24", "fd71:1::/64"],
  };
  const table = nftTable(desiredFromPlan(of, factsFor(of), { ...CONFIG, exitPolicy }).ruleset);
  expect(table).toContain(
    "    ip daddr 10.71.3.1/32 meta l4proto udp th dport 53 goto admission\n    goto unadmitted\n",
  );
  expect(table).toContain(
    "    ip daddr != { 10.71.0.0/16 } goto unadmitted\n    meta nfproto ipv6 goto unadmitted\n    goto admission\n",
  );
  expect(table).toContain(
    "    ip saddr != { 10.71.1.0/24 } goto unadmitted\n    ip6 saddr != { fd71:1::/64 } goto unadmitted\n",
  );
});

test("a link whose address changes gets its routes again, which the kernel takes with the last address", () => {
  const desired = desiredFor(onLan("entry"));
  const made = desired.links.find((one) => one.kind === "macvlan");
  if (made?.kind !== "macvlan") throw new Error("the service has an interface");
  const held = link(made.name, ["10.71.1.99/24"], {
    ...{ kind: "macvlan", isOurs: true, alias: made.alias, mac: made.mac, lower: made.lower },
  });
  const route = {
    family: 4,
    table: "66001",
    type: "unicast",
    destination: "10.71.1.0/24",
    gateway: undefined,
    metric: 0,
  } as const;
  const { additions } = changesBetween(desired, {
    ...freshHost,
    links: [...freshHost.links, held],
    routes: [{ ...route, link: made.name }],
  });
  const lines = additions.map(({ line }) => line).filter((line) => line.includes(made.name));
  expect(lines).toEqual([
    `address delete 10.71.1.99/24 dev ${made.name}`,
    `address add 10.71.1.50/24 dev ${made.name} metric 4000`,
    `-4 route replace 10.71.1.0/24 dev ${made.name} table 66001 proto 97`,
  ]);
});
