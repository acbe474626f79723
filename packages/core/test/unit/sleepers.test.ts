import { expect, it } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/time.ts";
import { peerBody, serviceBody, serviceIdOf } from "../support/fixtures.ts";
import { clusterOf } from "../support/world.ts";

const gone = serviceIdOf("deleted while it slept");
const kept = serviceIdOf("kept");

it.each([29, 31, 100])("a peer that slept for %i days brings nothing back that was deleted meanwhile", (days) => {
  const { network, alice, bob, carol } = clusterOf({ alice: {}, bob: {}, carol: {} });
  for (const id of [gone, kept])
    network.feed(alice, { type: "write", kind: "service", id, body: serviceBody(bob.id, { name: id }) });
  const own = serviceIdOf("carol's own");
  network.feed(carol, { type: "write", kind: "service", id: own, body: serviceBody(bob.id) });
  expect(carol.node.registry.live("service")).toHaveLength(3);
  for (const peer of [alice, bob]) network.cut(peer, carol);
  network.feed(alice, { type: "delete", kind: "service", id: gone });
  for (let hours = 0; hours < days * 24; hours += 6) {
    network.now += DAY_MS / 4;
    for (const peer of [alice, bob]) network.feed(peer, { type: "wake" });
  }
  // Whose clock jumped hears its neighbour first, and looks after the rest an hour later.
  network.advance(2 * HOUR_MS);
  // What nobody renewed is over, and so is the proof of the deletion.
  expect(alice.node.registry.get("service", alice.id, gone) === undefined).toBe(days > 30);
  expect(alice.node.registry.get("service", carol.id, own) === undefined).toBe(days > 30);

  carol.restart(network.now);
  for (const peer of [alice, bob]) network.mend(peer, carol);
  network.feed(carol, { type: "sync" });
  network.feed(alice, { type: "sync" });
  network.advance(10 * MINUTE_MS);
  const held = [alice, bob, carol].map(({ node }) =>
    node.registry
      .live("service")
      .map(({ id }) => id as string)
      .sort(),
  );
  expect(held).toEqual([held[0], held[0], held[0]]);
  expect(held[0]).toEqual([kept, own].sort());
  expect(new Set([alice, bob, carol].map(({ node }) => JSON.stringify(node.registry.hashes))).size).toBe(1);
  expect(carol.node.cluster.isCloned).toBe(false);
  network.advance(SECOND_MS);
  expect(
    network.feed(carol, { type: "write", kind: "peer", id: carol.id, body: peerBody(carol.id, "carol") }).rejection,
  ).toBe(undefined);
});
