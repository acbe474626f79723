import type { LinkIdentity } from "./certificate.ts";
import { Link } from "./link.ts";
import { dialLink } from "./link-dial.ts";
import type { PegasusPeer } from "./pegasus.ts";

/** The warm links to one peer: so many are kept up, and dialled again when they fall. */

export interface PeerLinksOptions {
  readonly identity: LinkIdentity;
  readonly count: number;
  /** From 0 up to 1, for the jitter. */
  readonly random: () => number;
}

const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 10_000;
/** A flow that waits makes a sleeping slot dial this soon. */
const HURRIED_DELAY_MS = 100;
/** Dialled, proven, and then not a word: the peer does not know us. */
const WELCOME_MS = 4000;

type Slot =
  | { state: "sleeping"; timer: NodeJS.Timeout; wakesAt: number }
  | { state: "dialling"; giveUp: () => void }
  | { state: "up"; link: Link };

interface Waiter {
  readonly take: (link: Link | undefined) => void;
  readonly timer: NodeJS.Timeout;
}

export class PeerLinks {
  readonly #options: PeerLinksOptions;
  #peer: PegasusPeer;
  readonly #slots: Slot[] = [];
  readonly #failuresBySlot: number[] = [];
  readonly #waiters = new Set<Waiter>();
  #attempts = 0;
  #lastError: string | undefined;
  #isClosed = false;

  constructor(peer: PegasusPeer, options: PeerLinksOptions) {
    this.#peer = peer;
    this.#options = options;
    for (let at = 0; at < options.count; at++) this.#dial(at);
  }

  get fingerprint(): string {
    return this.#peer.tlsFingerprint;
  }

  get openCount(): number {
    return this.#slots.filter(({ state }) => state === "up").length;
  }

  /** What went wrong last; undefined while a link is up. */
  get lastError(): string | undefined {
    return this.openCount > 0 ? undefined : this.#lastError;
  }

  /** New addresses or another port: links that are up stay, those that sleep dial at once. */
  update(peer: PegasusPeer): void {
    const isElsewhere = peer.port !== this.#peer.port || peer.addresses.join() !== this.#peer.addresses.join();
    this.#peer = peer;
    if (isElsewhere) for (const at of this.#slots.keys()) this.#wake(at, 0);
  }

  /** The least busy link; undefined when none is up. */
  pick(): Link | undefined {
    let best: Link | undefined;
    for (const slot of this.#slots) {
      if (slot.state !== "up") continue;
      if (slot.link.mux.isUsedUp) {
        if (slot.link.mux.flowCount === 0) slot.link.close("its flow ids are used up");
        continue;
      }
      if (best === undefined || isLessBusy(slot.link, best)) best = slot.link;
    }
    return best;
  }

  /** Tells of a link as soon as one is up, or of none after `waitMs` or when the peer leaves. */
  whenUp(waitMs: number, take: (link: Link | undefined) => void): void {
    const waiter: Waiter = { take, timer: setTimeout(() => this.#answer(waiter, undefined), waitMs) };
    this.#waiters.add(waiter);
    this.#wake(0, HURRIED_DELAY_MS);
  }

  close(reason: string): void {
    this.#isClosed = true;
    for (const waiter of [...this.#waiters]) this.#answer(waiter, undefined);
    for (const slot of this.#slots.splice(0)) {
      switch (slot.state) {
        case "sleeping":
          clearTimeout(slot.timer);
          break;
        case "dialling":
          slot.giveUp();
          break;
        case "up":
          slot.link.close(reason);
          break;
      }
    }
  }

  #dial(at: number): void {
    const { addresses, port, tlsFingerprint } = this.#peer;
    // Each try takes the next address, so that one which does not answer holds nobody up for long.
    const address = addresses[this.#attempts % Math.max(1, addresses.length)];
    this.#attempts += 1;
    if (address === undefined) {
      this.#sleep(at, "no address of it is known");
      return;
    }
    const giveUp = dialLink({ address, port, fingerprint: tlsFingerprint }, this.#options.identity, (result) => {
      if ("error" in result) {
        this.#sleep(at, result.error);
        return;
      }
      let isWelcome = false;
      const link = new Link({
        socket: result.socket,
        fingerprint: tlsFingerprint,
        onWelcome: () => {
          isWelcome = true;
          clearTimeout(timer);
          this.#up(at, link);
        },
        onClosed: (_, reason) => {
          clearTimeout(timer);
          const meaning = isWelcome ? reason : "it closed the link; it does not know this host's certificate (yet)";
          this.#sleep(at, `${address} port ${port}: ${meaning}`);
        },
      });
      const timer = setTimeout(() => link.close("no welcome"), WELCOME_MS);
      if (!this.#isClosed) this.#slots[at] = { state: "dialling", giveUp: () => link.close("the peer left the plan") };
    });
    this.#slots[at] = { state: "dialling", giveUp };
  }

  #up(at: number, link: Link): void {
    this.#slots[at] = { state: "up", link };
    this.#failuresBySlot[at] = 0;
    for (const waiter of [...this.#waiters]) this.#answer(waiter, link);
  }

  #sleep(at: number, error: string): void {
    if (this.#isClosed) return;
    this.#lastError = error;
    const failures = this.#failuresBySlot[at] ?? 0;
    this.#failuresBySlot[at] = failures + 1;
    const fullMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures, 10));
    this.#sleepFor(at, fullMs * (0.5 + this.#options.random() / 2));
  }

  #sleepFor(at: number, delayMs: number): void {
    const timer = setTimeout(() => this.#dial(at), delayMs);
    this.#slots[at] = { state: "sleeping", timer, wakesAt: Date.now() + delayMs };
  }

  #wake(at: number, delayMs: number): void {
    const slot = this.#slots[at];
    if (slot?.state !== "sleeping" || slot.wakesAt - Date.now() <= delayMs) return;
    clearTimeout(slot.timer);
    this.#sleepFor(at, delayMs);
  }

  #answer(waiter: Waiter, link: Link | undefined): void {
    if (!this.#waiters.delete(waiter)) return;
    clearTimeout(waiter.timer);
    waiter.take(link);
  }
}

function isLessBusy(a: Link, b: Link): boolean {
  const difference = a.mux.queuedBytes - b.mux.queuedBytes || a.mux.flowCount - b.mux.flowCount;
  return difference < 0;
}
