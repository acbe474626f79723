import { base64urlFromBytes } from "../../../packages/core/src/encoding/base64url.ts";
import { elementOf, SKETCH_BYTES, Sketch } from "../../../packages/core/src/registry/sketch.ts";
import { bytesOf, hexFromBytes } from "../../../packages/core/test/support/fixtures.ts";

const hashes = (label: string, count: number) =>
  Array.from({ length: count }, (_, index) => bytesOf(`sketch ${label} ${index}`));

/** Sketches of sets of content hashes, and what two of them tell of the difference. */
export function sketchVectors() {
  return {
    description:
      "`sketches`: content hashes (hex) and the sketch of them (base64url). `differences`: own content hashes, the other side's cells, and the elements (hex) that only one side holds, in the order of their text; `null` where the cells cannot be read.",
    sketches: [sketched([]), sketched(hashes("one", 1)), sketched(hashes("many", 40)), sketched(twice())],
    differences: [
      compared("nothing differs", hashes("same", 5), hashes("same", 5)),
      compared("one is missing here", hashes("same", 5), [...hashes("same", 5), ...hashes("new", 1)]),
      compared("one is missing there", [...hashes("same", 5), ...hashes("new", 1)], hashes("same", 5)),
      compared(
        "three here, four there",
        [...hashes("here", 3), ...hashes("same", 9)],
        [...hashes("there", 4), ...hashes("same", 9)],
      ),
      compared("ten and five", hashes("here", 10), hashes("there", 5)),
      compared("too many", hashes("here", 60), hashes("there", 60)),
      difference("cells of all ones", hashes("same", 1), new Uint8Array(SKETCH_BYTES).fill(255)),
      difference("a single count without a fitting check", [], loneCount()),
    ],
  };
}

/** The same element twice: counts of two, and nothing left of the rest. */
function twice(): Uint8Array[] {
  return [...hashes("twice", 1), ...hashes("twice", 1)];
}

function loneCount(): Uint8Array {
  const cells = new Uint8Array(SKETCH_BYTES);
  cells[0] = 1;
  return cells;
}

function sketchOf(contents: readonly Uint8Array[]): Sketch {
  const sketch = new Sketch();
  for (const hash of contents) sketch.toggle(hash, 1);
  return sketch;
}

function sketched(contents: readonly Uint8Array[]) {
  return {
    content_hashes: contents.map(hexFromBytes),
    elements: contents.map(elementOf),
    cells: base64urlFromBytes(sketchOf(contents).bytes()),
  };
}

function compared(name: string, own: readonly Uint8Array[], theirs: readonly Uint8Array[]) {
  return difference(name, own, sketchOf(theirs).bytes());
}

function difference(name: string, own: readonly Uint8Array[], cells: Uint8Array) {
  const found = sketchOf(own).differenceFrom(cells);
  return {
    name,
    own: own.map(hexFromBytes),
    cells: base64urlFromBytes(cells),
    only_here: found === undefined ? null : [...found.onlyHere].sort(),
    only_there: found === undefined ? null : [...found.onlyThere].sort(),
  };
}
