import type { Ruleset } from "./ruleset.ts";

/**
 * What the kernel must hold for a plan, as plain data. `owner` says for whom: `host` (all
 * services), `tunnel` (all tunnels), a peer id or a service id; a
 * part that is not there when the kernel is read back makes the services of that owner degraded.
 */
export interface DesiredKernel {
  /** The WireGuard interface; absent when no peer is tunnelled. */
  readonly tunnel?: DesiredTunnel;
  readonly links: readonly DesiredLink[];
  readonly addresses: readonly DesiredAddress[];
  readonly neighbours: readonly DesiredNeighbour[];
  readonly routes: readonly DesiredRoute[];
  readonly rules: readonly DesiredRule[];
  readonly limits: readonly DesiredLimit[];
  readonly sysctls: readonly DesiredSysctl[];
  readonly ruleset: Ruleset;
  /** What packets of each service bear; without those for which there was no number. */
  readonly markByService: ReadonlyMap<string, number>;
  /** Why a service cannot be carried, wholly or in part. */
  readonly faults: readonly ServiceFault[];
}

export interface ServiceFault {
  readonly serviceId: string;
  /** What does not work: everything, TCP, all but TCP, or what comes by the service's own interface. */
  readonly part: "all" | "tcp" | "tunnel" | "interface";
  readonly reason: string;
}

export interface DesiredTunnel {
  readonly name: string;
  readonly mtu: number;
  readonly listenPort: number;
  readonly peers: readonly DesiredTunnelPeer[];
}

export interface DesiredTunnelPeer {
  readonly peerId: string;
  /** 32 bytes, base64url. */
  readonly publicKey: string;
  readonly endpoint: { readonly address: string; readonly port: number };
  readonly overlayAddress: string;
}

export type DesiredLink = DesiredVxlan | DesiredMacvlan | DesiredWireguardLink;

interface LinkHead {
  readonly name: string;
  readonly alias: string;
  readonly owner: string;
}

export interface DesiredVxlan extends LinkHead {
  readonly kind: "vxlan";
  readonly vni: number;
  readonly local: string;
  readonly remote: string;
  readonly lower: string;
  readonly mac: string;
  readonly mtu: number;
}

export interface DesiredMacvlan extends LinkHead {
  readonly kind: "macvlan";
  readonly lower: string;
  readonly mac: string;
}

/** Made by the WireGuard port, not by `ip`; here it gets its MTU and its alias and is set up. */
export interface DesiredWireguardLink extends LinkHead {
  readonly kind: "wireguard";
  readonly mtu: number;
}

export interface DesiredAddress {
  readonly link: string;
  readonly cidr: string;
  /** Of the connected route, above that of the parent's own. */
  readonly metric?: number;
  readonly owner: string;
}

export interface DesiredNeighbour {
  readonly link: string;
  readonly address: string;
  readonly mac: string;
  readonly owner: string;
}

export interface DesiredRoute {
  readonly family: 4 | 6;
  /** Undefined is the main table. */
  readonly table?: number;
  readonly type: "unicast" | "local" | "unreachable" | "throw";
  readonly destination: string;
  readonly link?: string;
  readonly gateway?: string;
  readonly source?: string;
  readonly metric?: number;
  readonly owner: string;
}

export interface DesiredRule {
  readonly family: 4 | 6;
  readonly priority: number;
  readonly table: number;
  readonly selector:
    | { readonly type: "mark"; readonly mark: number; readonly mask: number }
    | { readonly type: "source"; readonly address: string };
  readonly owner: string;
}

export interface DesiredSysctl {
  /** Below /proc/sys, with slashes. */
  readonly path: string;
  readonly value: string;
  /** Ours vanish with their link; a foreign link's value is put back. */
  readonly isForeign: boolean;
  readonly owner: string;
}

/** What leaves a device within one service's limit. */
export interface DesiredLimit {
  readonly link: string;
  /** Of the class: its minor number. */
  readonly serviceIndex: number;
  readonly mark: number;
  readonly bitsPerSecond: number;
  readonly owner: string;
}
