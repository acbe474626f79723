import { describe, expect, it } from "vitest";
import { compareBytes, concatBytes, equalBytes, lengthPrefixed } from "../../src/encoding/framing.ts";
import { isWellFormed, textFromUtf8, utf8FromText } from "../../src/encoding/utf8.ts";

describe("UTF-8", () => {
  it("a text goes there and back", () => {
    for (const text of ["", "abc", "häl😀lo", "\ufeffx", "\u0000"]) expect(textFromUtf8(utf8FromText(text))).toBe(text);
  });
  it("a lone surrogate has no UTF-8 form", () => {
    expect(isWellFormed("a\ud800")).toBe(false);
    expect(() => utf8FromText("a\ud800")).toThrow(TypeError);
  });
  it("overlong forms, surrogates and stray bytes are no text", () => {
    for (const bytes of [[0xc0, 0x80], [0xe0, 0x80, 0x80], [0xed, 0xbf, 0xbf], [0x80], [0xf8, 0x88, 0x80, 0x80, 0x80]])
      expect(textFromUtf8(Uint8Array.from(bytes))).toBeUndefined();
  });
});

describe("framing", () => {
  it("a field is its length in four bytes, big end first, and its bytes", () => {
    expect(lengthPrefixed("ab", Uint8Array.of(255), "")).toEqual(
      Uint8Array.of(0, 0, 0, 2, 97, 98, 0, 0, 0, 1, 255, 0, 0, 0, 0),
    );
  });
  it("no two lists of fields have one framing", () => {
    expect(lengthPrefixed("ab", "c")).not.toEqual(lengthPrefixed("a", "bc"));
    expect(lengthPrefixed("ab")).not.toEqual(lengthPrefixed("ab", ""));
  });
  it("the length is of the bytes, not of the characters", () => {
    expect(lengthPrefixed("€").subarray(0, 4)).toEqual(Uint8Array.of(0, 0, 0, 3));
  });
  it("bytes are ordered as unsigned numbers, a prefix before what it begins", () => {
    expect(compareBytes(Uint8Array.of(1), Uint8Array.of(255))).toBe(-1);
    expect(compareBytes(Uint8Array.of(1, 0), Uint8Array.of(1))).toBe(1);
    expect(compareBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(0);
    expect(equalBytes(concatBytes(Uint8Array.of(1), Uint8Array.of(2)), Uint8Array.of(1, 2))).toBe(true);
  });
});
