import { createHash } from "node:crypto";
import type { Millis } from "@arctic/core";
import type { Clock } from "../clock.ts";
import { hideSecrets } from "../hide-secrets.ts";
import type { Noting, NotingStore } from "../store/noting-store.ts";
import { type Change, type StoredOutcome, StoreError } from "../store/store.ts";
import type { RequestHeaders } from "./headers.ts";
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

/** Where outcomes outlive the agent. */
export interface OutcomeMemory {
  /** Those of before this start, the oldest first. */
  readonly stored: readonly StoredOutcome[];
  readonly noting: NotingStore["noting"];
  /** Throws StoreError. */
  readonly keep: (change: Pick<Change, "outcomes" | "forget">) => void;
}

interface Held {
  /** Of method, path and body. */
  readonly digest: string;
  readonly outcome: Promise<Answer>;
  /** Milliseconds since the epoch. */
  readonly at: Millis;
}

const REMEMBERED_MS = 24 * 3_600_000;
const REMEMBERED = 1024;
/** Longer answers are not stored. */
const STORED_CHARS = 8192;

/**
 * What writes came to, by their ids, for a day and over restarts. Only what was done is remembered: a refusal changed
 * nothing, so the same id may try again. A repeated id waits for the first where that still runs.
 */
export class Outcomes {
  readonly #clock: Clock;
  readonly #memory: OutcomeMemory;
  readonly #heldByName = new Map<string, Held>();

  constructor(clock: Clock, memory: OutcomeMemory) {
    this.#clock = clock;
    this.#memory = memory;
    for (const stored of memory.stored) this.#heldByName.set(stored.key, heldFrom(stored));
  }

  /** Does the work once a name. Throws Problem where the id stands for another request. */
  async once(name: RequestName, work: () => Promise<Answer>): Promise<OutcomeOnce> {
    const key = `${name.caller} ${name.id}`;
    const digest = digestOf(name);
    const at = this.#clock.now();
    this.#forgetOld(at);
    const held = this.#heldByName.get(key);
    if (held !== undefined && held.digest !== digest)
      throw new Problem("CONFLICT", "Idempotency-Key: this id stands for another request already; take a new one");
    if (held !== undefined) return { answer: await held.outcome, isRepeat: true };
    const request: Noting = { note: { key, digest, at }, isNoted: false };
    const outcome = this.#memory.noting(request, work);
    this.#heldByName.set(key, { digest, outcome, at });
    try {
      const answer = await outcome;
      if (answer.status >= 400) this.#forget(request);
      else if (request.isNoted) this.#keepAnswer(request.note, answer);
      return { answer, isRepeat: false };
    } catch (error) {
      this.#forget(request);
      throw error;
    }
  }

  /** An answer with a secret in it is not stored: what is kept of secrets are hashes. */
  #keepAnswer(note: StoredOutcome, { status, body, contentType }: Answer): void {
    const answer = JSON.stringify({ status, body, contentType });
    if (answer.length <= STORED_CHARS && hideSecrets(answer) === answer)
      this.#tryToKeep({ outcomes: [{ ...note, answer }] });
  }

  #forget({ note, isNoted }: Noting): void {
    this.#heldByName.delete(note.key);
    if (isNoted) this.#tryToKeep({ forget: [note.key] });
  }

  /** What was asked for is stored by now; that a repetition is told less is no reason to refuse it. */
  #tryToKeep(change: Pick<Change, "outcomes" | "forget">): void {
    try {
      this.#memory.keep(change);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
  }

  #forgetOld(now: Millis): void {
    const forget: string[] = [];
    for (const [key, { at }] of this.#heldByName) {
      // A clock that was set back makes none older.
      if (at >= now - REMEMBERED_MS && this.#heldByName.size < REMEMBERED) break;
      this.#heldByName.delete(key);
      forget.push(key);
    }
    if (forget.length > 0) this.#tryToKeep({ forget });
  }
}

function heldFrom({ digest, at, answer }: StoredOutcome): Held {
  const outcome = answer === undefined ? Promise.reject(answerLost()) : Promise.resolve(JSON.parse(answer) as Answer);
  // Nobody may ever ask for it.
  outcome.catch(() => undefined);
  return { digest, outcome, at };
}

function answerLost(): Problem {
  return new Problem(
    "CONFLICT",
    "Idempotency-Key: this request was done, and the peer was started again since; what it answered is not kept, so look at what was to be changed",
  );
}

/** The id of a request in `Idempotency-Key`, where it bears one. Throws Problem. */
export function requestIdFrom(headers: RequestHeaders): string | undefined {
  const id = headers.get("idempotency-key");
  if (id === null) return undefined;
  if (/^[A-Za-z0-9_-]{16,64}$/.test(id)) return id;
  throw new Problem("INVALID_REQUEST", "Idempotency-Key: not 16 to 64 letters, digits, _ and -");
}

function digestOf({ method, path, body }: RequestName): string {
  return createHash("sha256").update(`${method} ${path}\n`).update(body).digest("base64url");
}
