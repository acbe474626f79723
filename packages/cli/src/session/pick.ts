import type { Credential, Peer, Route, Service } from "@arctic/agent/client";
import { EXIT, Failure } from "../failure.ts";

/** The peer with that id or name. Ended peers give way to others of their name. */
export function pickPeer(peers: readonly Peer[], text: string): Peer {
  const live = peers.filter((peer) => peer.state !== "left" && peer.state !== "revoked");
  const named = live.filter((peer) => peer.name === text);
  const found = [peers.find((peer) => peer.id === text) ?? [], named].flat();
  return onlyOne("peer", text, found, live);
}

/** The service with that id or name. */
export function pickService(services: readonly Service[], text: string): Service {
  const byId = services.filter((service) => service.id === text);
  const found = byId.length > 0 ? byId : services.filter((service) => service.name === text);
  return onlyOne("service", text, found, services);
}

/** The client with that id. Clients have no names. */
export function pickCredential(credentials: readonly Credential[], text: string): Credential {
  const found = credentials.find((credential) => credential.client_id === text);
  if (found !== undefined) return found;
  const ids = credentials.map((credential) => credential.client_id);
  throw new Failure(EXIT.general, "NOT_FOUND", `there is no client "${text}" that is not revoked.`, {
    next: `Candidates: ${ids.join(", ")}`,
    details: { candidates: ids },
  });
}

/** The route of the service with that number. */
export function pickRoute(service: Service, routeId: number): Route {
  const route = service.routes.find((candidate) => candidate.route_id === routeId);
  if (route !== undefined) return route;
  const numbers = service.routes.map((candidate) => candidate.route_id);
  throw new Failure(EXIT.general, "NOT_FOUND", `${service.name} has no route ${routeId}.`, {
    next: numbers.length === 0 ? "It has no route at all." : `Candidates: ${numbers.join(", ")}`,
    details: { candidates: numbers },
  });
}

function onlyOne<T extends { readonly id: string; readonly name: string }>(
  what: string,
  text: string,
  found: readonly T[],
  all: readonly T[],
): T {
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  if (first !== undefined) {
    throw new Failure(EXIT.general, "AMBIGUOUS", `${found.length} ${what}s are named "${text}": say which by its id.`, {
      next: `Candidates: ${found.map((item) => item.id).join(", ")}`,
      details: { candidates: found.map(({ id, name }) => ({ id, name })) },
    });
  }
  const candidates = closest(text, all).map((item) => `${item.name} (${item.id})`);
  throw new Failure(EXIT.general, "NOT_FOUND", `there is no ${what} with the name or id "${text}".`, {
    next: candidates.length === 0 ? `There is no ${what} at all.` : `Candidates: ${candidates.join(", ")}`,
    details: { candidates: closest(text, all).map(({ id, name }) => ({ id, name })) },
  });
}

/** At most ten, those that share letters at the beginning first. */
function closest<T extends { readonly id: string; readonly name: string }>(text: string, all: readonly T[]): T[] {
  const shared = (item: T) => Math.max(sharedPrefix(text, item.name), sharedPrefix(text, item.id));
  return [...all].sort((a, b) => shared(b) - shared(a) || (a.name < b.name ? -1 : 1)).slice(0, 10);
}

function sharedPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a.charAt(length).toLowerCase() === b.charAt(length).toLowerCase()) length += 1;
  return length;
}
