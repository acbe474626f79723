import { EXIT, Failure } from "../failure.ts";
import { type Access, findHub, type Hub, observe, type Probe, probePeers } from "./observe.ts";
import { composePlan, type Observed, type Plan } from "./plan.ts";
import type { Compose } from "./schema.ts";

/** Everything that is known before the first change. */
export interface Prepared {
  readonly compose: Compose;
  readonly probes: ReadonlyMap<string, Probe>;
  readonly hub: Hub | undefined;
  readonly observed: Observed;
  readonly plan: Plan;
}

/** Looks at every host of the file and plans. Changes nothing; the hub's client is left open for the caller to close. */
export async function prepare(
  compose: Compose,
  access: Access,
  options: { readonly isPruning: boolean; readonly isIgnoringUnreachable: boolean },
): Promise<Prepared> {
  const probes = await probePeers(compose, access.timeoutMs);
  const hub = findHub(compose, probes, access);
  try {
    const observed = await observe(compose, probes, hub);
    const plan = composePlan(compose, observed, { isPruning: options.isPruning });
    if (plan.unreachable.length > 0 && !options.isIgnoringUnreachable) throw unreachable(plan);
    if (plan.unreachable.length === compose.peers.length) throw unreachable(plan);
    return { compose, probes, hub, observed, plan };
  } catch (error) {
    hub?.client.close();
    throw error;
  }
}

function unreachable({ unreachable: peers }: Plan): Failure {
  const lines = peers.map(({ peer, reason }) => `\n  ${peer}: ${reason}`);
  return new Failure(EXIT.connection, "PEER_UNREACHABLE", `peers of the file are out of reach:${lines.join("")}`, {
    next: "Nothing was done. Start them, or go on without them: --ignore-unreachable",
    details: peers,
  });
}
