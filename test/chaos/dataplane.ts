import { setTimeout as sleep } from "node:timers/promises";
import type { PlanService } from "@arctic/dataplane";
import { type Pair, startPair } from "../../packages/dataplane/test/system/support/pair.ts";
import { onLan, PEER_A, PEER_B, planOf, planPeer, routed } from "../../packages/dataplane/test/system/support/plans.ts";
import { missingForWorld } from "../../packages/dataplane/test/system/support/world.ts";
import { createRandom } from "../simulation/random.ts";
import type { Asked } from "./asked.ts";
import { startPressure } from "./pressure.ts";

/** A start and an apply take less on an idle machine; later moments find the process at rest, which counts too. */
const LONGEST_MS = 700;

/**
 * Kills the data plane of host a at random moments, while a client presses on and host b and the main table would let
 * everything through. Returns what was found wrong, one line each with the kill's number.
 */
export async function killDataplane({ kills, seed }: Asked, say: (text: string) => void): Promise<string[]> {
  const missing = await missingForWorld();
  if (missing !== undefined) throw new Error(`this needs network namespaces, but: ${missing}`);
  const { next } = createRandom(seed);
  const pair = await startPair(["--log-level", "debug"]);
  const findings: string[] = [];
  // Who is told to end leaves no namespace and no process behind either.
  const end = (): void => void pair.destroy().finally(() => process.exit(1));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, end);
  try {
    await pair.apply(PLANS[0]?.map(entryOf) ?? [], [routed("exit"), { ...onLan("exit"), fully_transparent: false }]);
    await pair.active("a");
    const pressure = await startPressure(pair.world);
    await pair.client("a").apply(planOf(PEER_A, [], []));
    const bare = await pair.world.kernelStateOf("a");
    for (let kill = 1; kill <= kills; kill += 1) {
      const found = await oneKill(pair, bare, next);
      const leaked = await pressure.leaked();
      if (leaked > 0) found.push(`${leaked} packets of the client reached the server in the clear`);
      findings.push(...found.map((text) => `kill ${kill} of the data plane: ${text}`));
      say(`\r${kill} of ${kills} kills of the data plane, ${findings.length} findings `);
    }
    say("\n");
    if ((await pressure.tried()) < kills) findings.push("the client pressed on less than once a kill");
  } finally {
    await pair.destroy();
  }
  return findings;
}

interface Entry {
  readonly kind: "routed" | "lan";
  readonly mbps: number;
}

/** What a host may be asked for in turn; the first carries, so that there is something to lose. */
const PLANS: readonly (readonly Entry[])[] = [
  [
    { kind: "routed", mbps: 0 },
    { kind: "lan", mbps: 0 },
  ],
  [{ kind: "routed", mbps: 20 }],
  [{ kind: "lan", mbps: 10 }],
  [{ kind: "routed", mbps: 0 }],
];
const entryOf = ({ kind, mbps }: Entry): PlanService => ({
  ...(kind === "routed" ? routed("entry") : { ...onLan("entry"), fully_transparent: false }),
  bandwidth_limit_mbps: mbps,
});

async function oneKill(pair: Pair, bare: string, random: () => number): Promise<string[]> {
  const wanted = (PLANS[Math.floor(random() * PLANS.length)] ?? []).map(entryOf);
  const isStartKilled = random() < 0.5;
  const peer = planPeer(PEER_B, "b", ["10.71.2.2"], await pair.client("b").identity());
  const plan = planOf(PEER_A, [peer], wanted);
  const applied = pair
    .client("a")
    .apply(plan)
    .then(
      () => true,
      () => false,
    );
  if (isStartKilled) await applied;
  else await sleep(random() * LONGEST_MS);
  await pair.process("a").end("SIGKILL");
  if (isStartKilled) await pair.startAndKill("a", random() * LONGEST_MS);
  await sleep(random() * 100);
  await pair.restart("a");
  return [...(await missingIn(pair, plan)), ...(await leftIn(pair, bare))];
}

/** Applied anew, the plan holds, and applied once more it finds nothing to do. */
async function missingIn(pair: Pair, plan: Parameters<ReturnType<Pair["client"]>["apply"]>[0]): Promise<string[]> {
  const { services } = await pair.client("a").apply(plan);
  const lacking = services.filter(({ reason = "" }) => /kernel lacks|not the one that was written/.test(reason));
  const before = changesIn(pair);
  await pair.client("a").apply(plan);
  const repeated = changesIn(pair).slice(before.length);
  return [
    ...lacking.map(({ service_id, reason }) => `${service_id} lacks something after the start: ${reason}`),
    ...(repeated.length === 0 ? [] : [`the same plan changed the kernel again: ${repeated.join("; ")}`]),
  ];
}

const changesIn = (pair: Pair): string[] =>
  pair
    .process("a")
    .output()
    .split("\n")
    .filter((line) => /kernel_(changed|refused)/.test(line));

/** With an empty plan the host is as it was before the first kill. */
async function leftIn(pair: Pair, bare: string): Promise<string[]> {
  await pair.client("a").apply(planOf(PEER_A, [], []));
  const left = await pair.world.kernelStateOf("a");
  if (left === bare) return [];
  const known = new Set(bare.split("\n"));
  const more = left.split("\n").filter((line) => !known.has(line));
  return [`left over: ${more.join("; ") || "something is missing that was there before"}`];
}
