import { OVERLAY_NETWORK } from "../tempest/overlay.ts";
import { ENTRY_ROLE, EXIT_ROLE, markText, PEER_MASK, peerMark, REFUSE_ROLE, TPROXY_MARK } from "./mark.ts";
import { VXLAN_PORT, VXLAN_PREFIX } from "./names.ts";
import { exitMapsWithPrefix, FAMILIES, FAMILY, familyOf, keyExpression, mapName } from "./nft-maps.ts";
import type { Ruleset } from "./ruleset.ts";

export interface Chain {
  readonly name: string;
  readonly rules: readonly string[];
}

/** To one peer: for people and their programs to learn why, and too few to be of use to anybody else. */
const ANSWERS_A_SECOND = 20;

const VXLAN_LINKS = `"${VXLAN_PREFIX}*"`;
/** Every chain of the table; one that is jumped to stands before the one that jumps. */
export function chains(ruleset: Ruleset): Chain[] {
  return [
    ...ruleset.tunnels.map((tunnel) => ({
      name: `vni_${tunnel.peerIndex}`,
      // The VXLAN header follows eight bytes of UDP header; its network id is bytes 4 to 6.
      rules: [`@th,96,24 0x${tunnel.vni.toString(16).padStart(6, "0")} accept`, "drop"],
    })),
    ...sharedChains(ruleset),
    ...ruleset.serviceLinks.map((capture) => ({
      name: `service_${capture.serviceIndex}`,
      rules: serviceLinkRules(capture.mark, capture.capturePort),
    })),
    ...exitChains(ruleset),
    ...prerouting(ruleset),
    ...afterRouting(ruleset),
  ];
}

function sharedChains(ruleset: Ruleset): Chain[] {
  return [
    { name: "refused", rules: ["meta l4proto tcp reject with tcp reset", "reject with icmpx type admin-prohibited"] },
    { name: "to_pegasus", rules: tproxyRules(ruleset.capturePort) },
    {
      name: "captured",
      rules: [
        `meta mark & ${markText(REFUSE_ROLE)} != 0 goto refused`,
        "meta l4proto tcp goto to_pegasus",
        "goto to_tunnel",
      ],
    },
    {
      name: "to_tunnel",
      rules: ["meta mark @stranded_flows reject with icmpx type host-unreachable", "ct mark set meta mark accept"],
    },
  ];
}

/** TPROXY alone fails open: without a listener the packet would be forwarded, so a reset stands right behind. */
function tproxyRules(port: number): string[] {
  return [
    `meta nfproto ipv4 meta l4proto tcp tproxy ip to 127.0.0.1:${port} meta mark set ${markText(TPROXY_MARK)} accept`,
    `meta nfproto ipv6 meta l4proto tcp tproxy ip6 to [::1]:${port} meta mark set ${markText(TPROXY_MARK)} accept`,
    "meta l4proto tcp reject with tcp reset",
  ];
}

function serviceLinkRules(mark: number, capturePort: number): string[] {
  const capture =
    (mark & REFUSE_ROLE) === 0
      ? [
          ...tproxyRules(capturePort),
          // Answers to a program of this host that is bound to the address.
          "fib daddr type local ct direction reply return",
          // The kernel delivers what is addressed to the interface itself before any routing rule can send it on.
          "fib daddr type local goto refused",
          `meta mark set ${markText(mark)} goto to_tunnel`,
        ]
      : ["goto refused"];
  return [
    "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } return",
    "fib daddr type { broadcast, anycast, multicast } return",
    `meta mark & 0x0000000f == ${markText(TPROXY_MARK)} return`,
    ...capture,
  ];
}

/** What came by a tunnel: replies to what went in here, and what an exit service admits. Nothing else. */
function exitChains(ruleset: Ruleset): Chain[] {
  const { exitPolicy } = ruleset;
  const lookUps = exitMapsWithPrefix(ruleset.exitMaps).map(
    ({ map, prefix }) => `ct mark set iifname . ${keyExpression(map)} map @${mapName(prefix, map)} accept`,
  );
  const only = (direction: "saddr" | "daddr", networks: readonly string[]): string[] =>
    networks.length === 0
      ? []
      : FAMILIES.map((family) => {
          const own = networks.filter((network) => familyOf(network) === family);
          const { ip, nf } = FAMILY[family];
          return own.length === 0
            ? `meta nfproto ${nf} goto unadmitted`
            : `${ip} ${direction} != { ${own.join(", ")} } goto unadmitted`;
        });
  return [
    ...refusalChains(ruleset),
    { name: "admission", rules: [...only("saddr", exitPolicy.sources), ...lookUps, "goto unadmitted"] },
    {
      name: "to_host",
      rules: [
        ...exitPolicy.allowHost.map(({ cidr, protocol, port }) =>
          [
            `${FAMILY[familyOf(cidr)].ip} daddr ${cidr}`,
            ...(protocol === undefined ? [] : [`meta l4proto ${protocol}`]),
            ...(port === undefined ? [] : [`th dport ${port}`]),
            "goto admission",
          ].join(" "),
        ),
        "goto unadmitted",
      ],
    },
    {
      name: "from_tunnel",
      rules: [
        "meta mark set 0x00000000",
        "ct direction reply iifname . ct mark @entry_flows accept",
        "ct direction reply drop",
        "meta l4proto tcp drop",
        ...FAMILIES.flatMap((family) => [
          `${FAMILY[family].ip} saddr @forbidden${family} drop`,
          `${FAMILY[family].ip} daddr @forbidden${family} goto unadmitted`,
        ]),
        // What this host let out itself has come round. The kernel sees that of IPv4 alone.
        "meta nfproto ipv6 ct state new fib saddr type local drop",
        "fib daddr type vmap { local : goto to_host, broadcast : drop, anycast : drop, multicast : drop }",
        ...FAMILIES.map(
          (family) => `meta l4proto udp ${FAMILY[family].ip} daddr . udp dport @cluster${family} goto unadmitted`,
        ),
        ...only("daddr", exitPolicy.allow),
        "goto admission",
      ],
    },
  ];
}

/**
 * What came by a tunnel and is not admitted is told so by the tunnel that it came by, and never by another way: the mark
 * of that tunnel waits for the answer under the client's address, and without a place for it there is no answer. So
 * only the host that sent a packet can get one, and only so many a second.
 */
function refusalChains({ tunnels }: Ruleset): Chain[] {
  const byTunnel = tunnels.map(({ link, peerIndex }) => `"${link}" : goto refusal_${peerIndex}`);
  return [
    ...tunnels.map(({ peerIndex }) => ({
      name: `refusal_${peerIndex}`,
      rules: [
        ...FAMILIES.map((family) => {
          const { nf, ip } = FAMILY[family];
          const wait = `add @refused${family} { ${ip} saddr : ${markText(peerMark(peerIndex))} }`;
          return `meta nfproto ${nf} limit rate ${ANSWERS_A_SECOND}/second burst ${ANSWERS_A_SECOND} packets ${wait} reject with icmpx type admin-prohibited`;
        }),
        "drop",
      ],
    })),
    {
      name: "unadmitted",
      rules: [
        "fib saddr type != unicast drop",
        ...(byTunnel.length === 0 ? [] : [`iifname vmap { ${byTunnel.join(", ")} }`]),
        "drop",
      ],
    },
  ];
}

function prerouting(ruleset: Ruleset): Chain[] {
  const zones = ruleset.tunnels.map(({ link, peerIndex }) => `"${link}" : ${peerIndex}`);
  const captures = ruleset.serviceLinks.map(({ link, serviceIndex }) => `"${link}" : goto service_${serviceIndex}`);
  return [
    {
      name: "zone",
      rules: [
        "type filter hook prerouting priority raw; policy accept;",
        // What WireGuard brings is judged by its keys, and no reply ever bears its ports.
        `iifname "${ruleset.tunnelInterface}" notrack accept`,
        // Only the original direction: replies come by another link, and NAT keeps them apart.
        ...(zones.length === 0
          ? []
          : [`iifname ${VXLAN_LINKS} ct original zone set iifname map { ${zones.join(", ")} }`]),
      ],
    },
    {
      name: "replies",
      rules: ["ct mark @exit_flows meta mark set ct mark accept", `ct mark & ${markText(EXIT_ROLE)} != 0 drop`],
    },
    {
      // The tunnel's own packets come by it twice an inner one, so it lets them go before all that is looked up.
      name: "capture",
      rules: [
        "type filter hook prerouting priority mangle; policy accept;",
        `iifname "${ruleset.tunnelInterface}" return`,
        `iifname ${VXLAN_LINKS} goto from_tunnel`,
        `meta l4proto tcp socket transparent 1 socket wildcard 0 meta mark set ${markText(TPROXY_MARK)} accept`,
        'iifname "lo" return',
        ...(captures.length === 0 ? [] : [`iifname vmap { ${captures.join(", ")} }`]),
        `meta mark & 0x0000000f == ${markText(TPROXY_MARK)} return`,
        "ct direction reply goto replies",
        `udp dport ${ruleset.tunnelPort} fib daddr type local return`,
        ...FAMILIES.map(
          (family) => `meta l4proto { tcp, udp } ${FAMILY[family].ip} daddr . th dport @cluster${family} return`,
        ),
        "fib daddr type { local, broadcast, anycast, multicast } return",
        ...ruleset.entryMaps.map(
          (map) => `meta mark set ${keyExpression(map)} map @${mapName("entry", map)} goto captured`,
        ),
      ],
    },
  ];
}

function afterRouting(ruleset: Ruleset): Chain[] {
  const { tunnelInterface } = ruleset;
  const peers = ruleset.tunnels.map(({ overlayAddress, peerIndex }) => `${overlayAddress} : goto vni_${peerIndex}`);
  return [
    {
      name: "untracked",
      rules: ["type filter hook output priority raw; policy accept;", `oifname "${tunnelInterface}" notrack`],
    },
    {
      name: "from_wireguard",
      rules: [
        ...(peers.length === 0 ? [] : [`udp dport ${VXLAN_PORT} ip6 saddr vmap { ${peers.join(", ")} }`]),
        "drop",
      ],
    },
    {
      name: "stays_here",
      rules: [
        `ip6 daddr ${OVERLAY_NETWORK} drop`,
        `udp dport ${VXLAN_PORT} drop`,
        "ct direction original ct direction . ct mark @counted",
        "ct mark @exit_flows accept",
        "drop",
      ],
    },
    {
      name: "input",
      rules: [
        "type filter hook input priority filter - 1; policy accept;",
        `iifname "${tunnelInterface}" goto from_wireguard`,
        `iifname ${VXLAN_LINKS} goto stays_here`,
        `ip6 daddr ${OVERLAY_NETWORK} iifname != "lo" drop`,
        `udp dport ${VXLAN_PORT} iifname != "lo" drop`,
      ],
    },
    {
      name: "leaves_tunnel",
      rules: [`oifname ${VXLAN_LINKS} drop`, "ct direction . ct mark @counted"],
    },
    {
      name: "enters_tunnel",
      rules: [
        `meta mark & ${markText(PEER_MASK)} == 0 drop`,
        "ct direction . meta mark @counted",
        "meta priority set meta mark map @limited",
        // It is routed by now, and VXLAN keeps its route to the peer for packets without a mark only.
        "meta mark set 0x00000000",
      ],
    },
    {
      name: "forward",
      rules: [
        "type filter hook forward priority mangle; policy accept;",
        `iifname "${tunnelInterface}" drop`,
        `oifname "${tunnelInterface}" drop`,
        `iifname ${VXLAN_LINKS} goto leaves_tunnel`,
        `oifname ${VXLAN_LINKS} goto enters_tunnel`,
        // Whatever belongs to a tunnel never leaves by another link.
        `meta mark & ${markText(ENTRY_ROLE)} != 0 meta mark & ${markText(PEER_MASK)} != 0 drop`,
        `ct direction reply ct mark & ${markText(EXIT_ROLE)} != 0 drop`,
        ...FAMILIES.map(
          (family) =>
            `meta nfproto ${FAMILY[family].nf} iifname @opened${family} meta mark & ${markText(PEER_MASK)} == 0 drop`,
        ),
      ],
    },
    {
      // The host's own answers to what an exit service may ask of it.
      name: "answers",
      rules: ["ct direction . ct mark @counted", "meta mark set ct mark", "meta priority set ct mark map @limited"],
    },
    {
      name: "output",
      rules: [
        "type route hook output priority mangle; policy accept;",
        ...FAMILIES.map((family) => {
          const { icmp, ip } = FAMILY[family];
          const answer = `${icmp} type destination-unreachable ${icmp} code admin-prohibited`;
          return `${answer} meta mark set ${ip} daddr map @refused${family} delete @refused${family} { ${ip} daddr : ${markText(0)} } accept`;
        }),
        "ct direction reply ct mark @exit_flows goto answers",
      ],
    },
    // With a chain of this type the kernel looks for address translation in every packet of the host.
    ...(ruleset.masqueraded.length === 0
      ? []
      : [
          {
            name: "masquerade_exit",
            rules: [
              "type nat hook postrouting priority srcnat; policy accept;",
              `oifname != ${VXLAN_LINKS} ct mark @masqueraded masquerade`,
            ],
          },
        ]),
  ];
}
