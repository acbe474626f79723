import type { LinkId } from "@arctic/core";

export interface LinkTraffic {
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly sentFrames: number;
  readonly receivedFrames: number;
}

type Count = { -readonly [F in keyof LinkTraffic]: number };

/** Bytes and frames of gossip as core handed them over or took them: without the headers of WebSocket, TLS and IP. */
export class Traffic {
  readonly #total = zero();
  readonly #countByLink = new Map<LinkId, Count>();
  #overflows = 0;

  /** Of all links since the start. */
  get total(): LinkTraffic {
    return this.#total;
  }

  /** Links that were dropped since their receivers were too slow. */
  get overflows(): number {
    return this.#overflows;
  }

  /** Of an open link. */
  of(link: LinkId): LinkTraffic | undefined {
    return this.#countByLink.get(link);
  }

  opened(link: LinkId): void {
    this.#countByLink.set(link, zero());
  }

  sent(link: LinkId, bytes: number): void {
    for (const count of this.#counts(link)) {
      count.sentBytes += bytes;
      count.sentFrames += 1;
    }
  }

  received(link: LinkId, bytes: number): void {
    for (const count of this.#counts(link)) {
      count.receivedBytes += bytes;
      count.receivedFrames += 1;
    }
  }

  overflowed(): void {
    this.#overflows += 1;
  }

  closed(link: LinkId): void {
    this.#countByLink.delete(link);
  }

  #counts(link: LinkId): Count[] {
    const own = this.#countByLink.get(link);
    return own === undefined ? [this.#total] : [this.#total, own];
  }
}

function zero(): Count {
  return { sentBytes: 0, receivedBytes: 0, sentFrames: 0, receivedFrames: 0 };
}
