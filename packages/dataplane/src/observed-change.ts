import type { Observation } from "./plan.ts";

/** Which services and peers are no longer as they were seen before, came or went. Counts do not matter. */
export interface ObservedChange {
  readonly services: readonly string[];
  readonly peers: readonly string[];
}

type Service = Observation["services"][number];
type Peer = Observation["peers"][number];

/** Undefined where nothing changed. */
export function changeBetween(before: Observation, after: Observation): ObservedChange | undefined {
  const services = differing(byId(before.services, serviceIdOf), byId(after.services, serviceIdOf), isSameService);
  const peers = differing(byId(before.peers, peerIdOf), byId(after.peers, peerIdOf), isSamePeer);
  return services.length + peers.length === 0 ? undefined : { services, peers };
}

const serviceIdOf = (service: Service): string => service.service_id;
const peerIdOf = (peer: Peer): string => peer.peer_id;

function isSameService(a: Service, b: Service): boolean {
  return a === b || (a.role === b.role && a.state === b.state && a.reason === b.reason);
}

function isSamePeer(a: Peer, b: Peer): boolean {
  return a.links_open === b.links_open && hasShakenHands(a) === hasShakenHands(b);
}

const hasShakenHands = (peer: Peer): boolean => peer.tunnel?.handshake_at !== undefined;

function byId<T>(items: readonly T[], idOf: (item: T) => string): ReadonlyMap<string, T> {
  return new Map(items.map((item) => [idOf(item), item]));
}

function differing<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  isSame: (a: T, b: T) => boolean,
): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((id) => {
    const [was, is] = [before.get(id), after.get(id)];
    return was === undefined || is === undefined || !isSame(was, is);
  });
}
