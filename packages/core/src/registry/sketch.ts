import { compareBytes } from "../encoding/framing.ts";

/** Cells of a sketch: three parts of ten, and every element is in one cell of each part. */
export const SKETCH_CELLS = 30;
const PARTS = 3;
const CELLS_A_PART = SKETCH_CELLS / PARTS;
/** How much of a content hash stands for a record in a sketch. */
export const ELEMENT_BYTES = 8;
const CHECK_BYTES = 3;
/** count, element, check. */
const CELL_BYTES = 1 + ELEMENT_BYTES + CHECK_BYTES;
export const SKETCH_BYTES = SKETCH_CELLS * CELL_BYTES;

/** The elements, as hex of their 8 bytes, that only one of two sketches holds. */
export interface SketchDifference {
  readonly onlyHere: readonly string[];
  readonly onlyThere: readonly string[];
}

/**
 * An invertible lookup table over the first 8 bytes of content hashes: 30 cells of count (modulo 256), XOR of elements
 * and XOR of checks. Two sketches subtracted leave the difference of the two
 * sets, which can be read where it is small, whatever the sets' sizes.
 * Source: Eppstein, Goodrich, Uyeda, Varghese, "What's the Difference?" (SIGCOMM 2011).
 */
export class Sketch {
  readonly #cells: Uint8Array;

  constructor(from?: Sketch) {
    this.#cells = from === undefined ? new Uint8Array(SKETCH_BYTES) : from.#cells.slice();
  }

  /** Puts a record's content hash in (1) or takes it out (-1). */
  toggle(contentHash: Uint8Array, sign: 1 | -1): void {
    toggle(this.#cells, contentHash.subarray(0, ELEMENT_BYTES), sign);
  }

  /** The 360 bytes that travel. */
  bytes(): Uint8Array {
    return this.#cells.slice();
  }

  /** What differs from another's sketch (`SKETCH_BYTES` bytes), or `undefined` where it is too much to be read. */
  differenceFrom(theirs: Uint8Array): SketchDifference | undefined {
    const cells = new Uint8Array(SKETCH_BYTES);
    for (let at = 0; at < SKETCH_BYTES; at += 1) {
      const isCount = at % CELL_BYTES === 0;
      cells[at] = isCount ? (this.#cells[at] ?? 0) - (theirs[at] ?? 0) : (this.#cells[at] ?? 0) ^ (theirs[at] ?? 0);
    }
    return peel(cells);
  }
}

function peel(cells: Uint8Array): SketchDifference | undefined {
  const onlyHere: string[] = [];
  const onlyThere: string[] = [];
  for (let progressed = true; progressed; ) {
    progressed = false;
    for (let at = 0; at < SKETCH_BYTES; at += CELL_BYTES) {
      const count = cells[at];
      if (count !== 1 && count !== 255) continue;
      const element = cells.slice(at + 1, at + 1 + ELEMENT_BYTES);
      const check = cells.subarray(at + 1 + ELEMENT_BYTES, at + CELL_BYTES);
      if (compareBytes(check, checkOf(element)) !== 0) continue;
      // A hostile sketch could turn in circles; an honest one never holds more elements than cells.
      if (onlyHere.length + onlyThere.length >= SKETCH_CELLS) return undefined;
      (count === 1 ? onlyHere : onlyThere).push(hexFromBytes(element));
      toggle(cells, element, count === 1 ? -1 : 1);
      progressed = true;
    }
  }
  return cells.every((byte) => byte === 0) ? { onlyHere, onlyThere } : undefined;
}

function toggle(cells: Uint8Array, element: Uint8Array, sign: 1 | -1): void {
  const check = checkOf(element);
  for (let part = 0; part < PARTS; part += 1) {
    const hash = ((element[2 * part] ?? 0) << 8) | (element[2 * part + 1] ?? 0);
    let at = (part * CELLS_A_PART + (hash % CELLS_A_PART)) * CELL_BYTES;
    cells[at] = (cells[at] ?? 0) + sign;
    at += 1;
    for (let index = 0; index < ELEMENT_BYTES; index += 1, at += 1)
      cells[at] = (cells[at] ?? 0) ^ (element[index] ?? 0);
    for (let index = 0; index < CHECK_BYTES; index += 1, at += 1) cells[at] = (cells[at] ?? 0) ^ (check[index] ?? 0);
  }
}

/**
 * 24 bits that follow from an element, and not from the XOR of others: the high ones of a * 0x9e3779b1 + b * 0x85ebca77
 * modulo 2^32, where a and b are its halves, big-endian. Elements are hashes already, so that no more is needed.
 */
function checkOf(element: Uint8Array): Uint8Array {
  const sum = (Math.imul(halfOf(element, 0), 0x9e3779b1) + Math.imul(halfOf(element, 4), 0x85ebca77)) | 0;
  return Uint8Array.of(sum >>> 24, (sum >>> 16) & 0xff, (sum >>> 8) & 0xff);
}

function halfOf(element: Uint8Array, at: 0 | 4): number {
  const [a = 0, b = 0, c = 0, d = 0] = [element[at], element[at + 1], element[at + 2], element[at + 3]];
  return (a << 24) | (b << 16) | (c << 8) | d;
}

/** The element of a content hash, as sketches and `want` name it. */
export function elementOf(contentHash: Uint8Array): string {
  return hexFromBytes(contentHash.subarray(0, ELEMENT_BYTES));
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function hexFromBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}
