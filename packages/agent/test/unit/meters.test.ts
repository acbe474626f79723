import { expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { createMeters } from "../../src/metrics/meters.ts";
import { parseMetrics } from "../helpers/prometheus.ts";
import { crypto } from "../helpers/records.ts";

it("counts the signatures that are made, and those that are checked by their outcome", async () => {
  const meters = createMeters(systemClock);
  try {
    const { publicKeyOf, sign, verify } = meters.crypto(crypto);
    const secretKey = crypto.randomBytes(32);
    const message = crypto.randomBytes(100);
    const signature = sign(secretKey, message);
    const answers = [signature, new Uint8Array(64), signature].map((one) =>
      verify(publicKeyOf(secretKey), message, one),
    );
    expect(answers).toEqual([true, false, true]);
    const { value } = parseMetrics(await meters.registry.metrics());
    expect(value("arctic_signature_checks_total", { outcome: "valid" })).toBe(2);
    expect(value("arctic_signature_checks_total", { outcome: "invalid" })).toBe(1);
    expect(value("arctic_signatures_made_total")).toBe(1);
  } finally {
    meters.stop();
  }
});
