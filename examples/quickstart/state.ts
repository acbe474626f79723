import { setTimeout as sleep } from "node:timers/promises";
import type { Arctic } from "./cluster.ts";

/** What the story reads of the command's JSON: see the agent's schemas for the whole. */
export type ClusterStatus = {
  converged: boolean;
  totals: { members: number; connected: number; services: number };
  differences: { peer_id: string; reason: string }[];
};

export type Service = {
  id: string;
  name: string;
  local_role: string;
  state: string;
  reason?: string;
  traffic?: {
    pegasus: { flows_total: number; bytes_in: number; bytes_out: number };
    tempest: { packets_in: number; packets_out: number };
  };
};

/**
 * Every named host says that it holds what all hold. Heartbeats, which tell what each holds, are a minute apart; as an
 * operator in a hurry would, this asks for one now. Throws what still differs after `withinMs`.
 */
export async function waitUntilConverged(arctic: Arctic, hosts: readonly string[], withinMs: number): Promise<void> {
  await poll(withinMs, async () => {
    for (const host of hosts) await arctic.json("cluster", "sync", "--peer", host);
    const words: string[] = [];
    for (const host of hosts) words.push(...(await differencesAt(arctic, host, hosts.length)));
    return words.length === 0 ? undefined : words.join("; ");
  });
}

async function differencesAt(arctic: Arctic, host: string, members: number): Promise<string[]> {
  const { converged, totals, differences } = (await arctic.json("cluster", "status", "--peer", host)) as ClusterStatus;
  if (converged && totals.members === members) return [];
  const reasons = differences.map(({ peer_id, reason }) => `of ${peer_id}: ${reason}`);
  return [`${host} knows ${totals.members} members`, ...reasons.map((reason) => `${host} says ${reason}`)];
}

/** Both ends of every named service report that it carries. Throws the reasons that they give after `withinMs`. */
export async function waitUntilActive(
  arctic: Arctic,
  names: readonly string[],
  ends: readonly string[],
  withinMs: number,
): Promise<void> {
  for (const host of ends) {
    await poll(withinMs, async () => {
      const services = await servicesAt(arctic, host);
      const waiting = names.filter((name) => services.find((one) => one.name === name)?.state !== "active");
      if (waiting.length === 0) return undefined;
      const words = waiting.map((name) => {
        const service = services.find((one) => one.name === name);
        return service === undefined
          ? `${name} is unknown`
          : `${name} is ${service.state}: ${service.reason ?? "no reason given"}`;
      });
      return `${host} says ${words.join("; ")}`;
    });
  }
}

export async function servicesAt(arctic: Arctic, host: string): Promise<Service[]> {
  const listed = (await arctic.json("services", "list", "--peer", host)) as Service[] | { services: Service[] };
  return Array.isArray(listed) ? listed : listed.services;
}

/** Asks until `ask` has nothing more to say; throws its last words after `withinMs`. */
export async function poll(withinMs: number, ask: () => Promise<string | undefined>): Promise<void> {
  const deadlineAt = Date.now() + withinMs;
  for (;;) {
    const said = await ask();
    if (said === undefined) return;
    if (Date.now() > deadlineAt) throw new Error(`not within ${withinMs / 1000} s: ${said}`);
    await sleep(250);
  }
}
