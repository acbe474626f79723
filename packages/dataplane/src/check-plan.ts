import { parseCidr } from "./cidr.ts";
import { isRankable } from "./match.ts";
import { type NetworkPlan, networkPlanSchema, type PlanService } from "./plan.ts";

export type PlanCheck =
  | { readonly ok: true; readonly plan: NetworkPlan }
  /** Names the place in the plan, what is wrong there, and nothing secret. */
  | { readonly ok: false; readonly problem: string };

/** Reads a plan from untrusted data. What the schema cannot say is said here: unique ids, networks without host bits. */
export function checkPlan(value: unknown): PlanCheck {
  const parsed = networkPlanSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const path = issue === undefined ? "" : pathText(issue.path);
    return { ok: false, problem: `${path || "plan"}: ${issue?.message ?? "malformed"}` };
  }
  const problem = planProblem(parsed.data);
  return problem === undefined ? { ok: true, plan: parsed.data } : { ok: false, problem };
}

/** What the schema cannot say. The routes of services in `judged` were found right before. */
export function planProblem(
  plan: NetworkPlan,
  judged: ReadonlySet<PlanService | undefined> = new Set(),
): string | undefined {
  const serviceIds = new Set<string>();
  const peerIds = new Set<string>();
  for (const [at, peer] of plan.peers.entries()) {
    if (peerIds.has(peer.peer_id)) return `peers[${at}].peer_id: ${peer.peer_id} is named twice`;
    if (peer.peer_id === plan.peer_id) return `peers[${at}].peer_id: ${peer.peer_id} is this host itself`;
    peerIds.add(peer.peer_id);
  }
  for (const [at, service] of plan.services.entries()) {
    const path = `services[${at}]`;
    if (serviceIds.has(service.service_id)) return `${path}.service_id: ${service.service_id} is named twice`;
    if (service.peer_id === plan.peer_id) return `${path}.peer_id: the other end is this host itself`;
    serviceIds.add(service.service_id);
    if (judged.has(service)) continue;
    for (const [index, route] of service.routes.entries()) {
      const problem = isRankable(route) ? undefined : findRouteProblem(route.source_cidr, route.dest_cidr);
      if (problem !== undefined) return `${path}.routes[${index}]${problem}`;
    }
  }
  return undefined;
}

function findRouteProblem(sourceText: string | undefined, destinationText: string | undefined): string | undefined {
  const source = sourceText === undefined ? undefined : parseCidr(sourceText);
  const destination = destinationText === undefined ? undefined : parseCidr(destinationText);
  if (sourceText !== undefined && source === undefined) return `.source_cidr: ${sourceText} is no canonical network`;
  if (destinationText !== undefined && destination === undefined) {
    return `.dest_cidr: ${destinationText} is no canonical network`;
  }
  if (source === undefined && destination === undefined) return ": names neither source_cidr nor dest_cidr";
  if (source !== undefined && destination !== undefined && source.family !== destination.family) {
    return ": source_cidr and dest_cidr are of two families";
  }
  return undefined;
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}
