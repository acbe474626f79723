import { describe, expect, it } from "vitest";
import { base64urlFromBytes, bytesFromBase64url } from "../../src/encoding/base64url.ts";

describe("base64url", () => {
  it("writes every length without padding, as Node's Buffer does", () => {
    for (let length = 0; length < 70; length += 1) {
      const bytes = Uint8Array.from({ length }, (_, index) => (index * 37 + length) & 255);
      expect(base64urlFromBytes(bytes)).toBe(Buffer.from(bytes).toString("base64url"));
      expect(bytesFromBase64url(base64urlFromBytes(bytes))).toEqual(bytes);
    }
  });
  it("refuses each twin: a text whose unused bits are not zero", () => {
    for (const text of ["Zh", "Zi", "Zj", "Z_", "Zm9", "Zm-"]) expect(bytesFromBase64url(text)).toBeUndefined();
  });
  it("refuses padding, the other alphabet, white space, and characters beyond ASCII", () => {
    for (const text of ["Zg==", "Zg=", "ab+/", "ab cd", "abc\n", "abcé", "\u{1F600}ab"])
      expect(bytesFromBase64url(text)).toBeUndefined();
  });
  it("refuses a length that no bytes have", () => {
    expect(bytesFromBase64url("A")).toBeUndefined();
    expect(bytesFromBase64url("AAAAA")).toBeUndefined();
  });
});
