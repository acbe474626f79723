import { canonicalJson, parseJson } from "@arctic/core";
import { expect, it } from "vitest";
import { readVectors } from "./support/files.ts";

const { after_others } = readVectors("canonical-json.json");

it.each(after_others)("$json is read alike after $before", ({ before, json, canonical }) => {
  parseJson(before);
  JSON.parse(before);
  expect(canonicalJson(parseJson(json))).toBe(canonical);
});
