import { describe, expect, it } from "vitest";
import { Crowd } from "../../bench/spread/crowd.ts";
import * as LIMITS from "../../packages/core/src/limits.ts";

const HOSTS = 60;
const BLOCKED_MS = 6000;
const SECONDS = 60;
/** A change of somebody's reachability is said again after 30 s at the earliest; what then follows is over, too. */
const QUIET_SECONDS = 10;

/** Hosts on one wire of 5 MB a second, which something else fills for six seconds, so that pings go unanswered everywhere. */
function blockedCrowd(): Crowd {
  const crowd = new Crowd(HOSTS, 1);
  crowd.runFor(30_000);
  crowd.wire.bytesPerMs = 5000;
  crowd.wire.busyUntil = crowd.now + BLOCKED_MS;
  return crowd;
}

describe("a wire that is full for a moment, so that all doubt each other", () => {
  it("is not kept full by what they say of it: the words are few, they end, and all find each other again", () => {
    const crowd = blockedCrowd();
    let [words, lastWordAt] = [0, 0];
    crowd.onSend = (_, text) => {
      if (!text.startsWith('{"type":"push"') || !text.includes('"kind":"connectivity"')) return;
      words += 1;
      lastWordAt = crowd.now;
    };
    crowd.runFor(SECONDS * 1000);
    const ofOne = LIMITS.rumoursAtOnce + (SECONDS * 1000) / LIMITS.rumourEveryMs;
    expect(words).toBeGreaterThan(HOSTS * LIMITS.connectivityLinks);
    expect(words).toBeLessThanOrEqual(HOSTS * LIMITS.connectivityLinks * ofOne);
    expect(lastWordAt).toBeLessThan(crowd.now - QUIET_SECONDS * 1000);
    expect(crowd.wire.busyUntil).toBeLessThan(crowd.now + 100);
    const views = crowd.hosts.flatMap(({ node }) => node.peers.list());
    expect(views.filter(({ reachability }) => reachability === "unreachable")).toEqual([]);
    expect(views.filter(({ reachability }) => reachability === "connected").length).toBeGreaterThan(6 * HOSTS);
  });
});
