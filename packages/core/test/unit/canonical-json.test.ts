import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../src/encoding/canonical-json.ts";

describe("canonical JSON", () => {
  it("sorts keys by UTF-16 code units (RFC 8785 section 3.2.3)", () => {
    const value = { "€": 1, "\r": 2, "\ufb33": 3, "1": 4, "😀": 5, "\u0080": 6, ö: 7 };
    expect(canonicalJson(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
  });
  it("escapes what RFC 8785 section 3.2.2.2 names and nothing else", () => {
    expect(canonicalJson('€$\u000f\nA\'B"\\\\"/\u007f')).toBe('"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\u007f"');
  });
  it("takes an object without a prototype as a plain one", () => {
    expect(canonicalJson(Object.assign(Object.create(null), { b: 1, a: 2 }))).toBe('{"a":2,"b":1}');
  });
  it("refuses numbers that are not safe integers", () => {
    for (const value of [1.5, -0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53), Number("1e400")])
      expect(() => canonicalJson([value])).toThrow(TypeError);
  });
  it("refuses what JSON cannot carry, and says where it is", () => {
    for (const value of [undefined, 1n, Symbol("s"), () => 1, new Date(0), new Map(), new (class A {})(), /x/])
      expect(() => canonicalJson({ here: [value] })).toThrow(/\$\.here\[0\]/);
  });
  it("refuses a hole in an array", () => {
    expect(() => canonicalJson(new Array(1))).toThrow(TypeError);
  });
  it("refuses lone surrogates in values and in keys", () => {
    expect(() => canonicalJson("\ud800")).toThrow(TypeError);
    expect(() => canonicalJson({ "\udc00": 1 })).toThrow(TypeError);
  });
  it("refuses a __proto__ key and a symbol key", () => {
    expect(() => canonicalJson(JSON.parse('{"__proto__":1}'))).toThrow(TypeError);
    expect(() => canonicalJson({ [Symbol("s")]: 1 })).toThrow(TypeError);
  });
  it("takes eight levels and refuses nine, and so every cycle", () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });
    expect(canonicalJson(nested(8))).toContain("1");
    expect(() => canonicalJson(nested(9))).toThrow(/8 deep/);
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(() => canonicalJson(cycle)).toThrow(TypeError);
  });
});
