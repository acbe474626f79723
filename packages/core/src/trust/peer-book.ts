import type { PeerId } from "../identity/id.ts";
import type { Millis } from "../time.ts";

/** What is known of a peer from own experience: local, persisted, never replicated. */
export interface PeerBookEntry {
  readonly peer: PeerId;
  /** `host:port` that last led to a finished handshake, most recent first; at most four. */
  readonly provenAddresses: readonly string[];
  readonly reachability: "connected" | "idle" | "unreachable";
  readonly lastHandshakeAt?: Millis;
  readonly lastSeenAt?: Millis;
}
