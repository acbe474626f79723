import { run } from "./command.ts";
import type { Ledger } from "./ledger.ts";

/**
 * The network that the quickstart makes: a client's LAN, three hosts on a backbone, and a server's LAN behind the third.
 *
 *     client ── 10.71.1.0/24 ── alpha ──┐
 *                               beta  ──┼── backbone 10.70.0.0/24, fd70::/64
 *     server ── 10.71.3.0/24 ── gamma ──┘
 *               10.71.4.0/24
 *
 * Alpha and gamma are gateways; for IPv4 the data plane switches forwarding on where it needs it, for IPv6 older kernels
 * have one setting for the whole host, which is the host owner's: here it is on.
 *
 * Only gamma and the server know the server's networks. Alpha has no route to them, and no default route: a packet from
 * the client gets there through the cluster or not at all.
 */
export const places = ["backbone", "client", "alpha", "beta", "gamma", "server"] as const;
export type Place = (typeof places)[number];

export const hosts = ["alpha", "beta", "gamma"] as const;

export const addresses = {
  client: "10.71.1.10",
  clientV6: "fd71:1::10",
  server: "10.71.3.10",
  serverV6: "fd71:3::10",
  serverSecond: "10.71.4.10",
  alpha: "10.70.0.11",
  beta: "10.70.0.12",
  gamma: "10.70.0.13",
} as const;

/** Two ends of a cable: place and name of the interface there. */
type Cable = readonly [Place, string, Place, string];

const cables: readonly Cable[] = [
  ["alpha", "eth0", "backbone", "alpha"],
  ["beta", "eth0", "backbone", "beta"],
  ["gamma", "eth0", "backbone", "gamma"],
  ["client", "eth0", "alpha", "lan0"],
  ["server", "eth0", "gamma", "lan0"],
];

/** Lines for `ip -batch`, once the cables are laid. `nodad`: an address in a network of our own is usable at once. */
const settings: Record<Place, readonly string[]> = {
  backbone: [
    "link add br0 type bridge",
    ...hosts.flatMap((host) => [`link set ${host} master br0`, `link set ${host} up`]),
    "addr add 10.70.0.1/24 dev br0",
    "addr add fd70::1/64 dev br0 nodad",
    "link set br0 up",
  ],
  client: [
    ...interfaceUp("eth0", ["10.71.1.10/24", "fd71:1::10/64"]),
    "route add default via 10.71.1.1",
    "route add default via fd71:1::1",
    // The service "own-address" is a next hop of its own in this LAN: see cluster.yaml.
    "route add 10.71.4.0/24 via 10.71.1.50",
  ],
  alpha: [
    ...interfaceUp("eth0", ["10.70.0.11/24", "fd70::11/64"]),
    ...interfaceUp("lan0", ["10.71.1.1/24", "fd71:1::1/64"]),
  ],
  beta: interfaceUp("eth0", ["10.70.0.12/24", "fd70::12/64"]),
  gamma: [
    ...interfaceUp("eth0", ["10.70.0.13/24", "fd70::13/64"]),
    ...interfaceUp("lan0", ["10.71.3.1/24", "fd71:3::1/64", "10.71.4.1/24"]),
  ],
  server: [
    ...interfaceUp("eth0", ["10.71.3.10/24", "fd71:3::10/64", "10.71.4.10/24"]),
    "route add default via 10.71.3.1",
    "route add default via fd71:3::1",
  ],
};

function interfaceUp(name: string, cidrs: readonly string[]): string[] {
  const assign = (cidr: string) => `addr add ${cidr} dev ${name}${cidr.includes(":") ? " nodad" : ""}`;
  return [...cidrs.map(assign), `link set ${name} up`];
}

export type World = { namespaceByPlace: Record<Place, string> };

/** Builds it under names of this run alone. Nothing is made in the host's own namespace but the names of these. */
export async function buildWorld(ledger: Ledger, runId: string): Promise<World> {
  const named = (place: Place) => `arctic-${runId}-${place}`;
  for (const place of places) {
    ledger.addNamespace(named(place));
    await run(["ip", "netns", "add", named(place)]);
  }
  for (const [from, fromName, to, toName] of cables) {
    await run([
      "ip",
      "-n",
      named(from),
      "link",
      "add",
      fromName,
      "type",
      "veth",
      "peer",
      "name",
      toName,
      "netns",
      named(to),
    ]);
  }
  for (const place of places) {
    const lines = ["link set lo up", ...settings[place]];
    await run(["ip", "-n", named(place), "-batch", "-"], { stdin: `${lines.join("\n")}\n` });
  }
  for (const gateway of ["alpha", "gamma"] as const) {
    await run(["ip", "netns", "exec", named(gateway), "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1"]);
  }
  const namespaceByPlace = Object.fromEntries(places.map((place) => [place, named(place)])) as Record<Place, string>;
  return { namespaceByPlace };
}
