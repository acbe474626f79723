import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { base64urlFromBytes, bytesFromBase64url } from "../../src/encoding/base64url.ts";
import { canonicalJson } from "../../src/encoding/canonical-json.ts";
import { isInCidr, parseAddress, parseCidr } from "../../src/encoding/cidr.ts";
import type { JsonValue } from "../../src/encoding/json.ts";
import { parseJson } from "../../src/encoding/parse-json.ts";
import { createId, isId, mintedAt } from "../../src/identity/id.ts";

const text = fc.string({ unit: "binary", maxLength: 12 });
const key = text.filter((name) => name !== "__proto__");
const { value } = fc.letrec<{ value: JsonValue; leaf: JsonValue }>((tie) => ({
  leaf: fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger().map((number) => (number === 0 ? 0 : number)),
    text,
  ),
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    tie("leaf"),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(key, tie("value"), { maxKeys: 5, noNullPrototype: true }),
  ),
}));

describe("canonical JSON", () => {
  it("is read back as the value that it was written from, from text and from bytes", () => {
    fc.assert(
      fc.property(value, (any) => {
        const canonical = canonicalJson(any);
        expect(parseJson(canonical)).toEqual(any);
        expect(parseJson(new TextEncoder().encode(canonical))).toEqual(any);
        expect(canonicalJson(parseJson(canonical))).toBe(canonical);
      }),
    );
  });
  it("does not depend on the order or the spelling in which the value came", () => {
    fc.assert(
      fc.property(value, (any) => {
        expect(canonicalJson(parseJson(JSON.stringify(reversed(any), null, 1)))).toBe(canonicalJson(any));
      }),
    );
  });
});

describe("parsing JSON from elsewhere", () => {
  it("answers what JSON.parse answers, or refuses with a SyntaxError", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.json(), fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0019-.e truefalsn') })),
        (any) => {
          try {
            expect(parseJson(any)).toEqual(JSON.parse(any));
          } catch (error) {
            expect(error).toBeInstanceOf(SyntaxError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
  it("never throws anything else, whatever the bytes are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          parseJson(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("texts that have one spelling", () => {
  it("base64url: bytes go there and back, and whatever is read re-encodes to itself", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(bytesFromBase64url(base64urlFromBytes(bytes))).toEqual(bytes);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."ABCZabcz019-_=+/ "), maxLength: 12 }), (any) => {
        const bytes = bytesFromBase64url(any);
        if (bytes !== undefined) expect(base64urlFromBytes(bytes)).toBe(any);
      }),
      { numRuns: 500 },
    );
  });
  it("addresses: no two texts are one address", () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV4Extended(), fc.ipV6());
    fc.assert(
      fc.property(address, address, (a, b) => {
        const [left, right] = [parseAddress(a), parseAddress(b)];
        if (left !== undefined && right !== undefined && left.family === right.family && left.value === right.value)
          expect(a).toBe(b);
      }),
      { numRuns: 500 },
    );
  });
  it("networks: the network's own address is in it, the one before and the one after are not", () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.integer({ min: 1, max: 32 }), (bits, prefix) => {
        const size = 2 ** (32 - prefix);
        const first = Math.floor(bits / size) * size;
        const network = parseCidr(`${dotted(first)}/${prefix}`);
        if (network === undefined) throw new Error("a canonical network parses");
        const isIn = (number: number) => isInCidr(network, { family: 4, value: BigInt(number) });
        expect([isIn(first), isIn(first + size - 1), isIn(first - 1), isIn(first + size)]).toEqual([
          true,
          true,
          false,
          false,
        ]);
      }),
    );
  });
  it("ids: made of any bytes at any time they are canonical and say when", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 10, maxLength: 10 }), fc.nat(2 ** 47), (bytes, at) => {
        const id = createId("svc", { randomBytes: () => bytes }, at);
        expect(isId("svc", id)).toBe(true);
        expect(mintedAt(id)).toBe(at);
      }),
    );
  });
});

function dotted(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}

/** The same value with the members of every object the other way round. */
function reversed(any: JsonValue): JsonValue {
  if (typeof any !== "object" || any === null) return any;
  if (Array.isArray(any)) return any.map(reversed);
  return Object.fromEntries(
    Object.entries(any)
      .toReversed()
      .map(([name, member]) => [name, reversed(member)]),
  );
}
