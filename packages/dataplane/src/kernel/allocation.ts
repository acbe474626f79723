import * as z from "zod";
import type { NetworkPlan } from "../plan.ts";
import { MAX_PEER_INDEX, MAX_SERVICE_INDEX } from "./mark.ts";

/**
 * Small numbers for long ids. A number stays with its id as long as the plan names the id, also over restarts, since
 * connections in the kernel's table still bear it; a freed number is taken again only when the range has gone round.
 */

const indices = z.strictObject({ next: z.int().min(1), taken: z.record(z.string(), z.int().min(1)) });

export const allocationsSchema = z.strictObject({
  peers: indices,
  services: indices,
  /** Loopback ports of services with an interface of their own. */
  capture_ports: indices,
});
export type Allocations = z.infer<typeof allocationsSchema>;
type Indices = z.infer<typeof indices>;

const FIRST_CAPTURE_PORT = 61_100;
const LAST_CAPTURE_PORT = 65_000;

export const NO_ALLOCATIONS: Allocations = {
  peers: { next: 1, taken: {} },
  services: { next: 1, taken: {} },
  capture_ports: { next: FIRST_CAPTURE_PORT, taken: {} },
};

/** `previous` itself where it holds. An id for which no number was left has none; its services cannot be programmed. */
export function allocate(previous: Allocations, plan: NetworkPlan): Allocations {
  const peerIds = new Set(plan.services.map((service) => service.peer_id));
  const withInterface = plan.services.filter((service) => service.role === "entry" && service.interface !== undefined);
  const next = {
    peers: assign(previous.peers, peerIds, 1, MAX_PEER_INDEX),
    services: assign(
      previous.services,
      new Set(plan.services.map((service) => service.service_id)),
      1,
      MAX_SERVICE_INDEX,
    ),
    capture_ports: assign(
      previous.capture_ports,
      new Set(withInterface.map((service) => service.service_id)),
      FIRST_CAPTURE_PORT,
      LAST_CAPTURE_PORT,
    ),
  };
  const isSame =
    next.peers === previous.peers &&
    next.services === previous.services &&
    next.capture_ports === previous.capture_ports;
  return isSame ? previous : next;
}

function assign(previous: Indices, ids: ReadonlySet<string>, first: number, last: number): Indices {
  const held = Object.keys(previous.taken);
  if (held.length === ids.size && held.every((id) => ids.has(id))) return previous;
  const taken: Record<string, number> = {};
  for (const [id, index] of Object.entries(previous.taken)) if (ids.has(id)) taken[id] = index;
  const used = new Set(Object.values(taken));
  let next = previous.next;
  for (const id of [...ids].sort()) {
    if (taken[id] !== undefined || used.size > last - first) continue;
    while (used.has(next) || next > last) next = next >= last ? first : next + 1;
    taken[id] = next;
    used.add(next);
    next = next >= last ? first : next + 1;
  }
  return { next, taken };
}
