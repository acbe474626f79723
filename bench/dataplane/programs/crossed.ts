import type { Flow, FlowHandler } from "../../../packages/dataplane/src/pegasus/flow.ts";
import type { OpenRequest, ResetCode } from "../../../packages/dataplane/src/pegasus/frame.ts";

/** Two flows with no link between them: what one is given, the other tells. For the engine alone, one hop in the clear. */
export function crossedFlows(request: OpenRequest): readonly [Flow, Flow] {
  const one = new CrossedFlow(request);
  const other = new CrossedFlow(request);
  one.other = other;
  other.other = one;
  return [one, other];
}

const MOST_BYTES = 1024 * 1024;

class CrossedFlow implements Flow {
  readonly request: OpenRequest;
  other: CrossedFlow | undefined;
  handler: FlowHandler | undefined;
  /** What was written and not yet passed on, in order. */
  readonly #lent: { left: number; readonly giveBack: () => void }[] = [];
  #onTheWay = 0;
  #isWaiting = false;

  constructor(request: OpenRequest) {
    this.request = request;
  }

  attach(handler: FlowHandler): void {
    this.handler = handler;
  }

  accept(): void {
    this.other?.handler?.accepted();
  }

  write(bytes: Buffer, giveBack: () => void = () => {}): boolean {
    this.#onTheWay += bytes.length;
    this.#lent.push({ left: bytes.length, giveBack });
    this.other?.handler?.data(bytes);
    this.#isWaiting = this.#onTheWay >= MOST_BYTES;
    return !this.#isWaiting;
  }

  end(): void {
    this.other?.handler?.ended();
  }

  reset(code: ResetCode): void {
    this.other?.handler?.reset(code);
  }

  consume(bytes: number): void {
    this.other?.passed(bytes);
  }

  passed(bytes: number): void {
    this.#onTheWay -= bytes;
    let passed = bytes;
    for (let first = this.#lent[0]; first !== undefined && passed > 0; first = this.#lent[0]) {
      const part = Math.min(first.left, passed);
      first.left -= part;
      passed -= part;
      if (first.left > 0) break;
      first.giveBack();
      this.#lent.shift();
    }
    if (!this.#isWaiting || this.#onTheWay >= MOST_BYTES / 2) return;
    this.#isWaiting = false;
    this.handler?.writable();
  }
}
