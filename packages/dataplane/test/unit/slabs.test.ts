import { expect, test } from "vitest";
import { Slabs } from "../../src/pegasus/slabs.ts";

const LARGE = 64 * 1024;

test("what is given back is used again, the last first", () => {
  const slabs = new Slabs(LARGE);
  const [one, other] = [slabs.copy(Buffer.alloc(LARGE, 1)), slabs.copy(Buffer.alloc(LARGE, 2))];
  one.giveBack();
  other.giveBack();
  const next = slabs.copy(Buffer.alloc(LARGE, 3));
  expect(next.bytes.buffer).toBe(other.bytes.buffer);
  expect(next.bytes.equals(Buffer.alloc(LARGE, 3))).toBe(true);
});

test("what is not given back is nobody else's, however much is copied", () => {
  const slabs = new Slabs(LARGE);
  const kept = Array.from({ length: 50 }, (_, at) => slabs.copy(Buffer.alloc(LARGE, at)));
  expect(kept.every(({ bytes }, at) => bytes.equals(Buffer.alloc(LARGE, at)))).toBe(true);
});

test("small pieces take no slab from large ones", () => {
  const slabs = new Slabs(LARGE);
  const small = slabs.copy(Buffer.alloc(100, 1));
  small.giveBack();
  const large = slabs.copy(Buffer.alloc(LARGE, 2));
  large.giveBack();
  expect(small.bytes.equals(Buffer.alloc(100, 1))).toBe(true);
  expect(slabs.copy(Buffer.alloc(LARGE, 3)).bytes.buffer).toBe(large.bytes.buffer);
});
