import { describe, expect, it } from "vitest";
import * as LIMITS from "../../src/limits.ts";
import { SECOND_MS } from "../../src/time.ts";
import { identityOf, NOW } from "../support/fixtures.ts";
import { memberLink } from "../support/member-link.ts";
import { RawLink } from "../support/raw-link.ts";

const carol = identityOf("carol");

/** bob, to whom alice answers at once, and carol as late as the test says. */
function slowLink(handshakeMs: number) {
  const { bob, link } = memberLink({ others: [carol] });
  const slow = new RawLink(bob);
  slow.now += handshakeMs;
  link.now = slow.now;
  if (!slow.handshake(carol)) throw new Error("a member is let in");
  const pings: { readonly at: number; readonly nonce: string }[] = [];
  let closedAt: number | undefined;
  /** Wakes bob whenever he asks for it, until an instant or the end of carol's link. Answers with the instant. */
  const until = (end: number) => {
    while (closedAt === undefined && bob.node.wakeAt <= end) {
      const now = Math.max(slow.now, bob.node.wakeAt);
      slow.now = now;
      link.now = now;
      for (const effect of bob.handle({ type: "wake" }, now).effects) {
        if (effect.type === "close" && effect.link === slow.id) closedAt = now;
        const nonce = effect.type === "send" ? /^{"type":"ping","nonce":"([^"]+)"/.exec(effect.text)?.[1] : undefined;
        if (effect.type !== "send" || nonce === undefined) continue;
        if (effect.link === link.id) link.say({ type: "pong", nonce });
        if (effect.link === slow.id) pings.push({ at: now, nonce });
      }
    }
    slow.now = closedAt ?? end;
    link.now = slow.now;
    return slow.now;
  };
  /** Until carol was pinged once more. */
  const nextPing = () => {
    const before = pings.length;
    while (pings.length === before) until(bob.node.wakeAt);
    return pings.at(-1) ?? { at: 0, nonce: "" };
  };
  /** Between the pings that carol leaves without an answer, and from the last of them to the end of the link. */
  const waits = () => {
    pings.length = 0;
    const end = until(slow.now + 5 * 60 * SECOND_MS);
    return [...pings.slice(1).map(({ at }) => at), end].map((at, index) => at - (pings[index]?.at ?? 0));
  };
  return { slow, until, nextPing, waits, isOpen: () => closedAt === undefined };
}

describe("a peer that answers no ping", () => {
  it.each([
    [0, LIMITS.pingAgainMs],
    [100, LIMITS.pingAgainMs],
    [300, 4 * 300],
    [10 * SECOND_MS, 4 * LIMITS.slowestMs],
  ])("and took %i ms for its handshake is given %i ms for each of four", (handshakeMs, waitMs) => {
    expect(slowLink(handshakeMs).waits()).toEqual(new Array(LIMITS.pingTries).fill(waitMs));
  });

  it("is given what its last answer asks for, since the ping was last said, however long those before it took", () => {
    const { slow, until, nextPing, waits } = slowLink(0);
    const { at, nonce } = nextPing();
    // It is said again before the answer: the first one may have been lost.
    until(at + LIMITS.pingAgainMs + 200);
    slow.say({ type: "pong", nonce });
    expect(waits()).toEqual(new Array(LIMITS.pingTries).fill(4 * 200));
    const quick = slowLink(SECOND_MS);
    quick.slow.say({ type: "pong", nonce: quick.nextPing().nonce });
    expect(quick.waits()).toEqual(new Array(LIMITS.pingTries).fill(LIMITS.pingAgainMs));
  });

  it("is not given up while anything of it is heard, and is, once it is silent for the usual time", () => {
    const { slow, until, isOpen } = slowLink(0);
    for (let at = NOW; at < NOW + 30 * SECOND_MS; at += 200) {
      until(at);
      slow.say({ type: "ping", nonce: "its own" });
    }
    expect(isOpen()).toBe(true);
    const heardAt = slow.now;
    const silentMs = until(heardAt + 60 * SECOND_MS) - heardAt;
    expect(slow.closedWith ?? isOpen()).toBe(false);
    expect(silentMs).toBeGreaterThanOrEqual(LIMITS.pingAgainMs);
    expect(silentMs).toBeLessThanOrEqual(2 * LIMITS.pingAgainMs);
  });
});
