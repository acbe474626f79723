import * as z from "zod";
import { type Cidr, cidrContains, networkOf, parseAddress } from "../cidr.ts";
import { ALIAS_PREFIX } from "./names.ts";

/** The host's links as they were found, its own and ours. */
export interface HostLink {
  readonly name: string;
  readonly kind: string;
  readonly isUp: boolean;
  readonly isLoopback: boolean;
  readonly mtu: number;
  readonly mac: string;
  /** Its root queueing discipline. */
  readonly qdisc: string;
  /** Bears our alias. */
  readonly isOurs: boolean;
  readonly alias: string;
  /** Name of the link below, for a MACVLAN or VXLAN device. */
  readonly lower?: string;
  readonly vxlan?: { readonly vni: number; readonly local: string; readonly remote: string; readonly port: number };
  readonly addresses: readonly HostAddress[];
}

export interface HostAddress {
  /** The address with its prefix length. */
  readonly cidr: string;
  readonly metric: number;
  readonly dadFailed: boolean;
  /** Made by the kernel or by a router's advertisement, not by anybody's command. */
  readonly isAutomatic: boolean;
}

const linkSchema = z.object({
  ifname: z.string(),
  link: z.string().optional(),
  flags: z.array(z.string()),
  mtu: z.int(),
  qdisc: z.string().optional(),
  link_type: z.string().optional(),
  address: z.string().optional(),
  ifalias: z.string().optional(),
  linkinfo: z
    .object({
      info_kind: z.string().optional(),
      info_data: z
        .object({
          id: z.int().optional(),
          link: z.string().optional(),
          local6: z.string().optional(),
          remote6: z.string().optional(),
          port: z.int().optional(),
        })
        .optional(),
    })
    .optional(),
  addr_info: z
    .array(
      z.object({
        family: z.string().optional(),
        local: z.string().optional(),
        prefixlen: z.int().optional(),
        metric: z.int().optional(),
        dadfailed: z.boolean().optional(),
        dynamic: z.boolean().optional(),
        protocol: z.string().optional(),
      }),
    )
    .optional(),
});

/** Reads `ip -d -j addr`. */
export function linksFromIp(json: string): HostLink[] {
  const parsed = z.array(z.looseObject({})).parse(JSON.parse(json === "" ? "[]" : json));
  // `ip` prints an empty object for what its filter left out.
  return parsed.filter((entry) => "ifname" in entry).map((entry) => linkFrom(linkSchema.parse(entry)));
}

/** The link whose own network holds the address, the narrowest network first. Ours and loopback never count. */
export function linkHolding(links: readonly HostLink[], addressText: string): HostLink | undefined {
  const address = parseAddress(addressText);
  if (address === undefined) return undefined;
  let best: { link: HostLink; network: Cidr } | undefined;
  for (const link of links) {
    if (link.isOurs || link.isLoopback) continue;
    for (const own of link.addresses) {
      const network = networkOf(own.cidr);
      if (network === undefined || !cidrContains(network, address)) continue;
      if (best === undefined || network.prefixLength > best.network.prefixLength) best = { link, network };
    }
  }
  return best?.link;
}

function linkFrom(raw: z.infer<typeof linkSchema>): HostLink {
  const alias = raw.ifalias ?? "";
  const lower = raw.link ?? raw.linkinfo?.info_data?.link;
  const data = raw.linkinfo?.info_data;
  const kind = raw.linkinfo?.info_kind ?? "";
  return {
    name: raw.ifname,
    kind,
    isUp: raw.flags.includes("UP"),
    isLoopback: raw.flags.includes("LOOPBACK"),
    mtu: raw.mtu,
    mac: raw.address ?? "",
    qdisc: raw.qdisc ?? "",
    isOurs: alias.startsWith(ALIAS_PREFIX),
    alias,
    ...(lower === undefined ? {} : { lower }),
    ...(kind === "vxlan"
      ? { vxlan: { vni: data?.id ?? 0, local: data?.local6 ?? "", remote: data?.remote6 ?? "", port: data?.port ?? 0 } }
      : {}),
    addresses: (raw.addr_info ?? []).flatMap((entry) =>
      entry.local === undefined || entry.prefixlen === undefined
        ? []
        : [
            {
              cidr: `${entry.local}/${entry.prefixlen}`,
              metric: entry.metric ?? 0,
              dadFailed: entry.dadfailed === true,
              isAutomatic: entry.dynamic === true || (entry.protocol ?? "").startsWith("kernel"),
            },
          ],
    ),
  };
}
