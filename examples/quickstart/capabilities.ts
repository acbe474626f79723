import { spawnSync } from "node:child_process";

/**
 * What the traffic part of Arctic needs of a host. Every probe runs in a network namespace without a name that ends with
 * the probe, so that nothing of the host is touched and nothing can be left behind.
 */
export type Capability = keyof typeof probes;

export type Missing = { capability: Capability; reason: string };

/** Those of `needs` that this host does not have, each with the reason in words. Probed once a process. */
export function missingCapabilities(needs: readonly Capability[] = allCapabilities): Missing[] {
  const first = found("root");
  if (first !== undefined) return needs.map((capability) => ({ capability, reason: first }));
  return needs.flatMap((capability) => {
    const reason = found(capability);
    return reason === undefined ? [] : [{ capability, reason }];
  });
}

const probes = {
  root: () => (process.getuid?.() === 0 ? undefined : "not root: network namespaces need uid 0"),
  namespaces: () =>
    inNamespace(
      ["--mount", "sh", "-c", "mount -t tmpfs tmpfs /mnt && ip link set lo up"],
      "network and mount namespaces cannot be made (in a container, run it privileged; `ip` is in the package iproute2)",
    ),
  bridge: () =>
    inNamespace(["ip", "link", "add", "probe0", "type", "bridge"], "the kernel has no bridge device (CONFIG_BRIDGE)"),
  tproxy: () =>
    inNamespace(
      ["nft", "-f", "-"],
      "nftables cannot load a tproxy rule (package nftables, kernel option CONFIG_NFT_TPROXY)",
      tproxyRules,
    ),
  tun: () =>
    inNamespace(["ip", "tuntap", "add", "dev", "probe0", "mode", "tun"], "no tun device (/dev/net/tun, CONFIG_TUN)"),
  vxlan: () =>
    inNamespace(
      ["ip", "link", "add", "probe0", "type", "vxlan", "id", "1", "dstport", "4789", "remote", "fd00::1"],
      "the kernel has no vxlan device (CONFIG_VXLAN)",
    ),
  macvlan: () =>
    inNamespace(
      ["sh", "-c", "ip link add probe0 type veth peer name probe1 && ip link add link probe0 probe2 type macvlan"],
      "the kernel has no macvlan device (CONFIG_MACVLAN)",
    ),
  wireguard: () => {
    const kernel = inNamespace(["ip", "link", "add", "probe0", "type", "wireguard"], "none");
    if (kernel === undefined || has("wireguard-go")) return undefined;
    return "neither WireGuard in the kernel nor wireguard-go (package wireguard-go)";
  },
  tools: () => {
    const absent = ["ip", "nft", "wg", "ping", "sysctl", "setpriv", "unshare"].filter((tool) => !has(tool));
    return absent.length === 0 ? undefined : `commands not found: ${absent.join(", ")}`;
  },
} satisfies Record<string, () => string | undefined>;

export const allCapabilities = Object.keys(probes) as readonly Capability[];

const tproxyRules = `table inet probe {
  chain capture {
    type filter hook prerouting priority mangle; policy accept;
    meta nfproto ipv4 meta l4proto tcp tproxy ip to :61001 meta mark set 0x1 accept
    meta nfproto ipv6 meta l4proto tcp tproxy ip6 to :61001 meta mark set 0x1 accept
  }
}
`;

const reasonByCapability = new Map<Capability, string | undefined>();

function found(capability: Capability): string | undefined {
  if (!reasonByCapability.has(capability)) reasonByCapability.set(capability, probes[capability]());
  return reasonByCapability.get(capability);
}

function inNamespace(argv: readonly string[], reason: string, stdin = ""): string | undefined {
  const done = spawnSync("unshare", ["--net", ...argv], { input: stdin, encoding: "utf8", timeout: 10_000 });
  if (done.status === 0) return undefined;
  const said = done.error?.message ?? done.stderr.trim().split("\n")[0] ?? "";
  return said === "" ? reason : `${reason}: ${said}`;
}

function has(command: string): boolean {
  return spawnSync("sh", ["-c", 'command -v "$1"', "sh", command], { timeout: 5_000 }).status === 0;
}
