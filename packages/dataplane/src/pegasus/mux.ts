import { ControlQueue, type Need } from "./control-queue.ts";
import { type Flow, type FlowLink, LinkFlow } from "./flow.ts";
import {
  encodeAccept,
  encodeCredit,
  encodeDataHeader,
  encodeFin,
  encodeOpen,
  encodeReset,
  encodeWelcome,
  type Frame,
  FrameDecoder,
  MAX_DATA_BYTES,
  type OpenRequest,
  ProtocolError,
} from "./frame.ts";

/**
 * Many flows over one byte stream. Only the side that dialled the link opens flows, with ids that only rise.
 *
 * A flow is over on a side when it has sent and received FIN, or sent and received RESET; a RESET is answered by one.
 * What can still cross on the way for a flow that is over is CREDIT and RESET, which are ignored; anything else about
 * a flow that does not live is a {@link ProtocolError}.
 */

/** The byte stream under a mux. */
export interface MuxWire {
  /** Takes a copy of the pieces and sends it in order; `written` tells when more may come. One call at a time. */
  write(pieces: readonly Buffer[], bytes: number, written: () => void): void;
}

/**
 * When a write leaves: behind what all sockets bring in this turn of the event loop, so that all of it leaves at once;
 * behind what they bring in the next; or a moment later.
 */
export type Deferral = "turn" | "next_turn" | "moment";

export interface MuxOptions {
  readonly wire: MuxWire;
  readonly defer: (task: () => void, until: Deferral) => void;
  /** Told of every flow that the other side opens; absent on the side that dialled. Must attach a handler at once. */
  readonly onOpen?: (flow: Flow) => void;
  /** The other side knows us, so flows may be opened; told on the side that dialled, once. */
  readonly onWelcome?: () => void;
  /** The other side makes us answer and does not read the answers; the caller closes the link. */
  readonly onStuck: () => void;
}

/** A frame about a flow that was opened before. */
type FlowFrame = Exclude<Frame, { type: "open" } | { type: "welcome" }>;

export const MAX_FLOWS_PER_LINK = 4096;
/** Answers that may wait: several a flow. */
const CONTROL_MOST = 16 * MAX_FLOWS_PER_LINK;
const LAST_FLOW_ID = 0xffff_ffff;
const WRITE_BYTES = 256 * 1024;
/** Over it, a flow may queue only what one read brings. */
const QUEUED_HIGH_BYTES = 32 * 1024 * 1024;
/** Over it, windows do not grow. */
const HELD_HIGH_BYTES = 32 * 1024 * 1024;
/** Over it, the flow that holds most is given up, so that readers which stall cannot take the host's memory. */
const HELD_MOST_BYTES = 128 * 1024 * 1024;

export class Mux {
  readonly #options: MuxOptions;
  readonly #decoder = new FrameDecoder();
  readonly #link: FlowLink = this.#flowLink();
  readonly #flowsById = new Map<number, LinkFlow>();
  /** Flows that may have something to send, in turn. */
  readonly #ready = new Set<LinkFlow>();
  readonly #control = new ControlQueue();
  #isMomentDue = false;
  #isWelcome = false;
  #highestId = 0;
  #queuedBytes = 0;
  #heldBytes = 0;
  #state: "idle" | "deferred" | "writing" | "closed" = "idle";

  constructor(options: MuxOptions) {
    this.#options = options;
    if (options.onOpen !== undefined) this.#sendControl(encodeWelcome());
  }

  get flowCount(): number {
    return this.#flowsById.size;
  }

  /** Bytes that wait to be sent: how busy the link is. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** It can open no more flows and is to be replaced. */
  get isUsedUp(): boolean {
    return this.#highestId === LAST_FLOW_ID || this.#state === "closed";
  }

  /** Opens a flow; its data may follow at once, up to the initial window. Only while not used up. */
  open(request: OpenRequest): Flow {
    this.#highestId += 1;
    const flow = new LinkFlow(this.#highestId, request, this.#link);
    this.#flowsById.set(flow.id, flow);
    // What the client says first has often arrived by the next turn and leaves with it.
    if (this.#queueControl(encodeOpen(flow.id, request), "urgent")) this.#schedule("next_turn");
    return flow;
  }

  /** @throws ProtocolError when the other side broke the protocol; the caller closes the link. */
  receive(chunk: Buffer): void {
    this.#decoder.push(chunk, (frame) => {
      if (this.#state !== "closed") this.#receiveFrame(frame);
    });
  }

  /** The link is gone: every flow is reset. */
  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    const flows = [...this.#flowsById.values()];
    this.#flowsById.clear();
    this.#ready.clear();
    for (const flow of flows) flow.receiveReset("link_lost");
  }

  #receiveFrame(frame: Frame): void {
    if (frame.type === "welcome") {
      this.#receiveWelcome();
      return;
    }
    if (frame.type === "open") {
      this.#receiveOpen(frame.flowId, frame.request);
      return;
    }
    const flow = this.#flowsById.get(frame.flowId);
    if (flow === undefined) checkLate(frame, this.#highestId);
    else this.#receiveOf(flow, frame);
  }

  #receiveWelcome(): void {
    if (this.#isWelcome || this.#options.onOpen !== undefined) throw new ProtocolError("WELCOME is out of place");
    this.#isWelcome = true;
    this.#options.onWelcome?.();
  }

  #receiveOpen(flowId: number, request: OpenRequest): void {
    const { onOpen } = this.#options;
    if (onOpen === undefined) throw new ProtocolError("the side that was dialled opens a flow");
    if (flowId <= this.#highestId) throw new ProtocolError(`flow ${flowId} is opened a second time`);
    this.#highestId = flowId;
    if (this.#flowsById.size >= 2 * MAX_FLOWS_PER_LINK) throw new ProtocolError("too many flows are left half ended");
    const flow = new LinkFlow(flowId, request, this.#link);
    this.#flowsById.set(flowId, flow);
    if (this.#flowsById.size > MAX_FLOWS_PER_LINK) flow.reset("overloaded");
    else onOpen(flow);
  }

  #receiveOf(flow: LinkFlow, frame: FlowFrame): void {
    switch (frame.type) {
      case "accept":
        if (this.#options.onOpen !== undefined) throw new ProtocolError("the side that dialled accepts a flow");
        flow.receiveAccept();
        return;
      case "data":
        if (flow.receiveData(frame.bytes) !== undefined) throw new ProtocolError("DATA comes after FIN");
        return;
      case "credit":
        flow.sendWindow.grant(frame.bytes);
        if (!flow.isReset) this.#wake(flow);
        return;
      case "fin":
        if (flow.receiveFin() !== undefined) throw new ProtocolError("FIN comes twice");
        if (flow.isOver) this.#forget(flow);
        return;
      case "reset":
        if (!flow.isReset) {
          flow.receiveReset(frame.code);
          this.#sendSometime(encodeReset(flow.id, "cancelled"));
        }
        this.#forget(flow);
        return;
    }
  }

  #forget(flow: LinkFlow): void {
    this.#flowsById.delete(flow.id);
    this.#ready.delete(flow);
  }

  #flowLink(): FlowLink {
    const isBehind = () => this.#queuedBytes > QUEUED_HIGH_BYTES;
    const mayGrowWindows = () => this.#heldBytes < HELD_HIGH_BYTES;
    return {
      wake: (flow) => this.#wake(flow),
      accept: (flow) => this.#sendSometime(encodeAccept(flow.id)),
      credit: (flow, bytes) => this.#sendControl(encodeCredit(flow.id, bytes)),
      reset: (flow, code) => {
        this.#ready.delete(flow);
        if (code === "cancelled") this.#sendSometime(encodeReset(flow.id, code));
        else this.#sendControl(encodeReset(flow.id, code));
      },
      queued: (bytes) => {
        this.#queuedBytes += bytes;
      },
      held: (bytes) => {
        this.#heldBytes += bytes;
        if (this.#heldBytes > HELD_MOST_BYTES) this.#giveUpHeaviest();
      },
      get isBehind() {
        return isBehind();
      },
      get mayGrowWindows() {
        return mayGrowWindows();
      },
    };
  }

  #giveUpHeaviest(): void {
    let heaviest: LinkFlow | undefined;
    for (const flow of this.#flowsById.values()) {
      if (!flow.isReset && flow.heldBytes > (heaviest?.heldBytes ?? 0)) heaviest = flow;
    }
    if (heaviest !== undefined) this.#abort(heaviest);
  }

  /** Ends a flow toward both sides. */
  #abort(flow: LinkFlow): void {
    flow.receiveReset("overloaded");
    this.#ready.delete(flow);
    this.#sendControl(encodeReset(flow.id, "overloaded"));
  }

  #wake(flow: LinkFlow): void {
    if (flow.sendableBytes === 0 && !flow.isFinDue) return;
    this.#ready.add(flow);
    this.#schedule();
  }

  #sendControl(frame: Buffer): void {
    if (this.#queueControl(frame, "urgent")) this.#schedule();
  }

  /** For an answer that nobody waits for: it goes with what is sent next, or by itself after a moment. */
  #sendSometime(frame: Buffer): void {
    if (this.#queueControl(frame, "sometime")) this.#scheduleMoment();
  }

  #queueControl(frame: Buffer, need: Need): boolean {
    if (this.#state === "closed") return false;
    this.#control.push(frame, need);
    if (this.#control.length <= CONTROL_MOST) return true;
    this.#options.onStuck();
    return false;
  }

  #schedule(until: Deferral = "turn"): void {
    if (this.#state !== "idle") return;
    this.#state = "deferred";
    this.#options.defer(() => this.#pump(), until);
  }

  #scheduleMoment(): void {
    if (this.#state !== "idle" || this.#isMomentDue) return;
    this.#isMomentDue = true;
    this.#options.defer(() => {
      this.#isMomentDue = false;
      if (this.#state === "idle" && this.#control.length > 0) this.#pump();
    }, "moment");
  }

  /** One write: what controls first, then up to a frame of each flow in turn until the write is full. */
  #pump(): void {
    if (this.#state === "closed") return;
    const pieces = this.#control.take();
    let bytes = 0;
    for (const piece of pieces) bytes += piece.length;
    const served = new Set<LinkFlow>();
    const lent: (() => void)[] = [];
    // A set goes on to what is added while it is walked, so a flow that has more takes its next turn at the end.
    for (const flow of this.#ready) {
      if (bytes >= WRITE_BYTES) break;
      this.#ready.delete(flow);
      bytes += this.#takeTurn(flow, pieces, lent);
      served.add(flow);
    }
    if (bytes === 0) {
      this.#state = "idle";
      return;
    }
    this.#state = "writing";
    this.#options.wire.write(pieces, bytes, () => this.#written());
    for (const giveBack of lent) giveBack();
    for (const flow of served) flow.tellWritable();
  }

  #takeTurn(flow: LinkFlow, pieces: Buffer[], lent: (() => void)[]): number {
    const bytes = Math.min(flow.sendableBytes, MAX_DATA_BYTES);
    let framed = 0;
    if (bytes > 0) {
      const header = encodeDataHeader(flow.id, bytes);
      pieces.push(header);
      flow.takeQueued(bytes, (piece) => {
        pieces.push(piece.bytes);
        lent.push(piece.giveBack);
      });
      framed = header.length + bytes;
    }
    if (flow.isFinDue) {
      const fin = encodeFin(flow.id);
      pieces.push(fin);
      framed += fin.length;
      flow.finSent();
      if (flow.isOver) this.#forget(flow);
    } else if (flow.sendableBytes > 0) this.#ready.add(flow);
    return framed;
  }

  #written(): void {
    if (this.#state === "closed") return;
    this.#state = "idle";
    if (this.#control.isUrgent || this.#ready.size > 0) this.#pump();
    else if (this.#control.length > 0) this.#scheduleMoment();
  }
}

/** A frame about a flow that does not live. */
function checkLate(frame: FlowFrame, highestId: number): void {
  if (frame.flowId > highestId) throw new ProtocolError(`a frame names flow ${frame.flowId}, which nobody opened`);
  if (frame.type === "credit" || frame.type === "reset") return;
  throw new ProtocolError(`${frame.type} comes for flow ${frame.flowId}, which is over`);
}
