import { canonicalJson } from "../../../packages/core/src/encoding/canonical-json.ts";
import { parseJson } from "../../../packages/core/src/encoding/parse-json.ts";
import { hexFromBytes } from "../../../packages/core/test/support/fixtures.ts";

/** `json` is the text as it may travel, `canonical` what is signed for it. */
export function canonicalJsonVectors() {
  return {
    description:
      "RFC 8785 for what Arctic signs. `valid`: the text parses and has this canonical form. `after_others`: the same for a text that is read after another one, which must not matter (V8 13.6 mistakes a key with escapes for an earlier object's). `unsignable`: the text parses, and nothing may be signed for it. `refused`: bytes (hex) that are no JSON to any peer, and why.",
    valid: VALID.map(([name, json]) => ({ name, json, canonical: canonicalJson(parseJson(json)) })),
    after_others: AFTER_OTHERS.map(([before, json, canonical]) => ({ before, json, canonical })),
    unsignable: [
      { name: "nested nine deep", json: nested(9) },
      { name: "nested sixteen deep", json: nested(16) },
    ],
    refused: REFUSED.map(([reason, name, bytes]) => ({
      name,
      reason,
      bytes: hexFromBytes(typeof bytes === "string" ? new TextEncoder().encode(bytes) : Uint8Array.from(bytes)),
    })),
  };
}

const VALID: readonly (readonly [name: string, json: string])[] = [
  ["literals", "[ null , true , false ]"],
  ["white space goes", '{\t"b" : [ 1 , 2 ],\r\n "a" : {} }'],
  [
    "RFC 8785 section 3.2.3: keys in the order of UTF-16 code units",
    String.raw`{"€":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","😀":"Emoji: Grinning Face","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis"}`,
  ],
  ["RFC 8785 section 3.2.2.2: escapes", String.raw`"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/"`],
  ["all control characters", String.raw`"\u0000\u0001\u0007\b\t\n\u000b\f\r\u001f\u007f"`],
  ["a number alone", "42"],
  ["a negative number alone", "-7"],
  ["a text alone", '""'],
  ["the largest and the smallest safe integer", "[9007199254740991,-9007199254740991,0]"],
  ["sorting goes into arrays", '[{"b":1,"a":2},[{"d":1,"c":2}]]'],
  ["numbers as keys sort as text", '{"10":1,"9":2,"1":3}'],
  ["a key may be empty", '{"":1}'],
  ["a byte order mark inside a string is a character", '"\ufeff"'],
  ["a pair of surrogates as escapes", String.raw`"\ud83d\ude00"`],
  ["keys that objects inherit elsewhere", '{"constructor":1,"toString":2,"hasOwnProperty":3}'],
  ["nested eight deep", nested(8)],
  ["characters beyond the controls are themselves", '"\u007f\u2028\u2029/<>&"'],
  ["keys beyond the basic plane sort before U+E000", '{"\ue000":1,"\u{1f600}":2,"a":3}'],
  ["white space around one literal", " \t\r\n true \n"],
];

const AFTER_OTHERS: readonly (readonly [before: string, json: string, canonical: string])[] = [
  [String.raw`{"\\r":1}`, String.raw`{"\r\r":1}`, String.raw`{"\r\r":1}`],
  [String.raw`{"a":1,"\\n":1}`, String.raw`{"a":1,"\n\n":1}`, String.raw`{"\n\n":1,"a":1}`],
  [String.raw`{"a":"x","\\":0}`, String.raw`{"a":"x","\"":2}`, String.raw`{"\"":2,"a":"x"}`],
  [String.raw`{"a":1,"\\u0041":1}`, String.raw`{"a":1,"\u0041\u0041\u0041\u0041\u0041\u0041":1}`, '{"AAAAAA":1,"a":1}'],
];

const REFUSED: readonly (readonly [reason: string, name: string, bytes: string | readonly number[]])[] = [
  ["syntax", "nothing", ""],
  ["duplicate_key", "a duplicate key", '{"a":1,"a":1}'],
  ["duplicate_key", "a duplicate key in two spellings", String.raw`{"a":1,"\u0061":2}`],
  ["duplicate_key", "a duplicate key deep inside", '[{"x":{"a":[],"a":{}}}]'],
  ["proto", "__proto__", '{"__proto__":{}}'],
  ["proto", "__proto__ as an escape", String.raw`{"\u005f_proto__":1}`],
  ["bom", "a byte order mark", "\ufeff{}"],
  ["utf8", "an overlong UTF-8 form", [0x22, 0xc0, 0xaf, 0x22]],
  ["utf8", "a surrogate in UTF-8", [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ["utf8", "a code point beyond U+10FFFF", [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]],
  ["utf8", "a UTF-8 sequence that ends too early", [0x22, 0xe2, 0x82, 0x22]],
  ["surrogate", "a lone high surrogate", String.raw`"\ud800"`],
  ["surrogate", "a lone low surrogate", String.raw`["\udc00"]`],
  ["surrogate", "surrogates in the wrong order", String.raw`"\ude00\ud83d"`],
  ["surrogate", "a lone surrogate in a key", String.raw`{"\ud800":1}`],
  ["number", "minus zero", "[-0]"],
  ["number", "minus zero with a fraction", "[-0.0]"],
  ["number", "a fraction", "[1.5]"],
  ["number", "a whole number with a fraction", "[1.0]"],
  ["number", "an exponent", "[1e3]"],
  ["number", "a number beyond the range", "[1e400]"],
  ["number", "2^53", "[9007199254740992]"],
  ["number", "2^53 + 1", "[9007199254740993]"],
  ["number", "-2^53", "[-9007199254740992]"],
  ["number", "a leading zero", "[01]"],
  ["syntax", "a leading plus", "[+1]"],
  ["syntax", "NaN", "[NaN]"],
  ["depth", "nested seventeen deep", nested(17)],
  ["depth", "a thousand brackets", "[".repeat(1000)],
  ["syntax", "a comment", "[1]//"],
  ["syntax", "a trailing comma", "[1,]"],
  ["syntax", "two values", "{}{}"],
  ["syntax", "a raw line break in a string", '"\n"'],
  ["syntax", "an unfinished string", '{"a":"'],
  ["number", "a lone minus", "[-]"],
  ["number", "nothing but a minus", "-"],
  ["syntax", "an unfinished list", "[1"],
  ["syntax", "an unfinished escape", String.raw`"\u00`],
  ["surrogate", "a lone surrogate at the end", String.raw`"x\ud800"`],
  ["number", "a fraction without digits", "[1.]"],
  ["number", "a large exponent that is a whole number", "[1E2]"],
  ["syntax", "a fraction without a whole part", "[.5]"],
  ["syntax", "single quotes", "['a']"],
  ["syntax", "a key without quotes", "{a:1}"],
  ["syntax", "an unknown escape", String.raw`"\x41"`],
  ["syntax", "a cut escape", String.raw`"\u00e"`],
  ["syntax", "a form feed as white space", "\f[]"],
  ["syntax", "a no-break space as white space", "\u00a0[]"],
  ["syntax", "a word that begins like a literal", "[nul]"],
  ["syntax", "a literal in capitals", "[True]"],
  ["syntax", "a closing bracket of the other kind", '{"a":[1}'],
  ["syntax", "nothing but white space", " \t "],
  ["surrogate", "a high surrogate before another character", String.raw`"\ud800x"`],
  ["proto", "__proto__ deep inside", '[{"a":[{"__proto__":null}]}]'],
  ["duplicate_key", "two empty keys", '{"":1,"":2}'],
];

function nested(depth: number): string {
  return "[".repeat(depth) + "]".repeat(depth);
}

export function base64urlVectors() {
  return {
    description:
      "Base64url without padding. `valid`: bytes (hex) and their only text. `refused`: texts that stand for nothing, and why.",
    valid: [
      ["", ""],
      ["66", "Zg"],
      ["666f", "Zm8"],
      ["666f6f", "Zm9v"],
      ["666f6f62", "Zm9vYg"],
      ["fbff", "-_8"],
      ["00".repeat(32), "A".repeat(43)],
      ["ff".repeat(32), `${"_".repeat(42)}8`],
    ].map(([bytes, text]) => ({ bytes, text })),
    refused: [
      ...["Zg==", "Zg=", "Zm8=", "+/8", "Zm 8", "Zm8\n", "Zm8é", "Zm9v.g"].map((text) => ({
        text,
        reason: "alphabet",
      })),
      ...["Z", "Zm9vY", "A".repeat(45)].map((text) => ({ text, reason: "length" })),
      ...["Zh", "Zm9", `${"A".repeat(42)}B`, `${"A".repeat(85)}B`].map((text) => ({ text, reason: "second_spelling" })),
    ],
  };
}
