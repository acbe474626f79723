import type { OpenRequest, ResetCode } from "./frame.ts";
import { keep, type Lent } from "./slabs.ts";
import { ReceiveWindow, SendWindow } from "./window.ts";

/** One connection inside a link: bytes both ways, each direction ended for itself, or the whole reset. */
export interface Flow {
  readonly request: OpenRequest;
  /** Hands over who is told what happens. Once, before the turn in which the flow came to be ends. */
  attach(handler: FlowHandler): void;
  /** The exit reached the destination. */
  accept(): void;
  /**
   * Queues bytes, which are the flow's until it gives them back. False: write no more until `writable`.
   * @param giveBack told when the flow needs them no more; left out where their memory is nobody's.
   */
  write(bytes: Buffer, giveBack?: () => void): boolean;
  /** Ends our direction after what is queued. */
  end(): void;
  /** Ends both at once; what is queued is dropped. Nothing is told to the handler after it. */
  reset(code: ResetCode): void;
  /** Says that `bytes` of what `data` brought were passed on, so that the other side may send as many more. */
  consume(bytes: number): void;
}

export interface FlowHandler {
  accepted(): void;
  data(bytes: Buffer): void;
  /** The other side ended its direction; all its data was told before. */
  ended(): void;
  /** The other side, or the loss of the link, ended both directions. Nothing follows. */
  reset(code: ResetCode): void;
  /** The queue is short again after `write` said false. */
  writable(): void;
}

/** What a flow needs of the link it lives on. */
export interface FlowLink {
  /** The flow may have something to send now. */
  wake(flow: LinkFlow): void;
  accept(flow: LinkFlow): void;
  credit(flow: LinkFlow, bytes: number): void;
  reset(flow: LinkFlow, code: ResetCode): void;
  /** Bytes joined (or, negative, left) the link's queues. */
  queued(bytes: number): void;
  /** Bytes joined (or left) what the link holds for slow readers. */
  held(bytes: number): void;
  /** Less may be queued a flow while the link as a whole is behind. */
  readonly isBehind: boolean;
  readonly mayGrowWindows: boolean;
}

const QUEUE_HIGH_BYTES = 256 * 1024;
const QUEUE_LOW_BYTES = 64 * 1024;

/** A flow on a mux; the mux calls what is not in {@link Flow}. */
export class LinkFlow implements Flow {
  readonly id: number;
  readonly request: OpenRequest;
  readonly sendWindow = new SendWindow();
  readonly #receiveWindow = new ReceiveWindow();
  readonly #link: FlowLink;
  #handler: FlowHandler | undefined;
  #queue: Lent[] = [];
  #queuedBytes = 0;
  #isWriterWaiting = false;
  #sending: "open" | "ending" | "ended" = "open";
  #receiving: "open" | "ended" = "open";
  /** By us: the other side has not yet agreed. */
  #isReset = false;

  constructor(id: number, request: OpenRequest, link: FlowLink) {
    this.id = id;
    this.request = request;
    this.#link = link;
  }

  /** Neither side has anything more to say. */
  get isOver(): boolean {
    return this.#sending === "ended" && this.#receiving === "ended";
  }

  get isReset(): boolean {
    return this.#isReset;
  }

  get heldBytes(): number {
    return this.#receiveWindow.held;
  }

  /** Bytes that could be framed now. */
  get sendableBytes(): number {
    return Math.min(this.#queuedBytes, this.sendWindow.available);
  }

  /** The queue is empty and the end is not yet told. */
  get isFinDue(): boolean {
    return this.#sending === "ending" && this.#queuedBytes === 0;
  }

  attach(handler: FlowHandler): void {
    this.#handler = handler;
  }

  accept(): void {
    if (!this.#isReset) this.#link.accept(this);
  }

  write(bytes: Buffer, giveBack = keep): boolean {
    if (this.#isReset || this.#sending !== "open") {
      giveBack();
      return true;
    }
    this.#queue.push({ bytes, giveBack });
    this.#queuedBytes += bytes.length;
    this.#link.queued(bytes.length);
    this.#link.wake(this);
    this.#isWriterWaiting = this.#queuedBytes >= (this.#link.isBehind ? 1 : QUEUE_HIGH_BYTES);
    return !this.#isWriterWaiting;
  }

  end(): void {
    if (this.#isReset || this.#sending !== "open") return;
    this.#sending = "ending";
    this.#link.wake(this);
  }

  reset(code: ResetCode): void {
    if (this.#isReset) return;
    const isToldAlready = this.isOver;
    this.#isReset = true;
    this.#drop();
    if (!isToldAlready) this.#link.reset(this, code);
  }

  consume(bytes: number): void {
    if (this.#isReset) return;
    this.#link.held(-bytes);
    const credit = this.#receiveWindow.consume(bytes, this.#link.mayGrowWindows);
    if (credit > 0 && this.#receiving === "open") this.#link.credit(this, credit);
  }

  /** Takes `most` bytes from the queue, in the pieces that they came in, and spends credit for them. */
  takeQueued(most: number, take: (piece: Lent) => void): void {
    let left = most;
    let used = 0;
    for (const piece of this.#queue) {
      if (piece.bytes.length > left) break;
      take(piece);
      left -= piece.bytes.length;
      used += 1;
    }
    this.#queue = this.#queue.slice(used);
    const next = this.#queue[0];
    if (left > 0 && next !== undefined) {
      take({ bytes: next.bytes.subarray(0, left), giveBack: keep });
      // Its memory goes back with the rest of it.
      this.#queue[0] = { bytes: next.bytes.subarray(left), giveBack: next.giveBack };
    }
    this.#queuedBytes -= most;
    this.#link.queued(-most);
    this.sendWindow.spend(most);
  }

  finSent(): void {
    this.#sending = "ended";
  }

  /** After a turn of the link in which some of the queue went out. */
  tellWritable(): void {
    if (!this.#isWriterWaiting || this.#queuedBytes > (this.#link.isBehind ? 0 : QUEUE_LOW_BYTES)) return;
    this.#isWriterWaiting = false;
    this.#handler?.writable();
  }

  receiveAccept(): void {
    if (!this.#isReset) this.#handler?.accepted();
  }

  receiveData(bytes: Buffer): "unexpected" | undefined {
    if (this.#receiving === "ended") return "unexpected";
    this.#receiveWindow.receive(bytes.length);
    if (this.#isReset) return undefined;
    this.#link.held(bytes.length);
    // Counting it may have made the link give up this very flow.
    if (this.#handler !== undefined && !this.#hasGivenUp()) this.#handler.data(bytes);
    return undefined;
  }

  #hasGivenUp(): boolean {
    return this.#isReset;
  }

  receiveFin(): "unexpected" | undefined {
    if (this.#receiving === "ended") return "unexpected";
    this.#receiving = "ended";
    if (!this.#isReset) this.#handler?.ended();
    return undefined;
  }

  receiveReset(code: ResetCode): void {
    if (this.#isReset) return;
    this.#isReset = true;
    this.#drop();
    this.#handler?.reset(code);
  }

  /** The link lets go of the flow; what it still holds no longer counts. */
  #drop(): void {
    this.#link.queued(-this.#queuedBytes);
    this.#link.held(-this.#receiveWindow.held);
    for (const { giveBack } of this.#queue) giveBack();
    this.#queue = [];
    this.#queuedBytes = 0;
  }
}
