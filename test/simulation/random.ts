/** A seeded stream of random numbers (mulberry32): the same seed gives the same run. */
export interface Random {
  /** From 0 up to 1. */
  next(): number;
  between(low: number, high: number): number;
  pick<T>(items: readonly T[]): T | undefined;
  bytes(length: number): Uint8Array;
  /** A stream of its own, so that one part's draws do not move another's. */
  fork(): Random;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = state;
    word = Math.imul(word ^ (word >>> 15), word | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (low, high) => low + next() * (high - low),
    pick: (items) => items[Math.floor(next() * items.length)],
    bytes: (length) => Uint8Array.from({ length }, () => Math.floor(next() * 256)),
    fork: () => createRandom(Math.floor(next() * 2 ** 32)),
  };
}
