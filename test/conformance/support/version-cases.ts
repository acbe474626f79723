import { isAhead, isBeyondHorizon, renewAt } from "../../../packages/core/src/registry/horizon.ts";
import { nextVersion, recordKey, versionAt } from "../../../packages/core/src/registry/record.ts";
import { DAY_MS, MINUTE_MS, msFromRfc3339, rfc3339FromMs } from "../../../packages/core/src/time.ts";
import {
  crypto,
  identityOf,
  NOW,
  recordOf,
  serviceBody,
  serviceIdOf,
} from "../../../packages/core/test/support/fixtures.ts";

const alice = identityOf("alice");
const at = (ms: number) => ms * 1024;

/** What versions say of time, when an owner signs anew, and the texts of times. */
export function versionVectors() {
  return {
    description:
      "`next`: the version of an owner's next write. `judged`: a version at a receiver's clock (horizon exceptions aside). `renewals`: when a live record is signed anew; `key` is the registry key.",
    next: [
      ["the first write", null, NOW],
      ["a write a second later", at(NOW - 1000), NOW],
      ["two writes in one millisecond", at(NOW), NOW],
      ["the 1,025th write in one millisecond", at(NOW) + 1024, NOW],
      ["a clock that fell back a little", at(NOW + MINUTE_MS), NOW],
      ["a previous version exactly 10 minutes ahead counts", at(NOW + 10 * MINUTE_MS), NOW],
      ["within the last millisecond of the 10 minutes", at(NOW + 10 * MINUTE_MS) + 1023, NOW],
      ["a previous version farther ahead does not count", at(NOW + 10 * MINUTE_MS + 1), NOW],
    ].map(([name, previous, now_ms]) => ({
      name,
      previous,
      now_ms,
      version: nextVersion((previous as number | null) ?? undefined, now_ms as number),
    })),
    instants: [1, 1023, 1024, at(NOW), at(NOW) + 1023, 2 ** 53 - 1].map((version) => ({
      version,
      at_ms: versionAt(version),
    })),
    judged: [
      ["now", at(NOW)],
      ["10 minutes ahead", at(NOW + 10 * MINUTE_MS) + 1023],
      ["a millisecond more than 10 minutes ahead", at(NOW + 10 * MINUTE_MS + 1)],
      ["the largest version", 2 ** 53 - 1],
      ["30 days old", at(NOW - 30 * DAY_MS)],
      ["a millisecond more than 30 days old", at(NOW - 30 * DAY_MS) - 1],
      ["the first version", 1],
    ].map(([name, version]) => judged(String(name), Number(version))),
    renewals: ["web", "mail", "ssh", "dns", "git"].map((label) => {
      const record = recordOf(alice, "service", serviceIdOf(label), { body: serviceBody(alice.peerId) });
      const bucket = crypto.sha256(new TextEncoder().encode(recordKey(record)))[0] ?? 0;
      return { key: recordKey(record), version: record.version, due_ms: renewAt(record, bucket / 256) };
    }),
  };
}

export function timeVectors() {
  return {
    description: "Times as data carries them: RFC 3339 in UTC. `at_ms`: milliseconds since the Unix epoch.",
    valid: [
      "1970-01-01T00:00:00Z",
      "2026-01-15T12:00:00.000Z",
      "2026-01-15T12:00:00.5Z",
      "2026-01-15T12:00:00.25Z",
      "2024-02-29T23:59:59.999Z",
      "2000-02-29T00:00:00Z",
      "2100-03-01T00:00:00Z",
      "2024-03-01T00:00:00Z",
      "2025-03-01T00:00:00Z",
      "2026-12-31T23:59:59Z",
      "1969-12-31T23:59:59.999Z",
      "9999-12-31T23:59:59Z",
      "0001-01-01T00:00:00Z",
      "0000-03-01T00:00:00Z",
    ].map((text) => ({ text, at_ms: instantOf(text) })),
    written: [
      0,
      1,
      NOW,
      NOW + 7,
      ...[
        "2024-01-31",
        "2024-02-29",
        "2024-03-01",
        "2024-12-31",
        "2025-02-28",
        "2025-03-01",
        "2000-02-29",
        "2100-03-01",
      ].map((day) => Date.parse(`${day}T23:59:59.999Z`)),
      ...["1970-12-31", "1971-01-01", "2027-01-01", "2026-04-30", "2026-11-30"].map((day) =>
        Date.parse(`${day}T00:00:00Z`),
      ),
    ].map((at_ms) => ({ at_ms, text: rfc3339FromMs(at_ms) })),
    refused: [
      "",
      "2026-01-15",
      "2026-01-15T12:00Z",
      "2026-01-15 12:00:00Z",
      "2026-01-15t12:00:00Z",
      "2026-01-15T12:00:00z",
      "2026-01-15T12:00:00",
      "2026-01-15T12:00:00+00:00",
      "2026-01-15T12:00:00-00:00",
      "2026-01-15T12:00:00.Z",
      "2026-01-15T12:00:00.1234Z",
      "2026-01-15T12:00:00.1aZ",
      "2026-01-15T12:00:00,5Z",
      "2026-02-30T00:00:00Z",
      "2025-02-29T00:00:00Z",
      "1900-02-29T00:00:00Z",
      "2026-13-01T00:00:00Z",
      "2026-00-01T00:00:00Z",
      "2026-01-00T00:00:00Z",
      "2026-01-32T00:00:00Z",
      "2026-01-15T24:00:00Z",
      "2026-01-15T12:60:00Z",
      "2016-12-31T23:59:60Z",
      "26-01-15T12:00:00Z",
      "+02026-01-15T12:00:00Z",
      " 2026-01-15T12:00:00Z",
      "2026-01-15T12:00:00Z\n",
      "２026-01-15T12:00:00Z",
    ],
  };
}

function judged(name: string, version: number) {
  const record = recordOf(alice, "app.note", "n-1", { body: {} }, { version });
  const code = isAhead(record, NOW) ? "record_ahead" : isBeyondHorizon(record, NOW) ? "record_too_old" : null;
  return { name, version, now_ms: NOW, code };
}

function instantOf(text: string): number {
  const at = msFromRfc3339(text);
  if (at === undefined) throw new Error(`${text} is not a time`);
  return at;
}
