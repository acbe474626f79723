import type { Socket } from "node:net";
import { SocketError } from "../kernel/libc.ts";
import type { FlowHandler } from "./flow.ts";
import type { ResetCode } from "./frame.ts";
import { Pacer } from "./pacer.ts";
import type { Relay, RelayEnd, RelayEngine, RelayJob } from "./relay-engine.ts";
import { type Lent, Slabs } from "./slabs.ts";
import { adoptAccepted, KEEP_ALIVE, type OnRead, plainSocket, socketFromFd } from "./socket.ts";

/**
 * Node sockets that read into one buffer shared by the whole worker, which is copied out before the next read: an
 * idle flow holds no buffer, and a busy one is read in large pieces.
 */
export const onreadEngine: RelayEngine = {
  name: "node-onread",
  relay: (job) => new OnreadRelay(job),
};

const READ_BYTES = 256 * 1024;
/** What is gathered for the socket in one turn is written at the latest when it is this much. */
const GATHER_BYTES = 256 * 1024;

type DialEnd = Extract<RelayEnd, { type: "dial" }>;

/** A connection from that address and port to that destination stands, or is not yet forgotten. */
const SOURCE_TAKEN: ReadonlySet<string> = new Set(["EADDRINUSE", "EADDRNOTAVAIL"]);

let sharedBuffer: Buffer | undefined;
const readSlabs = new Slabs(READ_BYTES);

class OnreadRelay implements Relay {
  readonly handler: FlowHandler;
  readonly #job: RelayJob;
  #socket: Socket;
  readonly #fromSocket: Pacer;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #isWriteDue = false;
  /** The flow took what the limit released and wants no more for now. */
  #isFlowFull = false;
  #hasFlowEnded = false;
  #state: "connecting" | "relaying" | "finished";

  constructor(job: RelayJob) {
    this.#job = job;
    const { flow, limit } = job;
    this.#fromSocket = new Pacer(
      limit,
      (piece) => this.#passToFlow(piece),
      () => flow.end(),
    );
    this.#state = job.end.type === "dial" ? "connecting" : "relaying";
    this.#socket = this.#openSocket(job.end);
    this.handler = this.#flowHandler();
    flow.attach(this.handler);
  }

  reset(code: ResetCode): void {
    if (this.#state === "finished") return;
    this.#job.flow.reset(code);
    this.#finish(code);
  }

  #openSocket(end: RelayEnd): Socket {
    if (end.type === "dial") return this.#dial(end, 0);
    const socket = this.#watch(adoptAccepted(end.socket, this.#onRead()));
    socket.resume();
    return socket;
  }

  /** Connects from the source of that number. */
  #dial(end: DialEnd, at: number): Socket {
    const unwatched = this.#sourceSocket(end, at);
    if (unwatched === undefined) {
      // No descriptor to be had: told like a failed connect, when whoever made the relay is ready for it.
      setImmediate(() => this.reset("connect_failed"));
      return plainSocket(this.#onRead());
    }
    const socket = this.#watch(unwatched, (error) => {
      const isNextDue = SOURCE_TAKEN.has(error.code ?? "") && at + 1 < (end.sources?.length ?? 0);
      if (!isNextDue || this.#state !== "connecting") return false;
      this.#socket = this.#dial(end, at + 1);
      return true;
    });
    socket.setTimeout(end.timeoutMs, () => this.reset("connect_timeout"));
    socket.once("connect", () => this.#connected(socket));
    socket.connect({ host: end.host, port: end.port });
    return socket;
  }

  #sourceSocket(end: DialEnd, at: number): Socket | undefined {
    const source = end.sources?.[at];
    try {
      return source === undefined ? plainSocket(this.#onRead()) : socketFromFd(source(), this.#onRead());
    } catch (error) {
      if (error instanceof SocketError) return undefined;
      throw error;
    }
  }

  #connected(socket: Socket): void {
    if (this.#state !== "connecting") return;
    socket.setTimeout(0);
    this.#state = "relaying";
    this.#job.flow.accept();
    this.#job.watcher.connected();
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE.idleMs);
    socket.resume();
    this.#writeGathered();
    if (this.#hasFlowEnded) socket.end();
  }

  #onRead(): OnRead {
    return { buffer: readBuffer(), callback: (length, buffer) => this.#read(length, buffer) };
  }

  /** `recover` may take an error upon itself; the socket is then no longer ours. */
  #watch(socket: Socket, recover?: (error: NodeJS.ErrnoException) => boolean): Socket {
    let isOurs = true;
    socket.on("error", (error: NodeJS.ErrnoException) => {
      isOurs = recover?.(error) !== true;
      if (isOurs) this.reset(this.#codeOf(error));
    });
    socket.on("end", () => this.#socketEnded());
    socket.on("close", () => {
      if (isOurs) this.#socketClosed();
    });
    return socket;
  }

  /** Returns whether to read on. The buffer is the next reader's as soon as this returns. */
  #read(length: number, buffer: Uint8Array): boolean {
    if (this.#state === "finished") return false;
    const piece = readSlabs.copy(buffer.subarray(0, length));
    this.#job.watcher.fromSocket(length);
    // What waits for the limit is what one read brought: the client is held back by TCP itself.
    this.#fromSocket.push(piece);
    return this.#fromSocket.waitingBytes === 0 && !this.#isFlowFull;
  }

  #passToFlow({ bytes, giveBack }: Lent): void {
    this.#isFlowFull = !this.#job.flow.write(bytes, giveBack);
    if (!this.#isFlowFull) this.#resumeIfClear();
  }

  #resumeIfClear(): void {
    if (this.#state === "relaying" && this.#fromSocket.waitingBytes === 0) this.#socket.resume();
  }

  #socketEnded(): void {
    this.#fromSocket.end();
  }

  #socketClosed(): void {
    if (this.#state === "finished") return;
    // Both directions ended, and the kernel has all of it; else `error` came first or the socket was cut off.
    if (this.#hasFlowEnded && this.#socket.readableEnded) this.#finish(undefined);
    else this.reset("cancelled");
  }

  #flowHandler(): FlowHandler {
    return {
      accepted: () => this.#job.watcher.connected(),
      data: (bytes) => this.#gather(bytes),
      ended: () => this.#endSocket(),
      reset: (code) => this.#finish(code),
      writable: () => {
        this.#isFlowFull = false;
        this.#resumeIfClear();
      },
    };
  }

  /** What one turn of the event loop brings goes out in one write. */
  #gather(bytes: Buffer): void {
    if (this.#state === "finished") return;
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    // Until the connection stands all is kept for it: the first try's socket may not be the last.
    if (this.#state === "connecting") return;
    if (this.#gatheredBytes >= GATHER_BYTES) this.#writeGathered();
    else if (!this.#isWriteDue) {
      this.#isWriteDue = true;
      setImmediate(() => {
        this.#isWriteDue = false;
        this.#writeGathered();
      });
    }
  }

  #writeGathered(): void {
    const pieces = this.#gathered;
    const bytes = this.#gatheredBytes;
    const last = pieces.pop();
    if (this.#state === "finished" || last === undefined) return;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    const written = (error?: Error | null) => {
      if (error || this.#state === "finished") return;
      this.#job.watcher.toSocket(bytes);
      this.#job.flow.consume(bytes);
    };
    if (pieces.length === 0) {
      this.#socket.write(last, written);
      return;
    }
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.write(last, written);
    this.#socket.uncork();
  }

  #endSocket(): void {
    if (this.#state === "finished") return;
    this.#hasFlowEnded = true;
    if (this.#state === "connecting") return;
    this.#writeGathered();
    this.#socket.end();
  }

  #finish(reason: ResetCode | undefined): void {
    if (this.#state === "finished") return;
    const wasConnecting = this.#state === "connecting";
    this.#state = "finished";
    this.#gathered = [];
    this.#fromSocket.cancel();
    if (wasConnecting) this.#socket.destroy();
    // One that an error has ended is gone already; to be told to reset, it would make an error of that.
    else if (reason !== undefined && !this.#socket.destroyed) this.#socket.resetAndDestroy();
    this.#job.watcher.finished(reason);
  }

  #codeOf(error: NodeJS.ErrnoException): ResetCode {
    if (this.#state !== "connecting") return "cancelled";
    switch (error.code) {
      case "ECONNREFUSED":
        return "connect_refused";
      case "ETIMEDOUT":
        return "connect_timeout";
      case "ENETUNREACH":
      case "EHOSTUNREACH":
        return "connect_unreachable";
    }
    return "connect_failed";
  }
}

function readBuffer(): Buffer {
  sharedBuffer ??= Buffer.allocUnsafeSlow(READ_BYTES);
  return sharedBuffer;
}
