import { TPROXY_MARK } from "../kernel/mark.ts";
import { VXLAN_PORT, VXLAN_PREFIX } from "../kernel/names.ts";
import type { ForeignChain } from "./foreign-ruleset.ts";
import { dropperOf, type Probe } from "./passage.ts";

/** What on the host stands in the way of its services, and what to change. */
export interface Finding {
  /** What it stops: TCP, or all but TCP; nothing, where it is only worth knowing. */
  readonly part: "tcp" | "tunnel" | "nothing";
  /** For a person: what is found where, what it stops, and the line to change. */
  readonly text: string;
}

export interface ConflictFacts {
  readonly chains: readonly ForeignChain[];
  /** Links of the host itself that are up: where clients and servers may be. */
  readonly links: readonly string[];
  readonly pegasusPort: number;
  readonly tunnelPort: number;
  /** The WireGuard interface, by which the tunnels' frames come to the host itself. */
  readonly tunnelInterface: string;
  /** The tunnelled peers' devices; empty where none is. */
  readonly tunnels: readonly string[];
  readonly hasExit: boolean;
  readonly hasEntry: boolean;
  /** `net.ipv4.conf.all.rp_filter`. */
  readonly reversePathFilter: string | undefined;
  readonly hasDefaultRoute: boolean;
  /** Where a setting is made, as `FILE line N`; undefined when no file sets it. */
  settingIn(name: string): string | undefined;
  /** The way to each peer, where it leads through another's tunnel. */
  readonly tunnelledWays: readonly { readonly peer: string; readonly address: string; readonly link: string }[];
}

/** Pure; the same facts give the same findings in the same order. */
export function findingsFrom(facts: ConflictFacts): Finding[] {
  return [
    ...(facts.hasEntry ? capturedFindings(facts) : []),
    ...(facts.hasExit ? linkFindings(facts) : []),
    ...(facts.tunnels.length > 0 ? tunnelFindings(facts) : []),
    ...reversePathFindings(facts),
    ...wayFindings(facts),
  ];
}

/** TPROXY delivers to the host itself, so its input rules decide about captured connections. */
function capturedFindings(facts: ConflictFacts): Finding[] {
  return found(facts, "input", "tcp", { protocol: "tcp", mark: TPROXY_MARK }, "what TPROXY captured", [
    {
      nft: `meta mark and 0xf == 0x${TPROXY_MARK.toString(16)} accept`,
      iptables: `-m mark --mark 0x${TPROXY_MARK.toString(16)}/0xf -j ACCEPT`,
    },
  ]);
}

function linkFindings(facts: ConflictFacts): Finding[] {
  const { pegasusPort: port } = facts;
  const probe = { protocol: "tcp", mark: 0, port } as const;
  return found(facts, "input", "tcp", probe, `the links of other hosts on TCP port ${port}`, [
    { nft: `tcp dport ${port} accept`, iptables: `-p tcp --dport ${port} -j ACCEPT` },
  ]);
}

function tunnelFindings(facts: ConflictFacts): Finding[] {
  const { tunnelPort: port } = facts;
  const tunnel = facts.tunnels[0] ?? "";
  const rules = [
    { nft: `iifname "${VXLAN_PREFIX}*" accept`, iptables: `-i ${VXLAN_PREFIX}+ -j ACCEPT` },
    { nft: `oifname "${VXLAN_PREFIX}*" accept`, iptables: `-o ${VXLAN_PREFIX}+ -j ACCEPT` },
  ];
  const what = "what goes into and comes out of the tunnels";
  return [
    ...found(facts, "input", "tunnel", { protocol: "udp", mark: 0, port }, `the tunnel's packets on UDP port ${port}`, [
      { nft: `udp dport ${port} accept`, iptables: `-p udp --dport ${port} -j ACCEPT` },
    ]),
    ...found(
      facts,
      "input",
      "tunnel",
      { protocol: "udp", mark: 0, port: VXLAN_PORT, inLink: facts.tunnelInterface },
      `what comes out of WireGuard by ${facts.tunnelInterface}`,
      [{ nft: `iifname "${facts.tunnelInterface}" accept`, iptables: `-i ${facts.tunnelInterface} -j ACCEPT` }],
    ),
    ...(facts.hasEntry
      ? found(facts, "forward", "tunnel", { protocol: "udp", mark: 0, outLink: tunnel }, what, rules)
      : []),
    ...(facts.hasExit && !facts.hasEntry
      ? found(facts, "forward", "tunnel", { protocol: "udp", mark: 0, inLink: tunnel }, what, rules)
      : []),
  ];
}

/** A rule that lets something through, in the words of either tool. */
interface LetRule {
  readonly nft: string;
  readonly iptables: string;
}

type Pattern = Omit<Probe, "family" | "inLink"> & { readonly inLink?: string };

/** A finding where a chain drops the probe by whichever link of the host it comes or goes, in either family. */
function found(
  facts: ConflictFacts,
  hook: "input" | "forward",
  part: Finding["part"],
  pattern: Pattern,
  what: string,
  rules: readonly LetRule[],
): Finding[] {
  const droppers = ([4, 6] as const).flatMap((family): ForeignChain[] => {
    const dropped = facts.links.map((link) => {
      const inLink = pattern.inLink ?? link;
      const outLink = pattern.outLink ?? (hook === "forward" ? link : undefined);
      return dropperOf(facts.chains, hook, {
        ...pattern,
        family,
        inLink,
        ...(outLink === undefined ? {} : { outLink }),
      });
    });
    const first = dropped[0];
    return first === undefined || dropped.includes(undefined) ? [] : [first];
  });
  const named = new Map(droppers.map((chain) => [`${chain.tool} ${chain.family} ${chain.table} ${chain.name}`, chain]));
  return [...named.values()].map((chain) => ({ part, text: dropText(chain, facts.chains, what, rules) }));
}

function dropText(
  chain: ForeignChain,
  chains: readonly ForeignChain[],
  what: string,
  rules: readonly LetRule[],
): string {
  const { tool, family, table, name } = chain;
  // Docker keeps this chain for rules of the host's owner, and calls it first.
  const isDocker = chains.some(
    (one) => one.tool === tool && one.table === table && one.family === family && one.name === "DOCKER-USER",
  );
  const into = isDocker && chain.hook === "forward" ? "DOCKER-USER" : name;
  const commands = rules.map(({ nft, iptables }) =>
    tool === "nft"
      ? `nft insert rule ${family} ${table} ${into} ${nft}`
      : `${family === "ip" ? "iptables" : "ip6tables"}-legacy -I ${into} ${iptables}`,
  );
  const how = chain.dropsByPolicy ? "drops by its policy" : "drops at its end";
  const listed = tool === "nft" ? "" : ", which iptables-legacy lists,";
  return `the firewall's chain ${name} of table ${family} ${table}${listed} ${how} ${what}; add to its own configuration, so that it stays: ${commands.join("; ")}`;
}

/** Strict or loose, the kernel takes the larger of `all` and the link's own; only 0 lets in a source without a way back. */
function reversePathFindings(facts: ConflictFacts): Finding[] {
  const name = "net.ipv4.conf.all.rp_filter";
  if (facts.tunnels.length === 0 || facts.hasDefaultRoute) return [];
  if (facts.reversePathFilter === undefined || facts.reversePathFilter === "0") return [];
  return [
    {
      part: "tunnel",
      text: `${name} is ${facts.reversePathFilter} and this host has no default route, so it drops what comes out of a tunnel from networks that it knows no way to; ${changeText(facts, name, "0")}`,
    },
  ];
}

function changeText(facts: ConflictFacts, name: string, value: string): string {
  const place = facts.settingIn(name);
  return place === undefined
    ? `put "${name} = ${value}" into /etc/sysctl.d/60-arctic.conf and run: sysctl -w ${name}=${value}`
    : `it is set in ${place}: write "${name} = ${value}" there and run: sysctl -w ${name}=${value}`;
}

function wayFindings({ tunnelledWays }: ConflictFacts): Finding[] {
  return tunnelledWays.map(({ peer, address, link }) => ({
    part: "nothing",
    text: `the way to ${peer} (${address}) leads through ${link}, another's tunnel, and stands and falls with it; a route of its own goes around: ip route add ${address} via GATEWAY`,
  }));
}
