/** Whether somebody waits for a frame; what nobody waits for goes with whatever is sent next. */
export type Need = "urgent" | "sometime";

/** Frames without data that a link has to send, in order. */
export class ControlQueue {
  #frames: Buffer[] = [];
  #isUrgent = false;

  get length(): number {
    return this.#frames.length;
  }

  /** Somebody waits for one of them. */
  get isUrgent(): boolean {
    return this.#isUrgent;
  }

  push(frame: Buffer, need: Need): void {
    this.#frames.push(frame);
    if (need === "urgent") this.#isUrgent = true;
  }

  /** All of them, which are the caller's. */
  take(): Buffer[] {
    const frames = this.#frames;
    this.#frames = [];
    this.#isUrgent = false;
    return frames;
  }
}
