import { describe, expect, it } from "vitest";
import { msFromRfc3339, rfc3339FromMs } from "../../src/time.ts";

describe("times", () => {
  it("an instant goes there and back", () => {
    for (const at of [0, 1, 1_768_478_400_000, Date.UTC(2247, 11, 31)])
      expect(msFromRfc3339(rfc3339FromMs(at))).toBe(at);
  });
  it("seconds with and without a fraction are times", () => {
    expect(msFromRfc3339("2026-01-15T12:00:00Z")).toBe(Date.UTC(2026, 0, 15, 12));
    expect(msFromRfc3339("2026-01-15T12:00:00.5Z")).toBe(Date.UTC(2026, 0, 15, 12) + 500);
  });
  it("days and hours that do not exist, other zones and other forms are refused", () => {
    for (const text of [
      "2026-02-30T00:00:00Z",
      "2026-13-01T00:00:00Z",
      "2026-01-01T24:00:00Z",
      "2026-01-01T23:59:60Z",
      "2026-01-01T00:00:00+00:00",
      "2026-01-01T00:00:00",
      "2026-01-01",
      "2026-01-01t00:00:00z",
      "2026-01-01 00:00:00Z",
      "2026-01-01T00:00:00.1234Z",
      "+002026-01-01T00:00:00Z",
      "",
    ])
      expect(msFromRfc3339(text), text).toBeUndefined();
  });
});
