import { type Client, createClient, type Peer } from "@arctic/agent/client";
import type { Hub, Probe } from "./observe.ts";
import { addressOf } from "./observe.ts";
import type { Compose } from "./schema.ts";

/** Clients for the peers of one file: each peer's own endpoint where it answers us, else through the hub. */
export class Views {
  readonly #compose: Compose;
  readonly #probes: ReadonlyMap<string, Probe>;
  readonly #hub: Hub;
  readonly #timeoutMs: number;
  readonly #clientByPeer = new Map<string, Client>();

  constructor(compose: Compose, probes: ReadonlyMap<string, Probe>, hub: Hub, timeoutMs: number) {
    this.#compose = compose;
    this.#probes = probes;
    this.#hub = hub;
    this.#timeoutMs = timeoutMs;
  }

  /** `peer` is the member's signed record as the hub knows it, which names its certificate. */
  of(name: string, peer: Peer): Client {
    if (name === this.#hub.name) return this.#hub.client;
    const held = this.#clientByPeer.get(name);
    if (held !== undefined) return held;
    const client = this.#open(name, peer);
    // The certificate may not be known yet in the first moments; it is asked for again then.
    if (peer.tls_fingerprint !== undefined) this.#clientByPeer.set(name, client);
    return client;
  }

  close(): void {
    for (const client of this.#clientByPeer.values()) client.close();
  }

  #open(name: string, peer: Peer): Client {
    const { auth, client } = this.#hub;
    const isDirect =
      this.#probes.get(name)?.type !== "silent" &&
      peer.tls_fingerprint !== undefined &&
      peer.api_access === "full" &&
      // A recovery token opens one host only.
      auth.type !== "recovery";
    if (!isDirect || peer.tls_fingerprint === undefined) return client.viaPeer(peer.id);
    return createClient({
      endpoints: [addressOf(this.#compose, name)],
      trust: { type: "fingerprints", sha256: [peer.tls_fingerprint] },
      auth,
      timeoutMs: this.#timeoutMs,
    });
  }
}
