import { expect, test } from "vitest";
import { agoText, bytesText } from "../../src/view/format.ts";
import { fields, table } from "../../src/view/table.ts";

const columns = [
  { head: "name", cell: (row: { name: string; count: number }) => row.name },
  { head: "count", cell: (row: { name: string; count: number }) => String(row.count), align: "right" as const },
];

test("columns are as wide as their widest cell", () => {
  const rows = [
    { name: "alpha", count: 7 },
    { name: "b", count: 1234567 },
  ];
  expect(table(columns, rows)).toBe("NAME     COUNT\nalpha        7\nb      1234567");
});

test("wide characters keep the columns straight", () => {
  const rows = [
    { name: "東京", count: 1 },
    { name: "abcd", count: 2 },
  ];
  expect(table(columns, rows)).toBe("NAME  COUNT\n東京      1\nabcd      2");
});

test("a name from another host cannot move the cursor", () => {
  expect(table(columns, [{ name: "a\u001b[2Jb\nc", count: 1 }])).toBe("NAME      COUNT\na\u{fffd}[2Jb\u{fffd}c      1");
});

test("fields without a value are left out", () => {
  expect(
    fields([
      ["id", "x"],
      ["gone", undefined],
      ["empty", ""],
      ["longer", "y"],
    ]),
  ).toBe("id      x\nlonger  y");
});

test("ages and sizes are short", () => {
  const now = Date.parse("2026-01-02T00:00:00Z");
  expect(agoText("2026-01-01T23:59:48Z", now)).toBe("12s ago");
  expect(agoText("2026-01-02T00:00:05Z", now)).toBe("now");
  expect(agoText(undefined, now)).toBe("-");
  expect([0, 1023, 1024, 1536, 200 * 1024 * 1024, 1023 * 1024].map(bytesText)).toEqual([
    "0 B",
    "1023 B",
    "1.00 KiB",
    "1.50 KiB",
    "200 MiB",
    "1023 KiB",
  ]);
});
