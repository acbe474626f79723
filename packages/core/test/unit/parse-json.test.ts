import { describe, expect, it } from "vitest";
import { parseJson } from "../../src/encoding/parse-json.ts";

describe("JSON from elsewhere", () => {
  it("is parsed as JSON.parse does where nothing is wrong with it", () => {
    const text = '{"a":[1,-2,true,null,"x:{}[],\\"-1.5"],"b":{"c":{}}}';
    expect(parseJson(text)).toEqual(JSON.parse(text));
    expect(parseJson(new TextEncoder().encode(text))).toEqual(JSON.parse(text));
  });
  it("a hundred thousand brackets are refused before anything recurses", () => {
    for (const text of ["[".repeat(100_000), "[".repeat(100_000) + "]".repeat(100_000), '{"a":'.repeat(100_000)])
      expect(() => parseJson(text)).toThrow(SyntaxError);
  });
  it("brackets and colons inside strings count for nothing", () => {
    expect(parseJson(`{"a":"${"[".repeat(100)}::::{{"}`)).toEqual({ a: `${"[".repeat(100)}::::{{` });
    expect(parseJson(String.raw`["\\", "a\\\"[[[", "\\\\"]`)).toEqual(["\\", 'a\\"[[[', "\\\\"]);
  });
  it("closing brackets first do not buy depth", () => {
    expect(() => parseJson("]".repeat(50) + "[".repeat(60))).toThrow(SyntaxError);
  });
  it("a duplicate key is refused wherever it is and however it is spelled", () => {
    for (const text of ['{"a":1,"a":1}', String.raw`{"a":1,"\u0061":1}`, '[{"b":[{"a":{},"a":[]}]}]', '{"":1,"":1}'])
      expect(() => parseJson(text)).toThrow(/duplicate/);
  });
  it("__proto__ is refused and never becomes a prototype", () => {
    expect(() => parseJson('{"__proto__":{"admin":true}}')).toThrow(/__proto__/);
    expect(() => parseJson('[{"x":{"__proto__":null}}]')).toThrow(/__proto__/);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
  it("only whole safe numbers in plain form are numbers", () => {
    for (const number of [
      "-0",
      "1.0",
      "1e3",
      "1E3",
      "1e400",
      "-1e400",
      "9007199254740992",
      "9007199254740993",
      "0.1",
      "1e-3",
      "00",
      "01",
      "-01",
      "0x10",
      "1_000",
    ])
      expect(() => parseJson(`{"n":${number}}`), number).toThrow(SyntaxError);
    expect(parseJson("[0,-1,9007199254740991,-9007199254740991]")).toEqual([0, -1, 2 ** 53 - 1, -(2 ** 53) + 1]);
  });
  it("lone surrogates are refused, raw and as escapes", () => {
    for (const text of ['"\ud800"', String.raw`"\ud800"`, String.raw`{"\udfff":1}`, String.raw`"\ud800\u0041"`])
      expect(() => parseJson(text)).toThrow(/surrogate/);
    expect(parseJson(String.raw`"\ud83d\ude00"`)).toBe("😀");
  });
  it("a byte order mark is refused at the start, as text and as bytes", () => {
    expect(() => parseJson("\ufeff{}")).toThrow(/byte order mark/);
    expect(() => parseJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d))).toThrow(/byte order mark/);
  });
  it("bytes that are not UTF-8 are refused", () => {
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]])
      expect(() => parseJson(Uint8Array.of(0x22, ...bytes, 0x22))).toThrow(/UTF-8/);
  });
  it("a megabyte of hostile text is judged in linear time", () => {
    const texts = [
      `"${"\\".repeat(1_000_000)}"`,
      `[${'"\\\\",'.repeat(200_000)}1]`,
      "1".repeat(1_000_000),
      `"${'\\"'.repeat(500_000)}"`,
    ];
    for (const text of texts) {
      const startedAt = performance.now();
      try {
        parseJson(text);
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
      }
      expect(performance.now() - startedAt).toBeLessThan(2000);
    }
  });
});
