import type { LocalPeer } from "../peer/local-peer.ts";
import type { ApiContext } from "./context.ts";
import { EventSource } from "./event-source.ts";
import { Problem, problemFromError } from "./problem.ts";
import type { ClusterEvent } from "./schema.ts";
import { includesScope, type Scope } from "./scope.ts";
import type { Caller } from "./token.ts";
import type { TokenChecks } from "./token-checks.ts";

/** Who listens, and how its connection is cut. */
export interface Listener {
  readonly context: ApiContext;
  readonly peer: LocalPeer;
  readonly caller: Caller | undefined;
  /** The token by which it came; absent for the recovery token. */
  readonly bearer: string | undefined;
  readonly tokens: TokenChecks;
  readonly cut: () => void;
}

const MAX_STREAMS = 32;
/** What a reader may leave unread before it is cut. */
const QUEUE_BYTES = 1024 * 1024;
const HEARTBEAT_EVERY_MS = 15_000;
const HEARTBEAT = Buffer.from(": heartbeat\n\n");

/** The open streams of server-sent events (WHATWG HTML, section 9.2). Nothing is kept for who is not there. */
export class EventStreams {
  readonly #source = new EventSource();
  #open = 0;

  /** Throws Problem where too many are open. */
  open(listener: Listener): ReadableStream<Uint8Array> {
    if (this.#open >= MAX_STREAMS)
      throw new Problem("RATE_LIMITED", `${MAX_STREAMS} event streams are open here already: close one`);
    let end = () => {};
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          end = this.#start(listener, controller);
        },
        cancel: () => end(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: QUEUE_BYTES }),
    );
  }

  #start(listener: Listener, controller: ReadableStreamDefaultController<Uint8Array>): () => void {
    const { peer } = listener;
    const { clock, log } = listener.context;
    const scopes = listener.caller?.scopes ?? [];
    this.#open += 1;
    let isOpen = true;
    const end = () => {
      if (!isOpen) return;
      isOpen = false;
      this.#open -= 1;
      cancelHeartbeat();
      unsubscribe();
    };
    const write = (chunk: Uint8Array) => {
      if (!isOpen) return;
      if ((controller.desiredSize ?? 0) >= chunk.length) return controller.enqueue(chunk);
      log.warn("events.slow_reader_cut", { by: listener.caller?.clientId, queue_bytes: QUEUE_BYTES });
      end();
      listener.cut();
    };
    const close = (reason: ClusterEvent) => {
      write(encode(reason));
      if (!isOpen) return;
      end();
      controller.close();
    };
    const judge = () => {
      refusalOf(listener).then((problem) => {
        if (problem !== undefined) close({ type: "closed", code: problem.code, error: problem.message });
      });
    };
    const cancelHeartbeat = clock.every(HEARTBEAT_EVERY_MS, () => {
      write(HEARTBEAT);
      judge();
    });
    const unsubscribe = this.#source.subscribe(peer, (event) => {
      if (event.type === "closed") return close(event);
      if (isFor(event, scopes)) write(encode(event));
      // A token fails at once where its client or its issuer is revoked.
      if (event.type === "record" && event.record.kind === "revocation") judge();
    });
    write(encode(this.#source.opening(peer, clock.now())));
    return end;
  }
}

/** Why the token of a listener is not accepted any more. */
async function refusalOf({ peer, bearer, tokens, context }: Listener): Promise<Problem | undefined> {
  if (bearer === undefined) return undefined;
  try {
    const caller = await tokens.check(peer, bearer, context.clock.now());
    return includesScope(caller.scopes, "peers.read")
      ? undefined
      : new Problem("FORBIDDEN", "the client does not have the scope peers.read any more");
  } catch (error) {
    return problemFromError(error) ?? new Problem("INTERNAL", "the token could not be judged");
  }
}

const SCOPE_BY_KIND: Readonly<Record<string, Scope>> = {
  service: "services.read",
  credential: "credentials.read",
  rotation: "credentials.read",
};

function isFor(event: ClusterEvent, scopes: readonly Scope[]): boolean {
  switch (event.type) {
    case "record":
      return includesScope(scopes, SCOPE_BY_KIND[event.record.kind] ?? "peers.read");
    case "record_dropped":
      return includesScope(scopes, SCOPE_BY_KIND[event.kind] ?? "peers.read");
    case "service_state":
      return includesScope(scopes, "services.read");
    case "opened":
    case "peer_state":
    case "license":
    case "cluster":
    case "closed":
      return true;
  }
}

function encode(event: ClusterEvent): Uint8Array {
  return Buffer.from(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
}
