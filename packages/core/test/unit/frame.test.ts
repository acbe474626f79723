import { describe, expect, it } from "vitest";
import { parseJson } from "../../src/encoding/parse-json.ts";
import { withoutHeld } from "../../src/gossip/frame.ts";
import { encodeMessage } from "../../src/gossip/message.ts";
import { identityOf, recordOf } from "../support/fixtures.ts";

const alice = identityOf("alice");
const records = ["a", "b", "c"].map((id) => recordOf(alice, "app.note", id, { body: { text: `"}${id}],[{` } }));
const texts = records.map((record) => JSON.stringify(record));
const frame = encodeMessage({ type: "push", records });
const slim = (text: string, ...held: readonly (string | undefined)[]) =>
  withoutHeld(text, (signature, candidate) => {
    expect(JSON.parse(candidate)).toHaveProperty("signature", signature);
    return held.includes(candidate);
  });

describe("a frame without the records that are held", () => {
  it("keeps the others, in their order", () => {
    const { text, held } = slim(frame, texts[1]);
    expect(held).toBe(1);
    expect(parseJson(text)).toEqual({ type: "push", records: [records[0], records[2]] });
  });
  it("is an empty list where all are held", () => {
    expect(slim(frame, ...texts)).toEqual({ text: '{"type":"push","records":[]}', held: 3 });
  });
  it("is the frame itself where none is", () => {
    expect(slim(frame)).toEqual({ text: frame, held: 0 });
  });
  it("keeps what comes behind the list", () => {
    const more = frame.replace(/\}$/, ',"more":[1,{"records":[]}]}');
    expect(parseJson(slim(more, texts[0]).text)).toMatchObject({ more: [1, { records: [] }] });
  });
  it("takes a record that differs in one character for another one", () => {
    expect(slim(frame.replace('"id":"b"', '"id":"d"'), ...texts).held).toBe(2);
  });
  it("leaves a broken frame as broken as it was", () => {
    const [a = "", b = ""] = texts;
    for (const broken of [
      `{"type":"push","records":[${a},]}`,
      `{"type":"push","records":[${a} ${b}]}`,
      `{"type":"push","records":[${a}`,
      `{"type":"push","records":[${a},${b}}`,
      `{"type":"push","records":[${a},{"x":]}`,
      `{"type":"push","records":[${a}],"records":[]}`,
      `{"type":"push","text":"x,"records":[${a}]}`,
      `{"type":"push","records":[,${a}]}`,
      `{"type":"push","records":[${a}]]}`,
    ]) {
      expect(() => parseJson(broken), broken).toThrow(SyntaxError);
      expect(() => parseJson(slim(broken, ...texts).text), broken).toThrow(SyntaxError);
    }
  });
});
