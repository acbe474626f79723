import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { elementOf, SKETCH_BYTES, Sketch } from "../../src/registry/sketch.ts";
import { bytesOf, crypto } from "../support/fixtures.ts";

const hashOf = (name: string) => crypto.sha256(bytesOf(name));
const sketchOf = (names: readonly string[]) => {
  const sketch = new Sketch();
  for (const name of names) sketch.toggle(hashOf(name), 1);
  return sketch;
};
const elements = (names: readonly string[]) => names.map((name) => elementOf(hashOf(name))).sort();

describe("a sketch", () => {
  it("is 360 bytes, whatever it holds", () => {
    expect(sketchOf(Array.from({ length: 1000 }, (_, index) => `${index}`)).bytes()).toHaveLength(360);
    expect(SKETCH_BYTES).toBe(360);
  });
  it("reads one record that only one of two sets of a thousand holds, for every record", () => {
    const names = Array.from({ length: 1000 }, (_, index) => `record ${index}`);
    const all = sketchOf(names);
    for (const missing of names.slice(0, 200)) {
      const other = new Sketch(all);
      other.toggle(hashOf(missing), -1);
      expect(all.differenceFrom(other.bytes())).toEqual({ onlyHere: elements([missing]), onlyThere: [] });
      expect(other.differenceFrom(all.bytes())).toEqual({ onlyHere: [], onlyThere: elements([missing]) });
    }
  });
  it("reads differences on both sides exactly, or not at all", () => {
    let read = 0;
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1, maxLength: 6 }), { maxLength: 12 }),
        fc.uniqueArray(fc.string({ minLength: 7, maxLength: 9 }), { maxLength: 12 }),
        (here, there) => {
          const difference = sketchOf(["both", ...here]).differenceFrom(sketchOf(["both", ...there]).bytes());
          if (difference === undefined) return;
          read += 1;
          expect([...difference.onlyHere].sort()).toEqual(elements(here));
          expect([...difference.onlyThere].sort()).toEqual(elements(there));
        },
      ),
      { numRuns: 300 },
    );
    expect(read).toBeGreaterThan(200);
  });
  it("does not read a hundred differences, and says so", () => {
    const many = sketchOf(Array.from({ length: 100 }, (_, index) => `${index}`));
    expect(many.differenceFrom(new Sketch().bytes())).toBeUndefined();
  });
  it("ends on any bytes, and never reads more than it has cells", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: SKETCH_BYTES, maxLength: SKETCH_BYTES }), (bytes) => {
        const difference = sketchOf(["a"]).differenceFrom(bytes);
        if (difference !== undefined)
          expect(difference.onlyHere.length + difference.onlyThere.length).toBeLessThanOrEqual(30);
      }),
      { numRuns: 500 },
    );
  });
});
