import { expect, test } from "vitest";
import { createLog } from "../../src/log.ts";

function linesOf(format: "json" | "text", level: "info" | "warn" = "info"): string[] {
  const lines: string[] = [];
  const log = createLog({ format, level, write: (line) => lines.push(line) });
  log.info({ services: 2, reason: "a b" }, "plan_applied");
  return lines;
}

test("a JSON line bears time, level, event and fields", () => {
  expect(JSON.parse(linesOf("json")[0] ?? "")).toEqual({
    level: "info",
    time: expect.any(String),
    services: 2,
    reason: "a b",
    event: "plan_applied",
  });
});

test("a text line is the same to read", () => {
  expect(linesOf("text")[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3}Z info plan_applied services=2 reason="a b"\n$/);
});

test("lines below the level are left out", () => {
  expect(linesOf("json", "warn")).toEqual([]);
});
