/**
 * Memory for what is read in large pieces, used again and again while it is warm in the processor's caches: fresh memory
 * for every read costs more than the copy itself. There is little of it; whoever finds none free gets fresh memory.
 */

/** Bytes, and the word that nobody needs them any more. Without that word their memory is the collector's. */
export interface Lent {
  readonly bytes: Buffer;
  /** At most once, when nothing reads the bytes any more. */
  readonly giveBack: () => void;
}

const SLABS_MOST = 8;
/** Less than this is not worth a slab. */
const LEAST_BYTES = 16 * 1024;

export class Slabs {
  readonly #slabBytes: number;
  /** The one that was given back last is the warmest. */
  readonly #free: Buffer[] = [];
  #made = 0;

  /** @param slabBytes the most that is copied at once. */
  constructor(slabBytes: number) {
    this.#slabBytes = slabBytes;
  }

  /** A copy of the bytes, which may change as soon as this returns. */
  copy(bytes: Uint8Array): Lent {
    const slab = bytes.length < LEAST_BYTES ? undefined : this.#take();
    const memory = slab ?? Buffer.allocUnsafe(bytes.length);
    memory.set(bytes);
    if (slab === undefined) return { bytes: memory, giveBack: keep };
    return { bytes: slab.subarray(0, bytes.length), giveBack: () => this.#free.push(slab) };
  }

  #take(): Buffer | undefined {
    const free = this.#free.pop();
    if (free !== undefined || this.#made === SLABS_MOST) return free;
    this.#made += 1;
    return Buffer.allocUnsafeSlow(this.#slabBytes);
  }
}

/** For bytes whose memory is the collector's. */
export const keep = (): void => {};
