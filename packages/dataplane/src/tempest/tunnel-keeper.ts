import type { DesiredTunnel } from "../kernel/desired.ts";
import type { StateDir } from "../state-dir.ts";
import { PeerKeys, peerKeysSchema } from "./peer-keys.ts";
import type { TunnelKey } from "./tunnel-key.ts";
import type { Wireguard, WireguardPeerStatus } from "./wireguard.ts";

export interface TunnelKeeperOptions {
  /** Undefined when the host has no WireGuard. */
  readonly wireguard: Wireguard | undefined;
  /** The key that the tunnel is to have now. */
  readonly tunnelKey: () => TunnelKey;
  readonly state: StateDir;
}

const PEER_KEYS_FILE = "peer-keys.json";

/** Keeps the host's one WireGuard at what is desired, and each peer at the key that it has. One call at a time. */
export class TunnelKeeper {
  readonly #options: TunnelKeeperOptions;
  /** Unknown until the first look: a killed predecessor may have left one. */
  #state: "unknown" | "up" | "down" = "unknown";
  #tunnel: DesiredTunnel | undefined;
  #error: string | undefined;
  #peerKeys: PeerKeys | undefined;
  #storedKeys = "";
  #ownKey: { readonly publicKey: string; readonly at: number } | undefined;

  constructor(options: TunnelKeeperOptions) {
    this.#options = options;
  }

  /** Why it is not as desired; undefined when it is. */
  get error(): string | undefined {
    return this.#error;
  }

  /** Some peer has two keys: `follow` is to be called several times a second. */
  get isFollowing(): boolean {
    return this.#tunnel !== undefined && this.#peerKeys?.isWatching === true;
  }

  /** Makes it what is desired; what fails is in `error`. */
  async raise(tunnel: DesiredTunnel | undefined): Promise<void> {
    const { wireguard } = this.#options;
    this.#tunnel = tunnel;
    if (tunnel === undefined || wireguard === undefined) return;
    try {
      await wireguard.up();
      this.#state = "up";
      await this.#configure(wireguard, tunnel);
      this.#error = undefined;
    } catch (error) {
      this.#error = error instanceof Error ? error.message : String(error);
    }
  }

  /** True when it took something away. */
  async lower(tunnel: DesiredTunnel | undefined): Promise<boolean> {
    if (tunnel !== undefined || this.#state === "down") return false;
    await this.stop();
    this.#error = undefined;
    return true;
  }

  async stop(): Promise<void> {
    await this.#options.wireguard?.down();
    this.#state = "down";
    this.#tunnel = undefined;
  }

  /** Moves each peer that has changed its key to its present one. */
  async follow(): Promise<void> {
    const { wireguard } = this.#options;
    const [tunnel, peerKeys] = [this.#tunnel, this.#peerKeys];
    if (wireguard === undefined || tunnel === undefined || peerKeys === undefined || this.#state !== "up") return;
    const isChanged = peerKeys.follow(await wireguard.status(), Date.now(), this.#ownKey?.at ?? 0);
    if (isChanged) await this.#configure(wireguard, tunnel);
  }

  /** Of each peer, by the public key that the plan names. Empty while it cannot be told. */
  async status(): Promise<ReadonlyMap<string, WireguardPeerStatus>> {
    const seen = (await this.#options.wireguard?.status().catch(() => undefined)) ?? new Map();
    return new Map(
      (this.#tunnel?.peers ?? []).flatMap(({ peerId, publicKey }) => {
        const status = seen.get(this.#peerKeys?.carrying(peerId) ?? publicKey);
        return status === undefined ? [] : [[publicKey, status] as const];
      }),
    );
  }

  async #configure(wireguard: Wireguard, tunnel: DesiredTunnel): Promise<void> {
    const { state, tunnelKey } = this.#options;
    const { privateKey, publicKey } = tunnelKey();
    const now = Date.now();
    this.#peerKeys ??= new PeerKeys((await state.read(PEER_KEYS_FILE, peerKeysSchema)) ?? {});
    const peers = this.#peerKeys.wireguardPeers(tunnel.peers, now);
    // Sessions of the key before end with it; those of a device that a predecessor left are as good as ours.
    if (this.#ownKey?.publicKey !== publicKey) this.#ownKey = { publicKey, at: this.#ownKey === undefined ? 0 : now };
    await wireguard.configure({ privateKey, listenPort: tunnel.listenPort, peers });
    const stored = JSON.stringify(this.#peerKeys.stored);
    if (stored !== this.#storedKeys) await state.write(PEER_KEYS_FILE, this.#peerKeys.stored);
    this.#storedKeys = stored;
  }
}
