import { rfc3339FromMs } from "@arctic/core";
import type { SimPeer } from "../simulation/sim-peer.ts";
import { World } from "../simulation/world.ts";

/** What a small cluster said and wrote while it formed, worked, lost frames and restarted. */
export interface Corpus {
  /** One frame of each type at least, and some more of each. */
  readonly frames: readonly string[];
  /** Every text that was genuinely signed. */
  readonly documents: readonly string[];
  readonly world: World;
  readonly peers: readonly SimPeer[];
}

const FRAMES_A_TYPE = 40;

export function recordCorpus(seed: number): Corpus {
  const world = new World(seed);
  const framesByType = new Map<string, string[]>();
  const documents = new Set<string>();
  world.watch((_, input, effects) => {
    if (input.type === "received") {
      const type = /^\{"type":"(\w+)"/.exec(input.text)?.[1] ?? "none";
      const known = framesByType.get(type) ?? [];
      if (known.length < FRAMES_A_TYPE) framesByType.set(type, [...known, input.text]);
    }
    for (const effect of effects)
      if (effect.type === "persist") for (const record of effect.records) documents.add(JSON.stringify(record));
  });
  const peers = [0, 1, 2, 3].map(() => world.addPeer());
  const [a, b, c, d] = peers;
  if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error("four peers were made");
  for (const other of [b, c, d]) {
    world.join(a, other);
    world.runFor(3000);
  }
  world.plan = { ...world.plan, loss: 0.1 };
  for (const [index, peer] of peers.entries()) write(world, peer, index);
  world.feed(a, { type: "call", peer: b.identity.peerId, call: "a call", body: '{"method":"GET"}' });
  world.feed(b, { type: "answer", peer: a.identity.peerId, call: "a call", body: "{}" });
  world.feed(a, { type: "delete", kind: "service", id: a.newServiceId(world.now) });
  world.runFor(40_000);
  world.restart(d, 500);
  world.runFor(20_000);
  world.plan = { ...world.plan, loss: 0 };
  world.runFor(40_000);
  const extra = ["sketch", "buckets", "want", "voucher_wanted", "duplicate"].map((type) => sample(type));
  documents.add(JSON.stringify(a.node.cluster.license));
  return { frames: [...[...framesByType.values()].flat(), ...extra], documents: [...documents], world, peers };
}

function write(world: World, peer: SimPeer, index: number): void {
  const body = {
    name: `service ${index}`,
    target_peer_id: peer.identity.peerId,
    transport_type: "tcp",
    requires_interface: false,
    fully_transparent: false,
    bandwidth_limit_mbps: 0,
    routes: [{ route_id: 1, priority: 0, dest_cidr: "10.0.0.0/24" }],
    created_at: rfc3339FromMs(world.now),
  };
  for (let count = 0; count < 3; count += 1)
    world.feed(peer, { type: "write", kind: "service", id: peer.newServiceId(world.now + count), body });
}

/** Messages that a healthy cluster seldom says. */
function sample(type: string): string {
  const byType: Record<string, object> = {
    sketch: { type, group: "services", cells: "A".repeat(480) },
    buckets: { type, group: "peers", marks: new Array(256).fill("A".repeat(11)), is_answer: false },
    want: { type, group: "services", elements: ["0".repeat(16)] },
    voucher_wanted: { type },
    duplicate: { type, boots: ["one", "another"] },
  };
  return JSON.stringify(byType[type]);
}
