import fc from "fast-check";
import { expect, test } from "vitest";
import { CONNECT_OUTCOMES } from "../../src/connect-outcomes.ts";
import { ObservationReader } from "../../src/observation-reader.ts";
import { observationSchema } from "../../src/plan.ts";

const count = fc.constantFrom(0, 0, 1, 7, -1, 0.5, "1", null);
const rarely = <T>(good: T, ...bad: unknown[]) =>
  fc.oneof({ weight: 30, arbitrary: fc.constant<unknown>(good) }, fc.constantFrom<unknown>(...bad));
const service = fc.record(
  {
    service_id: fc.constantFrom(1, 2, 3).map((id) => `svc_${String(id).padStart(26, "0")}`),
    role: rarely("entry", "exit", "none"),
    state: rarely("active", "degraded", "lost"),
    pegasus: rarely({ flows_open: 0, flows_total: 1, bytes_in: 2, bytes_out: 3 }, {}, null),
    connects: fc.oneof(
      { weight: 20, arbitrary: fc.constant({}) },
      fc.dictionary(fc.constantFrom(...CONNECT_OUTCOMES, "won"), count),
    ),
    tempest: rarely({ packets_in: 0, bytes_in: 0, packets_out: 0, bytes_out: 0 }, 1),
    limit_drops: fc.oneof({ weight: 20, arbitrary: fc.constant<unknown>(0) }, count),
    reason: fc.constantFrom("no link", 1),
  },
  { requiredKeys: ["service_id", "role", "state", "pegasus", "connects", "tempest", "limit_drops"] },
);
const text = fc
  .record({
    observed_at: rarely("2026-01-01T00:00:00.000Z", 1),
    flows_at_most: rarely(1, -1, "1"),
    services: fc.oneof({ weight: 20, arbitrary: fc.array(service, { maxLength: 4 }) }, fc.constantFrom(null, {}, [1])),
    peers: rarely([], [{ peer_id: "x" }]),
  })
  .map((value) => JSON.stringify(value));

test("answers that are read one after the other are those that the schema gives, each by itself", () => {
  let taken = 0;
  let refused = 0;
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 8 }), (texts) => {
      const reader = new ObservationReader();
      for (const one of texts) {
        const read = reader.read(JSON.parse(one));
        expect(read).toEqual(observationSchema.safeParse(JSON.parse(one)).data);
        if (read === undefined) refused += 1;
        else taken += 1;
      }
    }),
    { numRuns: 1_000 },
  );
  expect(Math.min(taken, refused)).toBeGreaterThan(200);
});
