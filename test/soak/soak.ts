import { availableParallelism } from "node:os";
import { Chaos, type FaultCounts } from "./chaos.ts";
import { pause } from "./clock.ts";
import { type Cost, measureCost } from "./cost.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { type Complaint, Ledger } from "./ledger.ts";
import { Random } from "./random.ts";
import { servicesAt, Writer } from "./writer.ts";

export interface SoakReport {
  readonly agents: number;
  readonly faults: FaultCounts;
  readonly acknowledged: number;
  readonly refused: number;
  readonly unanswered: number;
  /** Services that are there in the end. */
  readonly things: number;
  readonly complaints: readonly Complaint[];
  /** How long it took after the last fault until all held the same; absent where they never did. */
  readonly calmMs: number | undefined;
  /** Log lines that no run may bring, with how often they came. */
  readonly alarms: Readonly<Record<string, number>>;
  readonly latenciesMs: readonly number[];
  readonly cost: Cost | undefined;
}

const CALM_LIMIT_MS = 180_000;
const TELL_EVERY_MS = 10_000;
/** Each is a defect, whatever was done to the agents. */
const ALARMS = ["registry.equivocation", "identity.cloned", "driver.input_failed", "api.failed", "storage.failed"];

export interface SoakPlan {
  readonly minutes: number;
  readonly agents: number;
  readonly seed: number;
  /** Where the run ends: at the verdict, or with what a write costs once all is calm, which takes most of a minute. */
  readonly upTo: "verdict" | "cost";
}

export async function runSoak(plan: SoakPlan, tell: (line: string) => void): Promise<SoakReport> {
  const { minutes, agents, seed, upTo } = plan;
  const random = new Random(seed);
  const fleet = await startFleet(agents, tell);
  let keeps: "logs" | "nothing" = "logs";
  try {
    const ledger = new Ledger();
    const latenciesMs: number[] = [];
    const chaos = new Chaos(fleet, random, tell);
    const load = new Load(fleet, random, ledger, latenciesMs);
    load.start();
    chaos.start();
    const endAt = Date.now() + minutes * 60_000;
    for (let at = Date.now(); at < endAt; at = Date.now()) {
      await pause(Math.min(15_000, endAt - at));
      tell(`${ledger.acknowledged} writes acknowledged, ${ledger.refused} refused, ${ledger.unanswered} unanswered`);
    }
    await chaos.stop();
    await load.stop();
    tell("calm");
    const calmFrom = Date.now();
    const hashes = await calm(fleet, tell);
    const calmMs = hashes === undefined ? undefined : Date.now() - calmFrom;
    const complaints: Complaint[] = [];
    let things = 0;
    for (const { index, client } of fleet.members) {
      const found = await servicesAt(client);
      things = found.size;
      complaints.push(...ledger.check(`agent ${index}`, found));
    }
    const { acknowledged, refused, unanswered } = ledger;
    const cost = calmMs === undefined || upTo === "verdict" ? undefined : await measureCost(fleet, random);
    const alarms = Object.fromEntries(
      ALARMS.map((event) => [event, fleet.members.reduce((sum, member) => sum + member.count(event), 0)]),
    );
    const { counts: faults } = chaos;
    const isSound = complaints.length === 0 && Object.values(alarms).every((count) => count === 0);
    if (isSound && calmMs !== undefined) keeps = "nothing";
    return { agents, faults, acknowledged, refused, unanswered, things, complaints, calmMs, alarms, latenciesMs, cost };
  } finally {
    await fleet.remove(keeps);
  }
}

/** Clients that write everywhere, mostly to the owner of what they write, now and then through another agent. */
class Load {
  readonly #writers: Writer[];
  #isStopped = false;
  #running: Promise<void>[] = [];

  constructor(fleet: Fleet, random: Random, ledger: Ledger, latenciesMs: number[]) {
    const { members } = fleet;
    const up = () => members.filter((member) => member.isUp());
    this.#writers = Array.from({ length: Math.max(4, 3 * availableParallelism()) }, (_, at) => {
      return new Writer({
        name: `w${at}`,
        ledger,
        random,
        desk: () => (up().length === 0 ? undefined : random.pick(up())),
        source: (desk) => (random.next() < 0.7 ? desk.peerId : random.pick(members).peerId),
        target: (source) => random.pick(members.filter(({ peerId }) => peerId !== source)).peerId,
        onLatency: (ms) => latenciesMs.push(ms),
      });
    });
  }

  start(): void {
    this.#running = this.#writers.map(async (writer) => {
      while (!this.#isStopped) await pause((await writer.write()) ? 20 : 100);
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#running);
  }
}

/** Waits until every agent tells the same three hashes twice in a row; `undefined` where that does not come. */
async function calm(fleet: Fleet, tell: (line: string) => void): Promise<string | undefined> {
  const endAt = Date.now() + CALM_LIMIT_MS;
  let before: string | undefined;
  let toldAt = Date.now();
  while (Date.now() < endAt) {
    const hashes = await hashesOf(fleet);
    const present = new Set(hashes).size === 1 && hashes[0]?.startsWith("{") ? hashes[0] : undefined;
    if (present === undefined && Date.now() - toldAt > TELL_EVERY_MS) {
      toldAt = Date.now();
      tell(`not the same yet: ${[...new Set(hashes)].join(" ")}`);
    }
    if (present !== undefined && present === before) return present;
    before = present;
    await pause(500);
  }
  return undefined;
}

/** What each agent says that it holds, or why it says nothing. */
function hashesOf({ members }: Fleet): Promise<string[]> {
  return Promise.all(
    members.map(async ({ index, client }) => {
      try {
        return JSON.stringify((await client.getStatus()).hashes);
      } catch (error) {
        return `agent ${index}: ${error instanceof Error ? error.message : String(error)}`;
      }
    }),
  );
}
