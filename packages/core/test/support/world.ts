import { peerBody } from "./fixtures.ts";
import { Network } from "./network.ts";
import { TestPeer, type TestPeerOptions } from "./test-peer.ts";

/** A network with one bootstrapped peer a name, each a cluster of its own. */
export function worldOf<N extends string>(options: Readonly<Record<N, TestPeerOptions>>) {
  const network = new Network();
  const peers = Object.fromEntries(
    Object.entries<TestPeerOptions>(options).map(([name, one]) => [name, new TestPeer(name, one)]),
  ) as Record<N, TestPeer>;
  for (const peer of Object.values<TestPeer>(peers)) {
    network.add(peer);
    network.feed(peer, { type: "write", kind: "peer", id: peer.id, body: peerBody(peer.id, peer.name) });
  }
  return { network, ...peers };
}

/** alice and bob, and carol as well where she is wanted, in one cluster that has come to rest. */
export function clusterOf<N extends string>(options: Readonly<Record<N, TestPeerOptions>>) {
  const world = worldOf(options);
  const [first, ...others] = Object.keys(options).map((name) => world[name as N] as TestPeer);
  for (const other of others) {
    if (first !== undefined) world.network.join(first, other);
    world.network.advance(5000);
  }
  world.network.advance(20_000);
  world.network.transcript.length = 0;
  return world;
}
