import { isTombstone, kindTable, parseJson, type SignedRecord } from "@arctic/core";
import { describe, expect, it } from "vitest";
import { bytesFromBase64url } from "../../packages/core/src/encoding/base64url.ts";
import type { JsonObject, JsonValue } from "../../packages/core/src/encoding/json.ts";
import { decodeMessage } from "../../packages/core/src/gossip/message.ts";
import { isAhead, isBeyondHorizon } from "../../packages/core/src/registry/horizon.ts";
import { compareRecords, isEquivocation } from "../../packages/core/src/registry/merge.ts";
import { Registry } from "../../packages/core/src/registry/registry.ts";
import { Sketch } from "../../packages/core/src/registry/sketch.ts";
import { bytesFromHex, crypto, hashed } from "../../packages/core/test/support/fixtures.ts";
import { answerOf } from "./support/door-cases.ts";
import { readVectors } from "./support/files.ts";
import { longFrame } from "./support/message-cases.ts";
import { judge } from "./support/receiver.ts";

const kinds = kindTable();

describe("kinds.json", () => {
  const { ids, complete, bodies } = readVectors("kinds.json");
  const understands = (name: string, body: JsonObject) =>
    kinds.get(name)?.checkBody(body, ids[0]?.owner as never) === undefined;
  it.each(ids)("$kind $id: $valid", ({ kind, owner, id, valid }) => {
    expect(kinds.get(kind)?.checkId(id, owner) === undefined).toBe(valid);
  });
  it.each(Object.keys(complete).map((kind) => ({ kind })))("a whole $kind is understood", ({ kind }) => {
    expect(understands(kind, complete[kind] ?? {})).toBe(true);
  });
  it.each(bodies)("$kind.$path, $value: $valid", ({ kind, path, value, valid }) => {
    expect(understands(kind, changed(complete[kind] ?? {}, path, value))).toBe(valid);
  });
});

describe("merge.json", () => {
  const { sets } = readVectors("merge.json");
  it.each(sets)("$name: one is kept, in any order", ({ records, kept, equivocations }) => {
    const best = (list: readonly SignedRecord[]) =>
      list.map(hashed).reduce((held, next) => (compareRecords(next, held) > 0 ? next : held));
    expect(best(records).record).toEqual(records[kept]);
    expect(best(records.toReversed()).record).toEqual(records[kept]);
    const pairs = records.flatMap((a, i) =>
      records.flatMap((b, j) => (i < j && isEquivocation(hashed(a), hashed(b)) ? [[i, j]] : [])),
    );
    expect(pairs).toEqual(equivocations);
  });
});

describe("intake.json", () => {
  const { held, single, frames } = readVectors("intake.json");
  it.each(single)("$name → $code", ({ record, code }) => {
    expect(judge(held, [record]).codes).toEqual(code === null ? [] : [code]);
  });
  it.each(frames)("a frame: $name", ({ records, codes, current }) => {
    expect(judge(held, records)).toEqual({ codes, current });
  });
});

describe("doors.json", () => {
  const { cases } = readVectors("doors.json");
  it.each(cases)("$name → $answer", ({ answer, ...one }) => {
    expect(answerOf(one)).toBe(answer);
  });
});

describe("digests.json", () => {
  const { registries } = readVectors("digests.json");
  it.each(registries)("$name has these hashes, whatever came first", ({ records, hashes }) => {
    for (const list of [records, records.toReversed()]) {
      const registry = new Registry(crypto, kinds);
      for (const record of list) registry.put(record, hashed(record).hash);
      expect(registry.hashes).toEqual(hashes);
    }
  });
  it("tombstones are among them", () => {
    expect(registries.some(({ records }) => records.some(isTombstone))).toBe(true);
  });
});

describe("sketches.json", () => {
  const { differences } = readVectors("sketches.json");
  it.each(differences)("$name", ({ own, cells, only_here, only_there }) => {
    const sketch = new Sketch();
    for (const hash of own) sketch.toggle(bytesFromHex(hash), 1);
    const found = sketch.differenceFrom(bytesFromBase64url(cells) ?? new Uint8Array());
    expect(found === undefined ? null : [...found.onlyHere].sort()).toEqual(only_here);
    expect(found === undefined ? null : [...found.onlyThere].sort()).toEqual(only_there);
  });
});

describe("versions.json", () => {
  const { judged } = readVectors("versions.json");
  it.each(judged)("a version of $name → $code", ({ version, now_ms, code }) => {
    const record = { version } as SignedRecord;
    const found = isAhead(record, now_ms) ? "record_ahead" : isBeyondHorizon(record, now_ms) ? "record_too_old" : null;
    expect(found).toBe(code);
  });
});

describe("messages.json", () => {
  const { messages, changes, frames, long } = readVectors("messages.json");
  const codeOf = (frame: string) => {
    const decoded = decodeMessage(frame);
    return decoded.ok ? null : decoded.rejection.code;
  };
  it.each(messages)("a $type is a message", (message) => {
    expect(decodeMessage(JSON.stringify(message)).ok).toBe(true);
  });
  it.each(changes)("$type with $field = $value → $code", (change) => {
    const message = messages.find(({ type }) => type === change.type) ?? {};
    const value = "value" in change ? change.value : undefined;
    expect(codeOf(JSON.stringify(changed(message as JsonObject, [change.field], value)))).toBe(change.code);
  });
  it.each(frames)("$text → $code", ({ text, code }) => {
    expect(codeOf(text)).toBe(code);
  });
  it.each(long)("$units units of $fill → $code", ({ fill, units, code }) => {
    const frame = longFrame(fill, units);
    expect(frame).toHaveLength(units);
    expect(codeOf(frame)).toBe(code);
    if (code === null) expect(parseJson(frame)).toMatchObject({ type: "call" });
  });
});

/** A copy with one place set to another value, or left out where there is none. */
function changed(object: JsonObject, path: readonly (string | number)[], value: JsonValue | undefined): JsonObject {
  const [step = "", ...rest] = path;
  const { [step]: before, ...others } = object;
  if (rest.length > 0) return { ...others, [step]: changed(before as JsonObject, rest, value) };
  return value === undefined ? others : { ...others, [step]: value };
}
