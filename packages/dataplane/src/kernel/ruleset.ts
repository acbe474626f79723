import type { ExitPolicy } from "../exit-policy.ts";
import type { RouteClass } from "../match.ts";

/** What the nftables table must hold, as plain data; `nft.ts` writes it as text. */
export interface Ruleset {
  /** Packets and bytes that bear one of these are counted, each direction for itself. */
  readonly countedMarks: readonly number[];
  /** Tried in this order at the entry; the first hit decides. */
  readonly entryMaps: readonly MatchMap[];
  /** Tried in this order at the exit, keyed by the tunnel that a packet came by; without a hit it is dropped. */
  readonly exitMaps: readonly MatchMap[];
  readonly serviceLinks: readonly ServiceLinkCapture[];
  readonly tunnels: readonly TunnelFilter[];
  /** Marks of entry services, by the VXLAN device that their replies come by. */
  readonly entryFlows: readonly { readonly link: string; readonly mark: number }[];
  /** Marks of entry services whose peer has no tunnel: all but TCP is refused. */
  readonly strandedFlows: readonly number[];
  readonly exitFlows: readonly number[];
  /** Marks of exit services whose packets leave with the host's own address. */
  readonly masqueraded: readonly number[];
  /** Services whose packets into a tunnel go through a class of their own. */
  readonly limited: readonly { readonly mark: number; readonly serviceIndex: number }[];
  readonly clusterEndpoints: readonly { readonly family: 4 | 6; readonly address: string; readonly port: number }[];
  /** Links whose forwarding is switched on by us: what is not ours must not be forwarded from them. */
  readonly openedLinks: Readonly<Record<4 | 6, readonly string[]>>;
  readonly exitPolicy: ExitPolicy;
  readonly capturePort: number;
  readonly tunnelInterface: string;
  /** Where WireGuard listens. */
  readonly tunnelPort: number;
}

export interface MatchMap {
  readonly family: 4 | 6;
  readonly class: RouteClass;
  readonly sourceLength: number | undefined;
  readonly destinationLength: number | undefined;
  readonly elements: readonly MatchElement[];
}

export interface MatchElement {
  /** The VXLAN device, in maps of an exit. */
  readonly link?: string;
  readonly source?: string;
  readonly destination?: string;
  readonly mark: number;
}

/** Takes everything that comes by a service's own interface. */
export interface ServiceLinkCapture {
  readonly link: string;
  readonly serviceIndex: number;
  readonly mark: number;
  readonly capturePort: number;
}

export interface TunnelFilter {
  readonly link: string;
  readonly peerIndex: number;
  /** The only source whose VXLAN frames count for this device. */
  readonly overlayAddress: string;
  readonly vni: number;
}
