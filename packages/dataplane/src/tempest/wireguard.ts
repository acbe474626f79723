/** What WireGuard is reached at. */
export interface WireguardEndpoint {
  readonly address: string;
  readonly port: number;
}

/** One WireGuard interface, whoever implements it. Its address, MTU, alias and state belong to the `kernel` room. */
export interface Wireguard {
  readonly backend: "kernel" | "userspace";
  /** Makes the interface, or takes over the one that is there. Idempotent. */
  up(): Promise<void>;
  /** Makes key, port and peers current; sessions of peers that did not change go on. Needs `up`. */
  configure(config: WireguardConfig): Promise<void>;
  /** By public key, base64url. Empty while the interface is not up. */
  status(): Promise<ReadonlyMap<string, WireguardPeerStatus>>;
  /** Takes the interface away. Idempotent; also removes what a killed predecessor left. */
  down(): Promise<void>;
}

export interface WireguardConfig {
  /** 32 bytes. */
  readonly privateKey: Uint8Array;
  readonly listenPort: number;
  readonly peers: readonly WireguardPeer[];
}

/** Keys are 32 bytes, base64url. */
export type WireguardPeer =
  | {
      readonly type: "carrying";
      readonly publicKey: string;
      readonly endpoint: WireguardEndpoint;
      readonly overlayAddress: string;
    }
  /** A peer's other key: its handshakes are taken, but nothing is sent to it. */
  | { readonly type: "standby"; readonly publicKey: string };

export interface WireguardPeerStatus {
  /** Milliseconds since the epoch; undefined before the first handshake. */
  readonly handshakeAt: number | undefined;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Each peer is asked for a sign of life this often, so that a handshake says whether the path works. */
export const KEEPALIVE_S = 25;

/** A handshake older than this no longer says that the peer is there: WireGuard renews it every two minutes. */
export const HANDSHAKE_FRESH_MS = 180_000;

export const base64FromKey = (key: string): string => Buffer.from(key, "base64url").toString("base64");
export const keyFromBase64 = (text: string): string => Buffer.from(text, "base64").toString("base64url");

export function endpointText({ address, port }: WireguardEndpoint): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
