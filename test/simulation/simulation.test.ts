import { describe, expect, it } from "vitest";
import { createRandom } from "./random.ts";
import { SCENARIOS } from "./scenarios.ts";
import { World } from "./world.ts";

describe.each(Object.entries(SCENARIOS))("scenario %s", (name, scenario) => {
  it(`holds its rules over seeds and hits its faults: ${scenario.text}`, () => {
    const hit = new Set<string>();
    for (let seed = 1; seed <= 6; seed += 1) {
      const result = scenario.run(seed, 6);
      expect(result.violations, `npm run simulate -- --scenario ${name} --peers 6 --from ${seed} --seeds 1`).toEqual(
        [],
      );
      expect(result.convergedAfterMs).toBeDefined();
      for (const [fault, count] of Object.entries(result.counts)) if (count > 0) hit.add(fault);
    }
    expect([...hit]).toEqual(expect.arrayContaining([...scenario.mustHit]));
  });
});

describe("the simulator", () => {
  it("gives the same frames for the same seed", () => {
    const trace = () => {
      const world = new World(7);
      const frames: string[] = [];
      world.watch((peer, input) => {
        if (input.type === "received") frames.push(`${world.now} ${peer.index} ${input.text}`);
      });
      const [a, b] = [world.addPeer(), world.addPeer()];
      world.join(a, b);
      world.runFor(10_000);
      return frames;
    };
    expect(trace().length).toBeGreaterThan(10);
    expect(trace()).toEqual(trace());
  });

  it("wakes a peer only for something: after a wake the next one lies ahead", () => {
    const world = new World(3);
    const late: number[] = [];
    world.watch((peer, input, _, now) => {
      if (input.type === "wake" && peer.node.wakeAt <= now) late.push(now);
    });
    const [a, b, c] = [world.addPeer(), world.addPeer(), world.addPeer()];
    world.join(a, b);
    world.join(a, c);
    world.runFor(120_000);
    expect(late).toEqual([]);
  });

  it("finds a forged record that reaches a disk: the checkers are awake", async () => {
    const { Checkers } = await import("./checkers.ts");
    const world = new World(5);
    const checkers = new Checkers(world);
    const peer = world.addPeer();
    const [own] = [...peer.node.registry.all()];
    if (own === undefined) throw new Error("a bootstrapped peer has its own record");
    const forged = { ...own, version: own.version + 1 };
    checkers.checkEffect(peer, { type: "persist", records: [forged], drop: [], book: [] });
    checkers.checkEffect(peer, { type: "persist", records: [own], drop: [], book: [] });
    expect(checkers.violations).toHaveLength(2);
  });

  it("draws numbers from its seed alone", () => {
    expect(createRandom(1).bytes(8)).toEqual(createRandom(1).bytes(8));
    expect(createRandom(1).bytes(8)).not.toEqual(createRandom(2).bytes(8));
  });
});
