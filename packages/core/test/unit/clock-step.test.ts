import { describe, expect, it } from "vitest";
import { clockStep } from "../../src/node/clock-step.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/time.ts";
import { NOW, serviceBody, serviceIdOf } from "../support/fixtures.ts";
import { memberLink } from "../support/member-link.ts";
import { clusterOf } from "../support/world.ts";

describe("a clock that was set", () => {
  it("is told from one that went on, or that a minute explains", () => {
    const wakeAt = NOW + 3 * SECOND_MS;
    expect(clockStep(NOW, wakeAt, wakeAt)).toBe(0);
    expect(clockStep(NOW, wakeAt, wakeAt + MINUTE_MS)).toBe(0);
    expect(clockStep(NOW, wakeAt, NOW - MINUTE_MS)).toBe(0);
    expect(clockStep(NOW, wakeAt, wakeAt + HOUR_MS)).toBe(HOUR_MS);
    expect(clockStep(NOW, wakeAt, NOW - HOUR_MS)).toBe(-HOUR_MS);
    expect(clockStep(NOW, NOW - HOUR_MS, NOW + SECOND_MS)).toBe(0);
  });

  it("forward ends no link that is alive", () => {
    const { alice, bob, network } = clusterOf({ alice: {}, bob: {} });
    const ended = () => bob.notices.filter(({ type }) => type === "peer_unlinked").length;
    bob.handle({ type: "wake" }, network.now + 10 * HOUR_MS);
    expect(ended()).toBe(0);
    expect(bob.node.peers.get(alice.id)?.reachability).toBe("connected");
  });

  it("back does not stand still: what was due in three seconds is due in three seconds", () => {
    const { bob, link } = memberLink();
    const dueIn = bob.node.wakeAt - link.now;
    bob.handle({ type: "wake" }, link.now - 5 * HOUR_MS);
    expect(bob.node.wakeAt - (link.now - 5 * HOUR_MS)).toBeLessThanOrEqual(Math.max(dueIn, MINUTE_MS));
  });

  it("back makes records that were written ahead be signed anew at the present, so that others take them", () => {
    const { alice, bob, network } = clusterOf({ alice: {}, bob: {} });
    const id = serviceIdOf("early");
    const ahead = network.now + HOUR_MS;
    bob.handle({ type: "wake" }, ahead);
    bob.handle({ type: "write", kind: "service", id, body: serviceBody(alice.id) }, ahead);
    expect(alice.node.registry.get("service", bob.id, id)).toBeUndefined();
    network.advance(SECOND_MS);
    for (let minute = 0; minute < 30; minute += 1) network.advance(MINUTE_MS);
    expect(alice.node.registry.get("service", bob.id, id)).toBeDefined();
    expect(alice.node.registry.hashes).toEqual(bob.node.registry.hashes);
  });
});
