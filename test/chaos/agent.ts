import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { missingCapabilities } from "../../examples/quickstart/capabilities.ts";
import { hostDirectory, within } from "../../examples/quickstart/cluster.ts";
import { run } from "../../examples/quickstart/command.ts";
import { poll, servicesAt } from "../../examples/quickstart/state.ts";
import { createRandom, type Random } from "../simulation/random.ts";
import { type LivingCluster, openLivingCluster } from "../support/living-cluster.ts";
import type { Asked } from "./asked.ts";
import { watchFlows } from "./watched-flows.ts";

/** The command takes some 300 ms until its request leaves; a start of the agent takes less than a second. */
const LONGEST_MS = 900;
const SETTLED_MS = 30_000;

/**
 * Kills the agents of entry and exit at random moments of a service's making and unmaking and of their own start, while
 * a TCP flow and echoes go on. After each, what was acknowledged is there, and both kernels hold just the services that
 * are. Returns what was found wrong, one line each with the kill's number.
 */
export async function killAgents({ kills, seed }: Asked, say: (text: string) => void): Promise<string[]> {
  const missing = missingCapabilities().map(({ reason }) => reason);
  if (missing.length > 0) throw new Error(`this needs network namespaces, but: ${missing.join("; ")}`);
  const random = createRandom(seed);
  const folder = await mkdtemp(join(tmpdir(), "arctic-chaos-"));
  const cluster = await openLivingCluster(join(folder, "run"));
  const close = (): Promise<void> => cluster.close().finally(() => rm(folder, { recursive: true, force: true }));
  const end = (): void => void close().finally(() => process.exit(1));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, end);
  const findings: string[] = [];
  const made = new Made();
  try {
    const flows = await watchFlows(cluster);
    for (let kill = 1; kill <= kills; kill += 1) {
      const found = [...(await oneKill(cluster, made, random)), ...flows.noticed()];
      findings.push(...found.map((text) => `kill ${kill} of an agent: ${text}`));
      say(`\r${kill} of ${kills} kills of agents, ${findings.length} findings `);
    }
    say("\n");
    findings.push(...(await flows.end()));
    if (made.acknowledged < kills / 10) findings.push(`only ${made.acknowledged} changes were acknowledged`);
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, end);
    await close();
  }
  return findings;
}

/** What the kernel counts for, by the marks of packets: their upper half is the service's number. */
async function heldServices(cluster: LivingCluster, host: "alpha" | "gamma"): Promise<ReadonlySet<string>> {
  const listing = ["nft", "list", "set", "inet", "arctic", "counted"];
  const text = await run(within(cluster.world.namespaceByPlace[host], listing));
  const numbers = new Set(
    [...text.matchAll(/original \. 0x([0-9a-f]{8})/g)].map(([, mark]) => Number(`0x${mark}`) >>> 16),
  );
  const file = join(hostDirectory(cluster.run, host), "dataplane", "numbers.json");
  const { services } = JSON.parse(await readFile(file, "utf8")) as { services: { taken: Record<string, number> } };
  const idByNumber = new Map(Object.entries(services.taken).map(([id, number]) => [number, id]));
  return new Set([...numbers].map((number) => idByNumber.get(number) ?? `number ${number}`));
}

/** The services that were asked for, by name, and what is known of each. */
class Made {
  readonly #stateByName = new Map<string, "there" | "gone" | "unknown">();
  acknowledged = 0;
  #next = 0;

  get there(): readonly string[] {
    return [...this.#stateByName].filter(([, state]) => state === "there").map(([name]) => name);
  }

  /** There are never as many as there are addresses. */
  newService(): { name: string; address: string } {
    this.#next += 1;
    return { name: `chaos-${this.#next}`, address: `10.71.1.${100 + (this.#next % 100)}/24` };
  }

  answered(name: string, wanted: "there" | "gone", isAcknowledged: boolean): void {
    if (isAcknowledged) this.acknowledged += 1;
    this.#stateByName.set(name, isAcknowledged ? wanted : "unknown");
  }

  /** Who was not answered is what it is found to be. */
  check(names: ReadonlySet<string>): string[] {
    return [...this.#stateByName].flatMap(([name, state]) => {
      const found = names.has(name) ? "there" : "gone";
      this.#stateByName.set(name, found);
      return state === "unknown" || state === found
        ? []
        : [`${name} is ${found}, which was acknowledged to be ${state}`];
    });
  }
}

async function oneKill(cluster: LivingCluster, made: Made, random: Random): Promise<string[]> {
  const host = random.pick(["alpha", "gamma"] as const) ?? "alpha";
  const changed = change(cluster, made, random);
  await sleep(random.between(0, LONGEST_MS));
  await cluster.killAgent(host);
  if (random.next() < 0.3) {
    cluster.startAgent(host);
    await sleep(random.between(0, LONGEST_MS));
    await cluster.killAgent(host);
  }
  cluster.startAgent(host);
  await Promise.all([cluster.agentAnswers(host), changed]);
  await cluster.agentApplied(host);
  return settled(cluster, made);
}

/** Makes a service with an interface of its own, or unmakes one. */
async function change(cluster: LivingCluster, made: Made, random: Random): Promise<void> {
  const old = made.there.length > 3 || random.next() < 0.4 ? random.pick(made.there) : undefined;
  if (old !== undefined) {
    const { code } = await cluster.arctic.finish("services", "delete", old, "--yes");
    made.answered(old, "gone", code === 0);
    return;
  }
  const { name, address } = made.newService();
  const ends = ["--source-peer", "alpha", "--target-peer", "gamma"];
  const own = ["--requires-interface", "--desired-ipv4", address];
  const { code } = await cluster.arctic.finish("services", "create", "--name", name, ...ends, ...own);
  made.answered(name, "there", code === 0);
}

/** Waits until both ends agree with their kernels. */
async function settled(cluster: LivingCluster, made: Made): Promise<string[]> {
  const findings: string[] = [];
  for (const host of ["alpha", "gamma"] as const) {
    try {
      // An agent that has just started may not yet be reached by the one that relays to it.
      await poll(SETTLED_MS, () => differenceAt(cluster, host).catch(messageOf));
    } catch (error) {
      findings.push(`${host}: ${messageOf(error)}`);
    }
  }
  const names = (await servicesAt(cluster.arctic, "alpha")).map(({ name }) => name);
  return [...findings, ...made.check(new Set(names))];
}

async function differenceAt(cluster: LivingCluster, host: "alpha" | "gamma"): Promise<string | undefined> {
  const services = await servicesAt(cluster.arctic, host);
  const held = await heldServices(cluster, host);
  const lacking = services.filter(({ id, state }) => !held.has(id) || state !== "active");
  const surplus = [...held].filter((id) => !services.some((service) => service.id === id));
  if (lacking.length === 0 && surplus.length === 0) return undefined;
  const words = lacking.map(({ name, state, reason }) => `${name} is ${state}${reason ? `: ${reason}` : ""}`);
  return [...words, ...surplus.map((id) => `the kernel holds ${id}, which is gone`)].join("; ");
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
