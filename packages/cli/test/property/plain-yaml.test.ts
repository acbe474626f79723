import fc from "fast-check";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { plainYamlText, valueOfPlainYaml } from "../../src/config/plain-yaml.ts";

const key = fc.oneof(
  fc.stringMatching(/^[a-z_]{1,8}$/),
  fc.constantFrom("true", "null", "y", "x y", "1", "clu_01JD", ""),
);
const word = fc.oneof(
  fc.string(),
  fc.constantFrom(
    "true",
    "No",
    "null",
    "~",
    "0x1f",
    "1e3",
    "12:30:00",
    "- a",
    "a: b",
    "a #b",
    "#",
    "*x",
    "&x",
    "!x",
    "|",
  ),
  fc.stringMatching(/^[\w.:/ -]{0,20}$/),
  fc.stringMatching(/^[0-9a-f]{64}$/),
);
const scalar = fc.oneof(word, fc.boolean(), fc.integer({ min: 0, max: 10 ** 12 }), fc.integer());
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: "small" },
    scalar,
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.dictionary(key, tie("tree"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

test("what is written is YAML that any reader reads as the value", () => {
  fc.assert(
    fc.property(tree, (value) => {
      expect(parse(plainYamlText(value))).toEqual(value);
    }),
    { numRuns: 1000 },
  );
});

test("what the short reader reads is what the library reads, or it leaves it to the library", () => {
  fc.assert(
    fc.property(
      fc.oneof(tree.map(plainYamlText), fc.string(), fc.stringMatching(/^[\w:\-"' \n#[\]{}]{0,60}$/)),
      (text) => {
        const read = valueOfPlainYaml(text);
        if (read !== undefined) expect(parse(text)).toEqual(read.value);
      },
    ),
    { numRuns: 3000 },
  );
});

test("a configuration needs no library", () => {
  const config = {
    current_cluster: "clu_01JD",
    clusters: { clu_01JD: { peers: [{ name: "alpha", endpoints: ["10.0.0.1:8080", "[fd00::1]:8080"] }] } },
    preferences: { timeout: 30 },
  };
  expect(valueOfPlainYaml(plainYamlText(config))).toEqual({ value: config });
});
