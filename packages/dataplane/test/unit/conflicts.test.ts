import { describe, expect, test } from "vitest";
import type { ConflictFacts } from "../../src/conflicts/findings.ts";
import { chainsFrom } from "../../src/conflicts/foreign-ruleset.ts";
import { findingsOn } from "./conflict-findings.ts";

type Expression = Record<string, unknown>;

/** As `nft -j list table` prints a table. */
function listing(
  family: string,
  table: string,
  chains: Record<string, { hook?: string; policy?: string; rules: Expression[][] }>,
) {
  const entries = Object.entries(chains);
  return JSON.stringify({
    nftables: [
      { metainfo: { json_schema_version: 1 } },
      { table: { family, name: table } },
      ...entries.map(([name, { hook, policy }]) => ({
        chain: {
          family,
          table,
          name,
          ...(hook === undefined ? {} : { type: "filter", hook, prio: 0, policy: policy ?? "accept" }),
        },
      })),
      ...entries.flatMap(([chain, { rules }]) => rules.map((expr) => ({ rule: { family, table, chain, expr } }))),
    ],
  });
}

const match = (left: Expression, right: unknown, op = "=="): Expression => ({ match: { op, left, right } });
const link = (side: "iifname" | "oifname", name: string) => match({ meta: { key: side } }, name);
const port = (protocol: "tcp" | "udp", right: unknown) => match({ payload: { protocol, field: "dport" } }, right);
const established = match({ ct: { key: "state" } }, { set: ["established", "related"] });
const accept: Expression = { accept: null };
const reject: Expression = { reject: { type: "icmpx", expr: "admin-prohibited" } };
const jump = (target: string): Expression => ({ jump: { target } });

const docker = (userRules: Expression[][]) =>
  listing("ip", "filter", {
    "DOCKER-USER": { rules: [...userRules, [{ counter: {} }, { return: null }]] },
    "DOCKER-FORWARD": { rules: [[link("iifname", "docker0"), accept]] },
    FORWARD: { hook: "forward", policy: "drop", rules: [[jump("DOCKER-USER")], [jump("DOCKER-FORWARD")]] },
  });

const firewalld = (inputRules: Expression[][], forwardRules: Expression[][]) =>
  listing("inet", "firewalld", {
    filter_INPUT: {
      hook: "input",
      rules: [[established, accept], [link("iifname", "lo"), accept], ...inputRules, [reject]],
    },
    filter_FORWARD: { hook: "forward", rules: [[established, accept], ...forwardRules, [reject]] },
  });

const OUR_LINKS = [
  [link("iifname", "arx-*"), accept],
  [link("oifname", "arx-*"), accept],
];
const OUR_INPUT = [
  [port("tcp", { set: [22, 61_000] }), accept],
  [link("iifname", "tempest0"), accept],
  [port("udp", { range: [51_800, 51_900] }), accept],
  [match({ "&": [{ meta: { key: "mark" } }, 15] } as Expression, 1), accept],
];

const find = (json: string | undefined, more: Partial<ConflictFacts> = {}) =>
  findingsOn({ chains: json === undefined ? [] : chainsFrom(json), ...more });

test("a host with no rules and settings of others has no findings", () => {
  expect(find(undefined)).toEqual([]);
});

describe("a rule set like Docker's", () => {
  test("drops what goes through a tunnel, and the chain that Docker keeps for the owner is named", () => {
    expect(find(docker([]))).toEqual([
      'tunnel: the firewall\'s chain FORWARD of table ip filter drops by its policy what goes into and comes out of the tunnels; add to its own configuration, so that it stays: nft insert rule ip filter DOCKER-USER iifname "arx-*" accept; nft insert rule ip filter DOCKER-USER oifname "arx-*" accept',
    ]);
  });

  test("with those rules in it stands in nobody's way", () => {
    expect(find(docker(OUR_LINKS))).toEqual([]);
  });

  test("with a rule that is not understood is not accused", () => {
    expect(find(docker([[{ xt: null }, accept]]))).toEqual([]);
    expect(find(docker([[link("iifname", "@trusted"), accept]]))).toEqual([]);
  });
});

describe("a rule set like firewalld's", () => {
  test("stops captured connections, links and tunnels, each with its own line", () => {
    const findings = find(firewalld([], []));
    expect(findings.map((text) => text.split(";")[0])).toEqual([
      "tcp: the firewall's chain filter_INPUT of table inet firewalld drops at its end what TPROXY captured",
      "tcp: the firewall's chain filter_INPUT of table inet firewalld drops at its end the links of other hosts on TCP port 61000",
      "tunnel: the firewall's chain filter_INPUT of table inet firewalld drops at its end the tunnel's packets on UDP port 51840",
      "tunnel: the firewall's chain filter_INPUT of table inet firewalld drops at its end what comes out of WireGuard by tempest0",
      "tunnel: the firewall's chain filter_FORWARD of table inet firewalld drops at its end what goes into and comes out of the tunnels",
    ]);
    expect(findings[0]).toContain("nft insert rule inet firewalld filter_INPUT meta mark and 0xf == 0x1 accept");
  });

  test("that lets ours through stands in nobody's way", () => {
    expect(find(firewalld(OUR_INPUT, OUR_LINKS))).toEqual([]);
  });

  test("that lets one port through still stops captured connections to all others", () => {
    expect(find(firewalld([[port("tcp", 22), accept], ...OUR_INPUT.slice(0, 3)], OUR_LINKS))).toEqual([
      expect.stringContaining("what TPROXY captured"),
    ]);
  });
});

test("a table of another family, another hook or NAT is not looked at", () => {
  const nat = listing("ip", "nat", { out: { rules: [] } });
  expect(find(nat)).toEqual([]);
  expect(find(listing("bridge", "filter", { FORWARD: { hook: "forward", policy: "drop", rules: [] } }))).toEqual([]);
});

describe("reverse-path filtering for all links", () => {
  test("names the file and line that sets it", () => {
    const settingIn = () => "/etc/sysctl.d/99-hardening.conf, line 3";
    expect(find(undefined, { reversePathFilter: "1", settingIn })).toEqual([
      'tunnel: net.ipv4.conf.all.rp_filter is 1 and this host has no default route, so it drops what comes out of a tunnel from networks that it knows no way to; it is set in /etc/sysctl.d/99-hardening.conf, line 3: write "net.ipv4.conf.all.rp_filter = 0" there and run: sysctl -w net.ipv4.conf.all.rp_filter=0',
    ]);
  });

  test("names a file to make where none sets it, and is no matter where every source has a way back", () => {
    expect(find(undefined, { reversePathFilter: "2" })[0]).toContain("/etc/sysctl.d/60-arctic.conf");
    expect(find(undefined, { reversePathFilter: "1", hasDefaultRoute: true })).toEqual([]);
    expect(find(undefined, { reversePathFilter: "1", tunnels: [] })).toEqual([]);
  });
});

test("a peer whose way leads through another's tunnel is worth knowing, and stops nothing", () => {
  const tunnelledWays = [{ peer: "b", address: "10.71.2.2", link: "vpn0" }];
  expect(find(undefined, { tunnelledWays })).toEqual([expect.stringMatching(/^nothing: the way to b .* vpn0/)]);
});
