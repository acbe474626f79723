import type { Socket } from "node:net";
import { changeBetween } from "./observed-change.ts";
import type { Observation } from "./plan.ts";

/** Who asked to be told of changes hears of them within this time. */
const LOOK_EVERY_MS = 1_000;

/**
 * Tells the connections that asked for it what has changed since anybody looked last. Every answer with an observation is a
 * look, so it looks by itself only where nobody else does, and not at all for nobody.
 */
export class Watchers {
  readonly #observe: () => Promise<Observation>;
  readonly #sockets = new Set<Socket>();
  #seen: Observation | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(observe: () => Promise<Observation>) {
    this.#observe = observe;
  }

  add(socket: Socket): void {
    if (this.#sockets.has(socket)) return;
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) clearTimeout(this.#timer);
    });
    // What changes from here on is told, so how it is now must be known.
    void this.#look();
  }

  /** Gives the observation back. */
  saw(observation: Observation): Observation {
    const change = this.#seen === undefined ? undefined : changeBetween(this.#seen, observation);
    this.#seen = observation;
    if (change !== undefined)
      for (const socket of this.#sockets) socket.write(`${JSON.stringify({ event: "changed", ...change })}\n`);
    this.#lookLater();
    return observation;
  }

  #lookLater(): void {
    clearTimeout(this.#timer);
    if (this.#sockets.size > 0) this.#timer = setTimeout(() => void this.#look(), LOOK_EVERY_MS);
  }

  async #look(): Promise<void> {
    try {
      this.saw(await this.#observe());
    } catch {
      // Who asks for an observation is told why there is none; here the next look may have one.
      this.#lookLater();
    }
  }
}
