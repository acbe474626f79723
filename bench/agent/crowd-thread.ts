import { parentPort, workerData } from "node:worker_threads";
import type { License, Notice } from "@arctic/core";
import type { Bootstrapped } from "../../packages/agent/src/api/client.ts";
import { bootstrapped, startTestAgent, type TestAgent } from "../../packages/agent/test/helpers/agents.ts";

/** What a thread of the crowd is made with. */
export interface Part {
  readonly size: number;
  /** Of the whole crowd: the others' numbers follow. */
  readonly firstNumber: number;
  readonly rootsPath: string;
  readonly license: License;
}

export interface Started {
  readonly addresses: readonly string[];
  /** Of the first agent, for a client of it. */
  readonly made: Bootstrapped;
}

export type Asked =
  | { readonly type: "renew" }
  | { readonly type: "tell"; readonly links: number; readonly records: number }
  | { readonly type: "stop" };

export interface Told {
  /** Each agent of the thread has so many links, and so many records that are no services. */
  readonly isComplete: boolean;
  /** When each service that came since the last time was on an agent's disk: milliseconds since the epoch. */
  readonly servicesAt: readonly number[];
}

/** One agent, and what it knows by its own notices. */
interface Member {
  readonly links: Set<string>;
  readonly keys: Set<string>;
}

const { size, firstNumber, rootsPath, license } = workerData as Part;
let agents: TestAgent[] = [];
let members: Member[] = [];
let servicesAt: number[] = [];

async function startOne(number: number): Promise<Bootstrapped> {
  const member = { links: new Set<string>(), keys: new Set<string>() };
  const agent = await startTestAgent(
    rootsPath,
    { heartbeatEveryMs: 60_000, logLevel: "error" },
    { writeLog: () => undefined, onNotice: (notice) => noticed(member, notice) },
  );
  agents.push(agent);
  members.push(member);
  return bootstrapped(agent, license, `host ${number}`);
}

function noticed({ links, keys }: Member, notice: Notice): void {
  if (notice.type === "peer_linked") links.add(notice.link);
  if (notice.type === "peer_unlinked") links.delete(notice.link);
  if (notice.type !== "applied") return;
  for (const { kind, owner, id } of notice.records) {
    if (kind === "service") servicesAt.push(performance.timeOrigin + performance.now());
    else keys.add(`${kind} ${owner} ${id}`);
  }
}

function told({ links, records }: Extract<Asked, { type: "tell" }>): Told {
  const isComplete = members.every((member) => member.keys.size >= records && member.links.size >= links);
  const since = servicesAt;
  servicesAt = [];
  return { isComplete, servicesAt: since };
}

async function startAll(): Promise<Started> {
  const made = await startOne(firstNumber);
  for (let number = firstNumber + 1; number < firstNumber + size; number += 1) await startOne(number);
  return { addresses: agents.map((agent) => agent.address()), made };
}

async function removeAll(): Promise<void> {
  for (const agent of agents) await agent.remove();
  [agents, members, servicesAt] = [[], [], []];
}

parentPort?.on("message", async (asked: Asked) => {
  switch (asked.type) {
    case "tell":
      parentPort?.postMessage(told(asked));
      return;
    case "renew":
      await removeAll();
      parentPort?.postMessage(await startAll());
      return;
    case "stop":
      await removeAll();
      parentPort?.close();
  }
});
parentPort?.postMessage(await startAll());
