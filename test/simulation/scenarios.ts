import { turnHostile } from "./byzantine.ts";
import { Checkers, type Violation } from "./checkers.ts";
import { CALM, CHAOS, type Fault, type FaultCounts } from "./faults.ts";
import type { SimPeer } from "./sim-peer.ts";
import { World } from "./world.ts";

export interface RunResult {
  readonly violations: readonly Violation[];
  readonly counts: FaultCounts;
  readonly frames: number;
  readonly bytes: number;
  /** Virtual time from the end of the faults until all held the same, in ms. */
  readonly convergedAfterMs: number | undefined;
}

export interface Scenario {
  readonly text: string;
  /** Faults that a batch of runs must have hit at least once. */
  readonly mustHit: readonly Fault[];
  run(seed: number, peers: number): RunResult;
}

const CHAOS_MS = 8_000;
/** A peer that was marked unreachable is tried again within an hour and a half at the latest. */
const CALM_LIMIT_MS = 2 * 3_600_000;

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  join: {
    text: "one peer adds all the others, one after the other; all end with one state and one cluster id",
    mustHit: [],
    run: formed(() => {}),
  },
  chaos: {
    text: "loss, duplication, lateness, cuts and restarts while everyone writes and deletes; then calm",
    mustHit: ["loss", "duplication", "lateness", "cut", "one_way_cut", "restart"],
    run: formed((world, checkers) => {
      world.plan = CHAOS;
      const until = world.now + CHAOS_MS;
      strike(world, until);
      writeAndDelete(world, checkers, until);
      world.runFor(CHAOS_MS);
    }),
  },
  partition: {
    text: "two halves that do not hear each other write on; then the cut heals",
    mustHit: [],
    run: formed((world, checkers) => {
      for (const a of world.peers)
        for (const b of world.peers) if (a.index < b.index && a.index % 2 !== b.index % 2) world.cutPair(a, b, 90_000);
      writeAndDelete(world, checkers, world.now + 60_000);
      world.runFor(90_000);
    }),
  },
  byzantine: {
    text: "three of ten members forge, steal, replay, equivocate, flood, poison and lie while the rest works; then calm",
    mustHit: ["attack", "loss", "restart"],
    run: formed((world, checkers) => {
      world.plan = CHAOS;
      const until = world.now + CHAOS_MS;
      const hostile = world.peers.filter(({ index }) => index > 0 && index % 10 < 4 && index % 10 > 0);
      for (const peer of hostile) world.hostile.add(peer);
      turnHostile(world, hostile, until);
      strike(world, until);
      writeAndDelete(world, checkers, until);
      world.runFor(CHAOS_MS);
    }),
  },
  clocks: {
    text: "clocks that are minutes apart, and that jump an hour or two months and back; then they agree",
    mustHit: ["skew", "jump", "loss"],
    run: formed((world, checkers) => {
      world.plan = { ...CHAOS, restartEveryMs: 0 };
      const until = world.now + 3 * CHAOS_MS;
      strike(world, until);
      setClocks(world, until);
      writeAndDelete(world, checkers, until);
      world.runFor(3 * CHAOS_MS);
      for (const peer of world.peers) world.setClock(peer, 0);
    }),
  },
  disks: {
    text: "disks that are full for a while, and hosts that come back from an old backup; then calm",
    mustHit: ["full_disk", "old_disk", "restart"],
    run: formed((world, checkers) => {
      const until = world.now + 3 * CHAOS_MS;
      world.plan = { ...CALM, restartEveryMs: 8_000, cutEveryMs: 8_000 };
      strike(world, until);
      failDisks(world, until);
      writeAndDelete(world, checkers, until);
      world.runFor(3 * CHAOS_MS);
    }),
  },
  leave: {
    text: "some leave, some are revoked, under chaos; nobody trusts them again",
    mustHit: ["loss", "restart"],
    run: formed((world, checkers) => {
      world.plan = CHAOS;
      const until = world.now + 30_000;
      strike(world, until);
      writeAndDelete(world, checkers, until);
      const leaver = world.peers[1];
      const revoked = world.peers[2];
      const revoker = world.peers[0];
      if (world.peers.length > 3 && leaver !== undefined && revoked !== undefined && revoker !== undefined) {
        world.schedule.at(world.now + 10_000, () => world.feed(leaver, { type: "leave" }));
        world.schedule.at(world.now + 12_000, () => revoke(world, revoker, revoked));
      }
      world.runFor(30_000);
    }),
  },
};

/** A cluster is formed, something happens to it, and all is calm until it has settled. */
function formed(happens: (world: World, checkers: Checkers) => void): Scenario["run"] {
  return (seed, peers) => {
    const world = new World(seed);
    const checkers = new Checkers(world);
    formCluster(world, peers);
    happens(world, checkers);
    return finish(world, checkers);
  };
}

/** The first peer adds every other; returns when all hold the same, or after a minute a peer in any case. */
function formCluster(world: World, peers: number): void {
  for (let index = 0; index < peers; index += 1) world.addPeer();
  const [first, ...rest] = world.peers;
  if (first === undefined) return;
  for (const [index, peer] of rest.entries()) world.schedule.at(world.now + 50 * index, () => world.join(first, peer));
  world.runUntil(() => isConverged(world), 60_000);
}

function writeAndDelete(world: World, checkers: Checkers, until: number): void {
  const services: { readonly peer: SimPeer; readonly id: string }[] = [];
  const act = () => {
    if (world.now >= until) return;
    world.schedule.at(world.now + world.random.between(50, 1000), act);
    const peer = world.random.pick(world.peers);
    if (peer === undefined || !peer.isUp || peer.node.cluster.hasLeft || world.hostile.has(peer)) return;
    const old = world.random.next() < 0.4 ? world.random.pick(services) : undefined;
    const owner = old?.peer.isUp ? old.peer : peer;
    const id = old?.peer.isUp ? old.id : peer.newServiceId(world.now);
    if (old === undefined) services.push({ peer, id });
    const isDelete = old !== undefined && world.random.next() < 0.5;
    world.feed(
      owner,
      isDelete
        ? { type: "delete", kind: "service", id }
        : { type: "write", kind: "service", id, body: serviceBody(owner, world) },
    );
    if (!owner.isUp) return;
    const record = owner.node.registry.get("service", owner.identity.peerId, id);
    if (record !== undefined && owner.stored.has(`service|${owner.identity.peerId}|${id}`))
      checkers.acknowledged(record);
  };
  act();
}

function serviceBody(owner: SimPeer, world: World) {
  return {
    name: `service ${Math.floor(world.random.next() * 1000)}`,
    target_peer_id: owner.identity.peerId,
    transport_type: "tcp",
    requires_interface: false,
    fully_transparent: false,
    bandwidth_limit_mbps: 0,
    routes: [{ route_id: 1, priority: 0, dest_cidr: "10.0.0.0/24" }],
    created_at: new Date(world.now).toISOString(),
  };
}

function revoke(world: World, by: SimPeer, whom: SimPeer): void {
  if (!by.isUp) world.schedule.at(world.now + 1000, () => revoke(world, by, whom));
  else {
    world.ended.add(whom);
    const body = { reason: "simulated", revoked_at: new Date(world.now).toISOString() };
    world.feed(by, { type: "write", kind: "revocation", id: whom.identity.peerId, body });
  }
}

function strike(world: World, until: number): void {
  const again = (everyMs: number, act: () => void) => {
    const wait = () => {
      if (everyMs === 0) return;
      world.schedule.at(world.now + world.random.between(0.2, 1.8) * everyMs, () => {
        if (world.now >= until) return;
        act();
        wait();
      });
    };
    wait();
  };
  again(world.plan.cutEveryMs, () => {
    const [a, b] = [world.random.pick(world.peers), world.random.pick(world.peers)];
    if (a === undefined || b === undefined || a === b) return;
    if (world.random.next() < 0.3) {
      world.counts.one_way_cut += 1;
      const way = `${a.index}>${b.index}`;
      world.oneWayCuts.add(way);
      world.schedule.at(world.now + world.random.between(1000, 20_000), () => world.oneWayCuts.delete(way));
      return;
    }
    world.counts.cut += 1;
    world.cutPair(a, b, world.random.between(1000, 20_000));
  });
  again(world.plan.restartEveryMs, () => {
    const peer = world.random.pick(world.peers);
    if (peer === undefined) return;
    world.counts.restart += 1;
    world.restart(peer, world.random.between(100, 5000));
  });
}

/** Each clock a little wrong; now and then one jumps, and comes back. */
function setClocks(world: World, until: number): void {
  for (const peer of world.peers) {
    world.counts.skew += 1;
    world.setClock(peer, Math.round(world.random.between(-240_000, 240_000)));
  }
  const jump = () => {
    if (world.now >= until) return;
    world.schedule.at(world.now + world.random.between(1000, 4000), jump);
    const peer = world.random.pick(world.peers);
    const byMs = world.random.pick([3_600_000, -3_600_000, 60 * 86_400_000, 8 * 60_000]);
    if (peer === undefined || byMs === undefined || !peer.isUp || Math.abs(peer.skewMs) > 240_000) return;
    world.counts.jump += 1;
    const before = peer.skewMs;
    world.setClock(peer, before + byMs);
    world.schedule.at(world.now + world.random.between(500, 5000), () => world.setClock(peer, before));
  };
  jump();
}

function failDisks(world: World, until: number): void {
  const fail = () => {
    if (world.now >= until) return;
    world.schedule.at(world.now + world.random.between(1000, 4000), fail);
    const peer = world.random.pick(world.peers);
    if (peer === undefined || !peer.isUp) return;
    if (world.random.next() < 0.5) {
      world.counts.full_disk += 1;
      peer.isDiskFull = true;
      world.schedule.at(world.now + world.random.between(200, 3000), () => {
        peer.isDiskFull = false;
      });
    } else {
      peer.backUp();
      world.schedule.at(world.now + world.random.between(2000, 6000), () => {
        if (!peer.isUp || !peer.restoreBackup()) return;
        world.counts.old_disk += 1;
        world.restart(peer, world.random.between(100, 2000));
      });
    }
  };
  fail();
  world.schedule.at(until, () => {
    for (const peer of world.peers) peer.isDiskFull = false;
  });
}

function finish(world: World, checkers: Checkers): RunResult {
  world.plan = CALM;
  world.cuts.clear();
  world.oneWayCuts.clear();
  const convergedAfterMs = world.runUntil(
    () => world.peers.every((peer) => peer.isUp) && isConverged(world),
    CALM_LIMIT_MS,
  );
  checkers.checkConverged();
  const { counts, frames, bytes } = world;
  return { violations: checkers.violations, counts, frames, bytes, convergedAfterMs };
}

function isConverged(world: World): boolean {
  const members = world.members();
  const honest = members.filter((peer) => !world.hostile.has(peer));
  const [first] = honest;
  if (first === undefined) return true;
  const { peers, services, others } = first.node.registry.hashes;
  const areEqual = honest.every(({ node: { registry } }) => {
    const { hashes } = registry;
    return hashes.peers === peers && hashes.services === services && hashes.others === others;
  });
  // Hostile members let strangers in; among the others everyone counts the same members.
  if (!areEqual || world.hostile.size > 0) return areEqual;
  return members.every((peer) =>
    members.every((other) => other === peer || peer.node.peers.isMember(other.identity.peerId)),
  );
}
