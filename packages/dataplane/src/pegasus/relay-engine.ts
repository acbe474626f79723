import type { Socket } from "node:net";
import type { Flow, FlowHandler } from "./flow.ts";
import type { ResetCode } from "./frame.ts";
import type { Limiter } from "./limiter.ts";

/** The way bytes move between a TCP socket of a host and a flow of a link. */
export interface RelayEngine {
  /** Logged and reported. */
  readonly name: string;
  relay(job: RelayJob): Relay;
}

export interface RelayJob {
  readonly end: RelayEnd;
  readonly flow: Flow;
  readonly watcher: RelayWatcher;
  /** The socket is read no faster: what enters the link is limited on the side where it enters. */
  readonly limit: Limiter;
}

export type RelayEnd =
  /** Accepted and paused: nothing has been read. Its options are what its listener hands down. */
  | { readonly type: "accepted"; readonly socket: Socket }
  | {
      readonly type: "dial";
      readonly host: string;
      readonly port: number;
      readonly timeoutMs: number;
      /** Makes the bound descriptors to connect from; the next is tried when a source is taken. Absent: any source. */
      readonly sources?: readonly (() => number)[];
    };

export interface RelayWatcher {
  /** Once, where it comes to it: the connection to the destination stands. */
  connected(): void;
  /** Bytes read from the socket. */
  fromSocket(bytes: number): void;
  /** Bytes that the kernel took for the socket. */
  toSocket(bytes: number): void;
  /** Once: both directions ended, or the flow was reset from either side for this reason. Nothing follows. */
  finished(reason: ResetCode | undefined): void;
}

export interface Relay {
  /** What the flow tells is told here. */
  readonly handler: FlowHandler;
  /** Ends both sides at once: a TCP reset toward the socket, RESET toward the flow. */
  reset(code: ResetCode): void;
}
