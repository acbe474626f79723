import type { ChildProcessWithoutNullStreams } from "node:child_process";

/** For the answer to whoever waits for the run before: a start holds the loop up for some milliseconds. */
const START_AFTER_MS = 10;

/**
 * One process of a program, started before it is needed and waiting for its input. Only for programs that look at
 * nothing else before they have read all of it. It ends with this process, whose end of the pipe closes.
 */
export class Spare {
  readonly #start: () => ChildProcessWithoutNullStreams;
  #waiting: ChildProcessWithoutNullStreams | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(start: () => ChildProcessWithoutNullStreams) {
    this.#start = start;
  }

  /** The process that waits, or one that is started just here; another is started in its place soon. */
  take(): ChildProcessWithoutNullStreams {
    const child = this.#waiting ?? this.#start();
    this.#waiting?.removeAllListeners();
    this.#waiting = undefined;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#prepare(), START_AFTER_MS);
    return child;
  }

  #prepare(): void {
    const child = this.#start();
    // One that ends unasked, or never starts, is nobody's: who needs one starts it, and hears why it fails.
    const drop = (): void => {
      if (this.#waiting === child) this.#waiting = undefined;
    };
    child.on("error", drop).on("exit", drop);
    child.stdin.on("error", drop);
    this.#waiting = child;
  }
}
