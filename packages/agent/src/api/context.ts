import type { Crypto, PeerId, RecordKey } from "@arctic/core";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { HashWatch } from "../metrics/hash-watch.ts";
import type { Meters } from "../metrics/meters.ts";
import type { LocalPeer } from "../peer/local-peer.ts";
import type { Traffic } from "../transport/traffic.ts";
import type { OutcomeMemory } from "./idempotency.ts";
import type { BodyOf, OperationName, ParamsOf, QueryOf, ReplyOf } from "./operations.ts";
import type { Bootstrap, Bootstrapped } from "./schema.ts";
import type { Caller } from "./token.ts";

/** What the API stands on. */
export interface ApiContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly crypto: Crypto;
  /** The peer, once this host is bootstrapped. */
  readonly peer: () => LocalPeer | undefined;
  /** Makes this host a peer. A caller who is not trusted needs a license of a root that is limited to its customer. Throws Problem. */
  readonly bootstrap: (request: Bootstrap, isTrusted: boolean) => Bootstrapped;
  /** SHA-256 of the recovery token. */
  readonly recoveryHash: Uint8Array;
  readonly tlsFingerprint: string;
  readonly agentVersion: string;
  /** The addresses behind a host that may be dialled. Throws an Error for a person. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  /** Host names under which plain HTTP is answered, beside IP addresses and localhost. */
  readonly hostNames: () => readonly string[];
  readonly outcomes: OutcomeMemory;
  /** What `/metrics` reads beside the peer itself. */
  readonly gauges: {
    readonly meters: Meters;
    readonly hashWatch: HashWatch;
    readonly traffic: Traffic;
    /** Stored records that did not prove themselves when they were checked behind the start. */
    readonly invalidRecords: () => readonly RecordKey[];
  };
}

/** One request after everything common was checked. */
export interface Call<N extends OperationName> {
  readonly context: ApiContext;
  readonly params: ParamsOf<N>;
  readonly query: QueryOf<N>;
  readonly body: BodyOf<N>;
  readonly caller: Caller | undefined;
  /** Throws Problem where this host is not bootstrapped. */
  readonly peer: () => LocalPeer;
  readonly origin: RequestOrigin;
  /** `https://host:port` as the caller wrote it. */
  readonly baseUrl: string;
  /** Server-sent events for this caller, from now on. Throws Problem. */
  readonly openEvents: () => ReadableStream<Uint8Array>;
  /** Carries out another operation on another peer in the caller's name. */
  readonly askPeer: (
    peer: PeerId,
    method: string,
    path: string,
    body: unknown,
  ) => Promise<{ status: number; body: unknown }>;
}

/** Where a request came from. */
export type RequestOrigin =
  | { readonly type: "http"; readonly remoteAddress: string; readonly isLoopback: boolean }
  /** Sent on by a member over its link; `hops` links lie behind it. */
  | { readonly type: "relay"; readonly from: PeerId; readonly hops: number };

export type Outcome<R> =
  | { readonly type: "reply"; readonly body: R; readonly notes: Readonly<Record<string, unknown>> }
  /** Server-sent events. */
  | { readonly type: "stream"; readonly body: ReadableStream<Uint8Array> }
  /** Another status than the operation's own, with the reply's shape. */
  | { readonly type: "status"; readonly status: 503; readonly body: R }
  /** The peer that owns the record answers. */
  | { readonly type: "relay"; readonly to: PeerId };

export type Handler<N extends OperationName> = (call: Call<N>) => Outcome<ReplyOf<N>> | Promise<Outcome<ReplyOf<N>>>;
export type Handlers = { readonly [N in OperationName]: Handler<N> };

/** `notes` go into the log's line of a write: what it made, by its ids. */
export function reply<R>(body: R, notes: Readonly<Record<string, unknown>> = {}): Outcome<R> {
  return { type: "reply", body, notes };
}

export function stream<R>(body: ReadableStream<Uint8Array>): Outcome<R> {
  return { type: "stream", body };
}

export function relayTo<R>(to: PeerId): Outcome<R> {
  return { type: "relay", to };
}
