import { describe, expect, test } from "vitest";
import { Limiter, type LimiterClock, type Paced } from "../../src/pegasus/limiter.ts";
import { Pacer } from "../../src/pegasus/pacer.ts";

/** Time that passes when told to; timers are up to `lateMs` late, as a busy event loop's are. */
function fakeClock(lateMs: () => number) {
  let now = 0;
  let timers: { at: number; task: () => void }[] = [];
  const clock: LimiterClock = {
    nowMs: () => now,
    after: (delayMs, task) => {
      const timer = { at: now + Math.ceil(delayMs) + lateMs(), task };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
  };
  const advance = (untilMs: number) => {
    for (;;) {
      const next = timers.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > untilMs) break;
      timers = timers.filter((other) => other !== next);
      now = next.at;
      next.task();
    }
    now = untilMs;
  };
  return { clock, advance };
}

/** Wants to send for ever. */
function greedy(limiter: Limiter): Paced & { sent: number; largest: number } {
  const flow = {
    waitingBytes: Number.MAX_SAFE_INTEGER,
    sent: 0,
    largest: 0,
    release: (bytes: number) => {
      flow.sent += bytes;
      flow.largest = Math.max(flow.largest, bytes);
    },
  };
  limiter.request(flow);
  return flow;
}

describe("a limit", () => {
  test.each([1, 10, 100, 1000])(
    "of %i Mbit/s holds within 1 percent over 10 s, with timers late by up to 3 ms",
    (mbps) => {
      let turn = 0;
      const { clock, advance } = fakeClock(() => {
        turn += 1;
        return turn % 4;
      });
      const limiter = new Limiter(clock);
      limiter.setRate(mbps * 1e6);
      const flow = greedy(limiter);
      advance(10_000);
      const wanted = (mbps * 1e6 * 10) / 8;
      expect(Math.abs(flow.sent - wanted) / wanted).toBeLessThan(0.01);
    },
  );

  test("is shared evenly by the flows that want it, in slices", () => {
    const { clock, advance } = fakeClock(() => 0);
    const limiter = new Limiter(clock);
    limiter.setRate(10e6);
    const flows = [greedy(limiter), greedy(limiter), greedy(limiter)];
    advance(3000);
    const each = (10e6 * 3) / 8 / 3;
    // Whoever came first had the burst for itself.
    const burst = 10e6 / 8 / 20;
    for (const [at, flow] of flows.entries()) {
      expect(Math.abs(flow.sent - (at === 0 ? burst : 0) - each) / each).toBeLessThan(0.03);
      expect(flow.largest).toBeLessThanOrEqual(burst / 10);
    }
  });

  test("does not save up more than 50 ms while nobody sends", () => {
    const { clock, advance } = fakeClock(() => 0);
    const limiter = new Limiter(clock);
    limiter.setRate(10e6);
    advance(60_000);
    const flow = greedy(limiter);
    expect(flow.sent).toBeLessThanOrEqual(10e6 / 8 / 20);
  });

  test("that changes or ends holds from then on for flows that wait", () => {
    const { clock, advance } = fakeClock(() => 0);
    const limiter = new Limiter(clock);
    limiter.setRate(1e6);
    const flow = greedy(limiter);
    advance(1000);
    const before = flow.sent;
    limiter.setRate(100e6);
    advance(2000);
    expect(flow.sent - before).toBeGreaterThan((100e6 / 8) * 0.95);
    limiter.cancel(flow);
    const last = {
      waitingBytes: 5000,
      release: (bytes: number) => {
        last.waitingBytes -= bytes;
      },
    };
    limiter.request(last);
    limiter.setRate(0);
    expect(last.waitingBytes).toBe(0);
  });
});

describe("a paced flow", () => {
  test("passes its bytes on in order and its end after the last", () => {
    const { clock, advance } = fakeClock(() => 0);
    const limiter = new Limiter(clock);
    limiter.setRate(1e6);
    const passed: Buffer[] = [];
    let endedAfter = -1;
    const pacer = new Pacer(
      limiter,
      ({ bytes, giveBack }) => {
        // As a reader of lent memory must: what it keeps it copies.
        passed.push(Buffer.from(bytes));
        giveBack();
      },
      () => {
        endedAfter = Buffer.concat(passed).length;
      },
    );
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 251));
    let given = 0;
    const giveBack = (): void => {
      given += 1;
    };
    for (let at = 0; at < bytes.length; at += 7000) pacer.push({ bytes: bytes.subarray(at, at + 7000), giveBack });
    pacer.end();
    expect(endedAfter).toBe(-1);
    advance(2000);
    expect(Buffer.concat(passed).equals(bytes)).toBe(true);
    expect(endedAfter).toBe(bytes.length);
    expect(given).toBe(Math.ceil(bytes.length / 7000));
  });

  test("that is cancelled passes nothing on any more, gives its memory back and holds up nobody", () => {
    const { clock, advance } = fakeClock(() => 0);
    const limiter = new Limiter(clock);
    limiter.setRate(1e6);
    const pacer = new Pacer(
      limiter,
      () => {},
      () => {},
    );
    let given = 0;
    const giveBack = (): void => {
      given += 1;
    };
    pacer.push({ bytes: Buffer.alloc(1_000_000), giveBack });
    pacer.cancel();
    expect(given).toBe(1);
    const other = greedy(limiter);
    advance(1000);
    expect(other.sent).toBeGreaterThan((1e6 / 8) * 0.9);
  });
});
