import { canonicalJson } from "../../../packages/core/src/encoding/canonical-json.ts";
import { parseJson } from "../../../packages/core/src/encoding/parse-json.ts";
import { hexFromBytes } from "../../../packages/core/test/support/fixtures.ts";

/** `json` is the text as it may travel, `canonical` what is signed for it. */
export function canonicalJsonVectors() {
  return {
    description:
      "RFC 8785 for what Arctic signs. `valid`: the text parses and has this canonical form. `unsignable`: the text parses, and nothing may be signed for it. `refused`: bytes (hex) that are no JSON to any peer.",
    valid: VALID.map(([name, json]) => ({ name, json, canonical: canonicalJson(parseJson(json)) })),
    unsignable: [
      { name: "nested nine deep", json: nested(9) },
      { name: "nested sixteen deep", json: nested(16) },
    ],
    refused: REFUSED.map(([name, bytes]) => ({
      name,
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
  ["the largest and the smallest safe integer", "[9007199254740991,-9007199254740991,0]"],
  ["sorting goes into arrays", '[{"b":1,"a":2},[{"d":1,"c":2}]]'],
  ["numbers as keys sort as text", '{"10":1,"9":2,"1":3}'],
  ["a key may be empty", '{"":1}'],
  ["a byte order mark inside a string is a character", '"\ufeff"'],
  ["a pair of surrogates as escapes", String.raw`"\ud83d\ude00"`],
  ["keys that objects inherit elsewhere", '{"constructor":1,"toString":2,"hasOwnProperty":3}'],
  ["nested eight deep", nested(8)],
];

const REFUSED: readonly (readonly [name: string, bytes: string | readonly number[]])[] = [
  ["nothing", ""],
  ["a duplicate key", '{"a":1,"a":1}'],
  ["a duplicate key in two spellings", String.raw`{"a":1,"\u0061":2}`],
  ["a duplicate key deep inside", '[{"x":{"a":[],"a":{}}}]'],
  ["__proto__", '{"__proto__":{}}'],
  ["__proto__ as an escape", String.raw`{"\u005f_proto__":1}`],
  ["a byte order mark", "\ufeff{}"],
  ["an overlong UTF-8 form", [0x22, 0xc0, 0xaf, 0x22]],
  ["a surrogate in UTF-8", [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ["a code point beyond U+10FFFF", [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]],
  ["a UTF-8 sequence that ends too early", [0x22, 0xe2, 0x82, 0x22]],
  ["a lone high surrogate", String.raw`"\ud800"`],
  ["a lone low surrogate", String.raw`["\udc00"]`],
  ["surrogates in the wrong order", String.raw`"\ude00\ud83d"`],
  ["a lone surrogate in a key", String.raw`{"\ud800":1}`],
  ["minus zero", "[-0]"],
  ["minus zero with a fraction", "[-0.0]"],
  ["a fraction", "[1.5]"],
  ["a whole number with a fraction", "[1.0]"],
  ["an exponent", "[1e3]"],
  ["a number beyond the range", "[1e400]"],
  ["2^53", "[9007199254740992]"],
  ["2^53 + 1", "[9007199254740993]"],
  ["-2^53", "[-9007199254740992]"],
  ["a leading zero", "[01]"],
  ["a leading plus", "[+1]"],
  ["NaN", "[NaN]"],
  ["nested seventeen deep", nested(17)],
  ["a thousand brackets", "[".repeat(1000)],
  ["a comment", "[1]//"],
  ["a trailing comma", "[1,]"],
  ["two values", "{}{}"],
  ["a raw line break in a string", '"\n"'],
  ["an unfinished string", '{"a":"'],
];

function nested(depth: number): string {
  return "[".repeat(depth) + "]".repeat(depth);
}

export function base64urlVectors() {
  return {
    description:
      "Base64url without padding. `valid`: bytes (hex) and their only text. `refused`: texts that are no second spelling of anything.",
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
    refused: ["Zg==", "Zg=", "Zh", "Zm9", "Zm8=", "Z", "Zm9vY", "+/8", "Zm 8", "Zm8\n", "Zm8é", `${"A".repeat(42)}B`],
  };
}

export function cidrVectors() {
  return {
    description: "Texts of networks. Only the canonical ones are taken: one network, one spelling.",
    valid: [
      "0.0.0.0/0",
      "10.0.0.0/8",
      "192.0.2.1/32",
      "255.255.255.255/32",
      "::/0",
      "::1/128",
      "2001:db8::/32",
      "2001:db8:0:1::/64",
      "2001:db8::1:0:0:1/128",
      "2001:0:0:1::/64",
      "1:2:3:4:5:6:7:8/128",
      "1:0:3:4:5:6:7:8/128",
      "::2:0:0:3:0:0/128",
      "fd00::/8",
      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
    ],
    refused: [
      "",
      "10.0.0.0",
      "10.0.0.0/",
      "/8",
      "10.0.0.1/08",
      "010.0.0.1/32",
      "10.0.0.1/8",
      "10.0.0.0/33",
      "10.0.0.0/-1",
      "10.0.0.0/+8",
      "10.0.0.0/8.0",
      "10.0.0.0/1e1",
      "10.0.0/8",
      "10.0.0.0.0/8",
      "10/8",
      "256.0.0.0/8",
      "0x0a.0.0.0/8",
      "0xa000000/8",
      "167772160/8",
      "10.0.0.0/255.0.0.0",
      " 10.0.0.0/8",
      "10.0.0.0/8 ",
      "10.0.0.0/8\n",
      "10.0.0.0/8/8",
      "１0.0.0.0/8",
      "::ffff:10.0.0.0/104",
      "::ffff:a00:0/104",
      "::ffff:0:0/96",
      "::10.0.0.1/128",
      "2001:DB8::/32",
      "2001:0db8::/32",
      "2001:db8:0:0::/64",
      "2001:db8::/032",
      "2001:db8::1/32",
      "2001:db8::/129",
      "2001:db8:::/32",
      "2001::db8::/32",
      "0:0:0:0:0:0:0:0/0",
      "1::3:4:5:6:7:8/128",
      "2001:db8::0:1/128",
      "2001:0:0:1::0/64",
      "0:0:2::3:0:0/128",
      "fe80::1%eth0/128",
      "[::1]/128",
      ":/0",
      ":::/0",
      "1:2:3:4:5:6:7/128",
      "1:2:3:4:5:6:7:8:9/128",
      "12345::/16",
      "g::/16",
    ],
  };
}
