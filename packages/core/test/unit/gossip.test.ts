import { describe, expect, it } from "vitest";
import * as LIMITS from "../../src/limits.ts";
import { HOUR_MS, MINUTE_MS, rfc3339FromMs, SECOND_MS } from "../../src/time.ts";
import {
  bytesOf,
  identityOf,
  licenseOf,
  NOW,
  recordOf,
  serviceBody,
  serviceIdOf,
  versionOf,
} from "../support/fixtures.ts";
import { memberLink } from "../support/member-link.ts";
import { greetingOf } from "../support/raw-link.ts";
import type { TestPeer, TestPeerOptions } from "../support/test-peer.ts";
import { clusterOf, worldOf } from "../support/world.ts";

const write = (label: string) =>
  ({
    type: "write",
    kind: "service",
    id: serviceIdOf(label),
    body: serviceBody(identityOf("target").peerId, { name: label }),
  }) as const;
const hashesOf = (...peers: readonly TestPeer[]) =>
  new Set(peers.map(({ node }) => JSON.stringify(node.registry.hashes)));

describe("gossip", () => {
  it("a write is at every peer at once, also through one in between", () => {
    const { network, alice, bob, carol } = clusterOf({ alice: {}, bob: {}, carol: {} });
    network.cut(alice, carol);
    network.feed(alice, write("one"));
    expect(carol.node.registry.live("service")).toHaveLength(1);
    expect(hashesOf(alice, bob, carol).size).toBe(1);
  });

  it("is not sent back to where it came from", () => {
    const { bob, link } = memberLink();
    const heard = link.heard.length;
    link.push(recordOf(identityOf("alice"), "app.note", "x", { body: {} }));
    expect(link.heard.slice(heard)).toEqual([]);
    expect(bob.node.registry.live("app.note")).toHaveLength(1);
  });

  it("goes whole to six links, and as key and version to the rest, who ask for what they miss", () => {
    const { network, peers, first } = clusterOfTen();
    network.tap = ({ from, text }) => (from === first || text.includes('"want"') ? text : undefined);
    network.feed(first, write("one"));
    network.advance(LIMITS.offerAfterMs);
    const said = network.transcript.filter((line) => line.startsWith("peer0 →"));
    expect(said.filter((line) => line.includes("push"))).toHaveLength(LIMITS.pushLinks + 3);
    expect(said.filter((line) => line.includes("offer"))).toHaveLength(3);
    expect(hashesOf(...peers).size).toBe(1);
  });

  it("offers what happens in one moment in one message, and not to whom it has come by then", () => {
    const { network, peers, first } = clusterOfTen();
    const records = ["one", "two", "three"];
    for (const name of records) network.feed(first, write(name));
    expect(network.transcript.filter((line) => line.includes("offer"))).toEqual([]);
    network.advance(LIMITS.offerAfterMs);
    const pairs = (peers.length * (peers.length - 1)) / 2;
    const offers = network.transcript.filter((line) => line.includes("offer"));
    expect(offers.length).toBeGreaterThan(0);
    expect(offers.length).toBeLessThanOrEqual(pairs);
    expect(hashesOf(...peers).size).toBe(1);
  });

  it("heals by the heartbeat what was lost on the way", () => {
    const { network, alice, bob } = clusterOf({ alice: {}, bob: {} });
    network.tap = ({ text }) => (text.includes('"push"') ? undefined : text);
    network.feed(alice, write("one"));
    network.feed(bob, write("two"));
    network.tap = ({ text }) => text;
    expect(hashesOf(alice, bob).size).toBe(2);
    network.transcript.length = 0;
    network.advance(70 * SECOND_MS);
    expect(hashesOf(alice, bob).size).toBe(1);
    expect(alice.node.registry.live("service")).toHaveLength(2);
  });

  it("`sync` heals now", () => {
    const { network, alice, bob } = clusterOf({ alice: {}, bob: {} });
    network.tap = ({ text }) => (text.includes('"push"') ? undefined : text);
    network.feed(alice, write("one"));
    network.tap = ({ text }) => text;
    network.feed(alice, { type: "sync" });
    expect(hashesOf(alice, bob).size).toBe(1);
  });

  it("both halves of a partition keep working, and agree when it ends", () => {
    const { network, alice, bob, carol, dave } = clusterOf({ alice: {}, bob: {}, carol: {}, dave: {} });
    for (const [a, b] of [
      [alice, carol],
      [alice, dave],
      [bob, carol],
      [bob, dave],
    ] as const)
      network.cut(a, b);
    network.feed(alice, write("left"));
    network.feed(dave, write("right"));
    network.advance(3 * HOUR_MS);
    expect(hashesOf(alice, bob).size).toBe(1);
    expect(hashesOf(alice, carol).size).toBe(2);
    for (const [a, b] of [
      [alice, carol],
      [alice, dave],
      [bob, carol],
      [bob, dave],
    ] as const)
      network.mend(a, b);
    network.feed(alice, { type: "sync" });
    network.advance(10 * MINUTE_MS);
    expect(hashesOf(alice, bob, carol, dave).size).toBe(1);
    expect(
      carol.node.registry
        .live("service")
        .map(({ body }) => body.name)
        .sort(),
    ).toEqual(["left", "right"]);
  });

  it("a peer that always says that the hashes agree still hears everything of its neighbour's own now and then", () => {
    const { bob, link } = memberLink();
    const { record } = bob.handle(write("one"), NOW);
    if (record === undefined) throw new Error("the write was made");
    link.heard.length = 0;
    for (let second = 1; second <= 15 * 60; second += 1) {
      link.wake(NOW + second * SECOND_MS);
      const { hashes } = bob.node.registry;
      const ping = link.last("ping");
      if (ping !== undefined) link.say({ type: "pong", nonce: ping.nonce, hashes });
      const beat = { type: "heartbeat" as const, boot: "liar", seq: second, time: rfc3339FromMs(link.now) };
      if (second % 60 === 0) link.say({ ...beat, hashes, records: [] });
    }
    expect(link.heard.filter(({ type }) => type === "heartbeat").length).toBeGreaterThan(12);
    const offered = link.heard.flatMap((message) => (message.type === "offer" ? message.entries : []));
    expect(offered).toContainEqual(["service", bob.id, record.id, record.version]);
  });

  it("a replayed heartbeat is dropped and refreshes nothing", () => {
    const { alice, bob, link } = memberLink();
    const { license_id, license_hash } = greetingOf(alice);
    const heartbeat = {
      type: "heartbeat" as const,
      boot: "b",
      seq: 5,
      time: "2026-01-15T12:00:00Z",
      license_id,
      license_hash,
      license_issued_at: licenseOf().issued_at,
      hashes: bob.node.registry.hashes,
      records: [],
    };
    link.say(heartbeat);
    expect(bob.node.peers.get(alice.peerId)?.lastSeenAt).toBe(NOW);
    link.now = NOW + 3 * SECOND_MS;
    expect(link.say(heartbeat).rejection).toMatchObject({ code: "record_held" });
    expect(link.say({ ...heartbeat, seq: 4 }).rejection).toBeDefined();
    expect(bob.node.peers.get(alice.peerId)?.lastSeenAt).toBe(NOW);
    link.say({ ...heartbeat, seq: 6 });
    expect(bob.node.peers.get(alice.peerId)?.lastSeenAt).toBe(NOW + 3 * SECOND_MS);
  });

  it("the same record asked for a thousand times is answered once", () => {
    const { bob, link } = memberLink();
    const record = bob.handle(write("one"), NOW).record;
    link.heard.length = 0;
    const key = ["service", bob.id, record?.id ?? ""] as [string, typeof bob.id, string];
    link.say({ type: "want", keys: new Array(1000).fill(key) });
    expect(link.heard).toEqual([{ type: "push", records: [record] }]);
  });

  it("an offer is answered with a wish for what is missing or older, and for nothing else", () => {
    const { alice, link } = memberLink();
    link.push(recordOf(alice, "app.note", "x", { body: {} }), recordOf(alice, "app.note", "dead", { deleted: true }));
    const entry = (id: string, version: number) =>
      ["app.note", alice.peerId, id, version] as [string, typeof alice.peerId, string, number];
    link.heard.length = 0;
    link.say({
      type: "offer",
      entries: [
        entry("x", versionOf(NOW - HOUR_MS)),
        entry("x", versionOf(NOW)),
        entry("new", 1),
        entry("dead", versionOf(NOW)),
      ],
    });
    expect(link.heard).toEqual([
      {
        type: "want",
        keys: [
          ["app.note", alice.peerId, "x"],
          ["app.note", alice.peerId, "new"],
        ],
      },
    ]);
  });

  it("no frame carries a secret key, whatever was done", () => {
    const { network, alice, bob, carol } = clusterOf({ alice: {}, bob: {}, carol: {} });
    network.feed(alice, write("one"));
    network.advance(10 * MINUTE_MS);
    const frames = network.frames.map(({ text }) => text).join("\n");
    for (const { identity } of [alice, bob, carol])
      for (const encoding of ["base64url", "base64", "hex"] as const)
        expect(frames).not.toContain(Buffer.from(identity.secretKey).toString(encoding));
  });
});

describe("relayed calls", () => {
  it("reach the peer and come back, once", () => {
    const { network, alice, bob } = clusterOf({ alice: {}, bob: {} });
    network.feed(alice, { type: "call", peer: bob.id, call: "c1", body: "{}" });
    expect(bob.notices).toContainEqual({ type: "called", peer: alice.id, call: "c1", body: "{}" });
    network.feed(bob, { type: "answer", peer: alice.id, call: "c1", body: "done" });
    network.feed(bob, { type: "answer", peer: alice.id, call: "c1", body: "again" });
    network.feed(bob, { type: "answer", peer: alice.id, call: "never asked", body: "x" });
    expect(alice.notices.filter(({ type }) => type === "answered")).toEqual([
      { type: "answered", peer: bob.id, call: "c1", body: "done" },
    ]);
  });

  it("say whether they were sent when the link is gone", () => {
    const { network, alice, bob } = clusterOf({ alice: {}, bob: {} });
    network.feed(alice, { type: "call", peer: bob.id, call: "c1", body: "{}" });
    network.cut(alice, bob);
    expect(alice.notices).toContainEqual({ type: "call_failed", peer: bob.id, call: "c1", wasSent: true });
    expect(network.feed(alice, { type: "call", peer: bob.id, call: "c2", body: "{}" }).rejection).toBeUndefined();
    network.advance(3000);
    expect(alice.notices).toContainEqual({ type: "call_failed", peer: bob.id, call: "c2", wasSent: false });
    const stranger = identityOf("stranger").peerId;
    expect(network.feed(alice, { type: "call", peer: stranger, call: "c3", body: "{}" }).rejection).toMatchObject({
      code: "peer_unreachable",
    });
    expect(alice.notices).toContainEqual({ type: "call_failed", peer: stranger, call: "c3", wasSent: false });
  });

  it("that the other side would have to refuse are refused here, and the link stays", () => {
    const { network, alice, bob } = clusterOf({ alice: {}, bob: {} });
    const bodies = ["\ud800", "\u0000".repeat(LIMITS.frameBytes / 4), "x".repeat(LIMITS.frameBytes)];
    for (const [index, body] of bodies.entries()) {
      expect(network.feed(alice, { type: "call", peer: bob.id, call: `c${index}`, body }).rejection).toBeDefined();
      expect(network.feed(alice, { type: "answer", peer: bob.id, call: `c${index}`, body }).rejection).toBeDefined();
    }
    expect(alice.node.peers.get(bob.id)?.reachability).toBe("connected");
    expect(bob.node.peers.get(alice.id)?.reachability).toBe("connected");
  });
});

describe("links", () => {
  it("a silent one is closed within ten seconds, and the peer is dialled again", () => {
    const { network, alice, bob } = clusterOf({ alice: {}, bob: {} });
    network.tap = () => undefined;
    network.advance(10 * SECOND_MS);
    expect(network.transcript.filter((line) => line.endsWith("closes: link_silent"))).toHaveLength(1);
    network.tap = ({ text }) => text;
    network.advance(90 * SECOND_MS);
    expect(alice.node.peers.get(bob.id)?.reachability).toBe("connected");
    expect(bob.node.peers.isMember(alice.id)).toBe(true);
  });

  it("a dial is tried four times, then the peer is unreachable and left alone until something changes or ever longer times have passed", () => {
    const { network, alice, bob } = clusterOf({ alice: {}, bob: {} });
    network.cut(alice, bob);
    network.transcript.length = 0;
    const dials = () => network.transcript.filter((line) => line.startsWith("alice dials")).length;
    network.advance(20 * SECOND_MS);
    expect(dials()).toBe(4);
    expect(alice.node.peers.get(bob.id)?.reachability).toBe("unreachable");
    network.advance(HOUR_MS);
    expect(dials()).toBeGreaterThan(4);
    expect(dials()).toBeLessThan(14);
    network.mend(alice, bob);
    network.feed(alice, { type: "sync" });
    network.advance(2 * SECOND_MS);
    expect(alice.node.peers.get(bob.id)?.reachability).toBe("connected");
  });

  it("an unreachable peer is tried again by itself after an hour or so", () => {
    const { network, alice, bob } = clusterOf({ alice: {}, bob: {} });
    network.cut(alice, bob);
    network.advance(5 * MINUTE_MS);
    network.mend(alice, bob);
    network.advance(2 * HOUR_MS);
    expect(alice.node.peers.get(bob.id)?.reachability).toBe("connected");
  });

  it("a peer whose links end right after they began is dialled with a back-off", () => {
    const { network, alice, bob } = clusterOf({ alice: {}, bob: {} });
    network.tap = ({ text }) => (text.includes('"heartbeat"') ? '{"type":"nonsense"}' : text);
    network.feed(alice, { type: "sync" });
    network.transcript.length = 0;
    network.advance(60 * SECOND_MS);
    const dials = network.transcript.filter((line) => line.includes(" dials "));
    expect(dials.length).toBeGreaterThan(1);
    expect(dials.length).toBeLessThan(20);
    expect(bob.node.peers.isMember(alice.id)).toBe(true);
  });

  it("of two that dial each other at once the smaller id's link stays, at both ends", () => {
    const { network, alice, bob } = worldOf({ alice: {}, bob: {} });
    alice.handle({ type: "join", address: bob.address, hosts: ["host of bob"] }, NOW);
    network.join(bob, alice);
    network.join(alice, bob);
    network.advance(30 * SECOND_MS);
    const [a, b] = [alice.node.peers.get(bob.id)?.link, bob.node.peers.get(alice.id)?.link];
    expect(a?.split("-")[0]).toBe(b?.split("-")[0]);
    expect(a).toBeDefined();
    expect(alice.node.registry.hashes).toEqual(bob.node.registry.hashes);
  });

  it("an add of a dead address ends with a word why, after four tries", () => {
    const { network, alice } = worldOf({ alice: {} });
    network.feed(alice, { type: "join", address: "nowhere.example:1", hosts: [] });
    network.advance(MINUTE_MS);
    expect(network.transcript).toEqual([
      ...new Array(4).fill("alice dials nowhere.example:1"),
      "alice join failed: peer_unreachable",
    ]);
  });

  it("a connection that nobody asked for is closed", () => {
    const { alice } = worldOf({ alice: {} });
    const step = alice.handle(
      { type: "opened", direction: "out", link: "x", binding: bytesOf("x"), dial: "never", address: "a:1" },
      NOW,
    );
    expect(step.effects).toMatchObject([{ type: "close", link: "x" }]);
  });
});

describe("a node", () => {
  it("takes the same steps for the same options and inputs, byte for byte", () => {
    const run = () => {
      const { network, alice, bob, carol } = clusterOf({ alice: {}, bob: {}, carol: {} });
      network.feed(alice, write("one"));
      network.cut(alice, bob);
      network.advance(MINUTE_MS);
      network.mend(alice, bob);
      network.feed(carol, { type: "leave" });
      network.advance(HOUR_MS);
      return JSON.stringify([alice, bob, carol].map(({ steps }) => steps));
    };
    expect(run()).toBe(run());
  });

  it("knows after a restart what it stored, and nothing else", () => {
    const { network, alice, bob } = clusterOf({ alice: {}, bob: {} });
    network.feed(bob, write("one"));
    const before = bob.node.registry.hashes;
    bob.restart(network.now);
    expect(bob.node.registry.hashes).toEqual(before);
    expect(bob.node.peers.get(alice.id)).toMatchObject({ standing: "member", reachability: "idle" });
  });

  it("asks to be woken, and a wake that comes early does nothing", () => {
    const { network, alice } = clusterOf({ alice: {}, bob: {} });
    const { wakeAt } = alice.node;
    expect(wakeAt).toBeGreaterThan(network.now);
    expect(alice.handle({ type: "wake" }, network.now).effects).toEqual([]);
    expect(alice.node.wakeAt).toBe(wakeAt);
  });
});

/** `peer0` to `peer9`. */
function clusterOfTen() {
  const names = Array.from({ length: 10 }, (_, index) => `peer${index}`);
  const world = clusterOf(Object.fromEntries(names.map((name) => [name, {}])) as Record<string, TestPeerOptions>);
  const peers = names.map((name) => world[name] as TestPeer);
  const [first] = peers;
  if (first === undefined) throw new Error("there are peers");
  return { network: world.network, peers, first };
}
