import { createHash } from "node:crypto";
import type { Clock } from "../clock.ts";
import { Problem } from "./problem.ts";
import type { Answer } from "./relay.ts";

/** Names one request of one caller, so that a repeated one is answered and not done again. */
export interface RequestName {
  /** Who calls; another caller's ids are other ids. */
  readonly caller: string;
  readonly id: string;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body: Uint8Array;
}

export interface OutcomeOnce {
  readonly answer: Answer;
  /** True where it was done before, or is being done. */
  readonly isRepeat: boolean;
}

interface Held {
  /** Of method, path and body. */
  readonly digest: string;
  readonly outcome: Promise<Answer>;
  readonly startedAtMs: number;
}

/** Outcomes are remembered this long, and not over a restart. */
const REMEMBERED_MS = 10 * 60_000;
const REMEMBERED = 1024;

/**
 * What writes came to, by their ids. Only what was done is remembered: a refusal changed nothing, so the same id may
 * try again. A repeated id waits for the first where that still runs.
 */
export class Outcomes {
  readonly #clock: Clock;
  readonly #heldByName = new Map<string, Held>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Does the work once a name. Throws Problem where the id stands for another request. */
  async once(name: RequestName, work: () => Promise<Answer>): Promise<OutcomeOnce> {
    const key = `${name.caller} ${name.id}`;
    const digest = digestOf(name);
    this.#forgetOld();
    const held = this.#heldByName.get(key);
    if (held !== undefined && held.digest !== digest)
      throw new Problem("CONFLICT", "Idempotency-Key: this id stands for another request already; take a new one");
    if (held !== undefined) return { answer: await held.outcome, isRepeat: true };
    const outcome = work();
    this.#heldByName.set(key, { digest, outcome, startedAtMs: this.#clock.elapsedMs() });
    try {
      const answer = await outcome;
      if (answer.status >= 400) this.#heldByName.delete(key);
      return { answer, isRepeat: false };
    } catch (error) {
      this.#heldByName.delete(key);
      throw error;
    }
  }

  #forgetOld(): void {
    const oldestMs = this.#clock.elapsedMs() - REMEMBERED_MS;
    for (const [key, { startedAtMs }] of this.#heldByName) {
      if (startedAtMs >= oldestMs && this.#heldByName.size < REMEMBERED) return;
      this.#heldByName.delete(key);
    }
  }
}

/** The id of a request in `Idempotency-Key`, where it bears one. Throws Problem. */
export function requestIdFrom(headers: Headers): string | undefined {
  const id = headers.get("idempotency-key");
  if (id === null) return undefined;
  if (/^[A-Za-z0-9_-]{16,64}$/.test(id)) return id;
  throw new Problem("INVALID_REQUEST", "Idempotency-Key: not 16 to 64 letters, digits, _ and -");
}

function digestOf({ method, path, body }: RequestName): string {
  return createHash("sha256").update(`${method} ${path}\n`).update(body).digest("base64url");
}
