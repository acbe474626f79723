import { describe, expect, test } from "vitest";
import { ProtocolError } from "../../src/pegasus/frame.ts";
import { INITIAL_WINDOW_BYTES, MAX_WINDOW_BYTES, ReceiveWindow, SendWindow } from "../../src/pegasus/window.ts";

describe("a sender", () => {
  test("spends what it was granted and no more", () => {
    const window = new SendWindow();
    window.spend(INITIAL_WINDOW_BYTES);
    expect(window.available).toBe(0);
    expect(() => window.spend(1)).toThrow(RangeError);
    window.grant(10);
    expect(window.available).toBe(10);
  });

  test("is not granted more than the largest window", () => {
    const window = new SendWindow();
    expect(() => window.grant(MAX_WINDOW_BYTES)).toThrow(ProtocolError);
  });
});

describe("a receiver", () => {
  test("refuses data beyond the credit it gave", () => {
    const window = new ReceiveWindow();
    window.receive(INITIAL_WINDOW_BYTES);
    expect(() => window.receive(1)).toThrow(ProtocolError);
  });

  test("gives credit back in quarters of the window, not for every piece", () => {
    const window = new ReceiveWindow();
    window.receive(INITIAL_WINDOW_BYTES);
    const quarter = INITIAL_WINDOW_BYTES / 4;
    expect(window.consume(quarter - 1, false)).toBe(0);
    expect(window.consume(1, false)).toBe(quarter);
  });

  test("that passes all on at once grows its window up to the limit", () => {
    const receiver = new ReceiveWindow();
    const sender = new SendWindow();
    for (let turn = 0; turn < 100; turn++) {
      const bytes = sender.available;
      sender.spend(bytes);
      receiver.receive(bytes);
      const credit = receiver.consume(bytes, true);
      if (credit > 0) sender.grant(credit);
    }
    expect(sender.available).toBe(MAX_WINDOW_BYTES);
  });

  test("that is slow, or whose link is short of memory, keeps the first window", () => {
    const slow = new ReceiveWindow();
    slow.receive(INITIAL_WINDOW_BYTES);
    expect(slow.consume(INITIAL_WINDOW_BYTES / 2, true)).toBe(INITIAL_WINDOW_BYTES / 2);
    const poor = new ReceiveWindow();
    poor.receive(INITIAL_WINDOW_BYTES);
    expect(poor.consume(INITIAL_WINDOW_BYTES, false)).toBe(INITIAL_WINDOW_BYTES);
  });

  test("never lets more be on the way than the window, whatever the order", () => {
    const receiver = new ReceiveWindow();
    const sender = new SendWindow();
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return seed % below;
    };
    for (let turn = 0; turn < 5000; turn++) {
      const bytes = random(sender.available + 1);
      sender.spend(bytes);
      receiver.receive(bytes);
      const credit = receiver.consume(random(receiver.held + 1), random(2) === 0);
      if (credit > 0) sender.grant(credit);
      expect(sender.available + receiver.held).toBeLessThanOrEqual(MAX_WINDOW_BYTES);
    }
  });
});
