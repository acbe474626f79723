import { describe, expect, it } from "vitest";
import * as LIMITS from "../../src/limits.ts";
import { SECOND_MS } from "../../src/time.ts";
import { identityOf, recordOf } from "../support/fixtures.ts";
import { RawLink } from "../support/raw-link.ts";
import { TestPeer } from "../support/test-peer.ts";

const alice = identityOf("alice");
const note = (id: string) => recordOf(alice, "app.note", id, { body: {} });
const heartbeatEveryMs = 10 * SECOND_MS;

/** bob and alice, who meet for the first time: he compares soon. */
function met() {
  const bob = new TestPeer("bob", { heartbeatEveryMs });
  bob.bootstrap();
  const link = new RawLink(bob);
  if (!link.handshake(alice)) throw new Error("a fresh peer lets in whom it meets first");
  const metAt = link.now;
  const beats = () => link.heard.filter(({ type }) => type === "heartbeat").length;
  const greeted = beats();
  /** alice writes so many at once, every half second until some time after they met. When bob compared, from then on. */
  const comparesAfterMs = (count: number, untilMs: number) => {
    let nextAt = metAt;
    while (beats() === greeted && link.now < metAt + 3 * heartbeatEveryMs) {
      const isWriting = nextAt <= metAt + untilMs;
      link.wake(isWriting ? Math.min(nextAt, Math.max(link.now, bob.node.wakeAt)) : bob.node.wakeAt);
      const ping = link.last("ping");
      if (ping !== undefined) link.say({ type: "pong", nonce: ping.nonce });
      if (!isWriting || link.now < nextAt) continue;
      nextAt += SECOND_MS / 2;
      link.push(...Array.from({ length: count }, (_, index) => note(`${nextAt}.${index}`)));
    }
    return link.now - metAt;
  };
  return { comparesAfterMs };
}

describe("what the two sides of a new link hold is compared", () => {
  it("within two seconds, also while a few records at a time become current", () => {
    for (const count of [0, LIMITS.newsMany - 1]) {
      const ms = met().comparesAfterMs(count, heartbeatEveryMs);
      expect(ms).toBeGreaterThanOrEqual(SECOND_MS);
      expect(ms).toBeLessThanOrEqual(2 * SECOND_MS);
    }
  });

  it("a second or two after many became current at once for the last time", () => {
    const ms = met().comparesAfterMs(LIMITS.newsMany, 4 * SECOND_MS);
    expect(ms).toBeGreaterThanOrEqual(4 * SECOND_MS + LIMITS.calmAfterMs);
    expect(ms).toBeLessThanOrEqual(4 * SECOND_MS + 2 * LIMITS.calmAfterMs);
  });

  it("after a heartbeat interval at last, however many become current without end", () => {
    const ms = met().comparesAfterMs(LIMITS.newsMany, 3 * heartbeatEveryMs);
    expect(ms).toBeGreaterThanOrEqual(0.9 * heartbeatEveryMs);
    expect(ms).toBeLessThanOrEqual(1.1 * heartbeatEveryMs);
  });
});
