import { readFileSync } from "node:fs";
import { kindTable } from "@arctic/core";
import { describe, expect, it } from "vitest";
import { REJECTIONS } from "../../packages/core/src/rejection.ts";
import { limitRows } from "./support/limit-rows.ts";
import { MESSAGES } from "./support/message-cases.ts";

const document = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");
const part = (from: string, to: string) => document.slice(document.indexOf(from), document.indexOf(to));
/** The first columns of the tables in a part, without code marks. */
const rows = (text: string) =>
  [...text.matchAll(/^\| `([^`]+)`\s*\|([^|]*)\|/gm)].map(([, name = "", next = ""]) => [name, next.trim()]);

describe("docs/protocol.md", () => {
  it("names every refusal and its fault, and no other", () => {
    const expected = Object.entries(REJECTIONS).map(([code, { fault }]) => [code, fault]);
    expect(rows(part("## 14. ", "## 15. ")).sort()).toEqual(expected.sort());
  });

  it("names every message, and no other", () => {
    const named = rows(part("### 12.1 ", "### 12.2 ")).map(([name]) => name);
    expect(named.sort()).toEqual(MESSAGES.map(({ message }) => message.type).sort());
  });

  it("names every limit that core enforces, with its number", () => {
    const { rows: expected, unused } = limitRows();
    const table = [...document.slice(document.indexOf("## 15. ")).matchAll(/^\| ([^|]+?) *\| ([^|]+?) *\|$/gm)];
    const listed = table
      .map(([, what, limit]) => [what, limit])
      .filter(([what]) => what !== "what" && !what?.startsWith("---"));
    expect(listed).toEqual(expected);
    expect(unused).toEqual([]);
  });

  it("has a section for every one that it refers to", () => {
    const headings = new Set([...document.matchAll(/^#{2,3} (\d+(?:\.\d+)?)\.? /gm)].map(([, number]) => number));
    const named = [...document.matchAll(/\bsections? (\d+(?:\.\d+)?)(?:(?:, | and )(\d+(?:\.\d+)?))?/gi)]
      .filter(({ index }) => !/RFC \d+ $/.test(document.slice(0, index)))
      .flatMap(([, one, other]) => [one, other].filter((number) => number !== undefined));
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((number) => !headings.has(number))).toEqual([]);
  });

  it("names every kind with its digest group", () => {
    const table = part("## 6. ", "Shared field types");
    const listed = new Map(rows(table).map(([name = "", group = ""]) => [name, group]));
    for (const { name, group } of kindTable().values()) expect([name, listed.get(name)]).toEqual([name, group]);
    const groups = new Set([...kindTable().values()].map(({ name }) => name));
    expect([...listed.keys()].filter((name) => !groups.has(name))).toEqual([]);
  });
});
