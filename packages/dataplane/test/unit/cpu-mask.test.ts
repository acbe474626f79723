import { expect, test } from "vitest";
import { cpuMask } from "../../src/kernel/merging.ts";

test.each([
  [1, "1"],
  [2, "3"],
  [12, "fff"],
  [32, "ffffffff"],
  [33, "1,ffffffff"],
  [96, "ffffffff,ffffffff,ffffffff"],
])("the first %i processors are %s", (count, mask) => {
  expect(cpuMask(count)).toBe(mask);
});
