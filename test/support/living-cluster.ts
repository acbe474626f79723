import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Arctic, type HostSpec, startAgent, waitUntilAlive } from "../../examples/quickstart/cluster.ts";
import { startTicksOf } from "../../examples/quickstart/remove.ts";
import { closeRun, logPath, openRun, type Run } from "../../examples/quickstart/run.ts";
import { Screen } from "../../examples/quickstart/screen.ts";
import { poll } from "../../examples/quickstart/state.ts";
import { tellStory } from "../../examples/quickstart/story.ts";
import { addresses, type World } from "../../examples/quickstart/world.ts";

export type HostName = "alpha" | "beta" | "gamma";

/** The quickstart's cluster, carrying: three real agents and three real data planes in namespaces, from the built packages. */
export interface LivingCluster {
  readonly run: Run;
  readonly arctic: Arctic;
  readonly world: World;
  /** Kills the host's agent with signal 9 and waits until it is gone. */
  killAgent(host: HostName): Promise<void>;
  /** Starts the agent again; does not wait for it. */
  startAgent(host: HostName): void;
  /** Waits until the agent that was started last answers. */
  agentAnswers(host: HostName): Promise<void>;
  /** Waits until that agent has handed its plan over, so that nothing of its start is still to come. */
  agentApplied(host: HostName): Promise<void>;
  close(): Promise<void>;
}

/** @throws Error with what failed of the quickstart's own checks; nothing is left then. */
export async function openLivingCluster(directory: string): Promise<LivingCluster> {
  const run = await openRun(directory, new Screen(process.stderr), new AbortController().signal);
  try {
    const { checks, arctic } = await tellStory(run);
    const failed = checks.all.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`);
    if (arctic === undefined || failed.length > 0) throw new Error(`the cluster does not carry: ${failed.join("; ")}`);
    return new Living(run, arctic);
  } catch (error) {
    await closeRun(run);
    throw error;
  }
}

class Living implements LivingCluster {
  readonly run: Run;
  readonly arctic: Arctic;
  readonly world: World;
  /** Where the log of each host's agent stood when it was last started. */
  readonly #logStartByHost = new Map<HostName, number>();

  constructor(run: Run, arctic: Arctic) {
    this.run = run;
    this.arctic = arctic;
    const places = ["backbone", "client", "alpha", "beta", "gamma", "server"] as const;
    const named = places.map((place) => [place, `arctic-${run.id}-${place}`]);
    this.world = { namespaceByPlace: Object.fromEntries(named) };
  }

  async killAgent(host: HostName): Promise<void> {
    const found = this.run.ledger.state.processes.findLast(({ name }) => name === `${host}-agent`);
    if (found === undefined || startTicksOf(found.pid) !== found.start_ticks)
      throw new Error(`the agent of ${host} is not running`);
    process.kill(found.pid, "SIGKILL");
    while (startTicksOf(found.pid) === found.start_ticks) await sleep(5);
  }

  startAgent(host: HostName): void {
    this.#logStartByHost.set(host, this.#log(host).length);
    startAgent(this.run, this.#spec(host));
  }

  async agentAnswers(host: HostName): Promise<void> {
    const agent = this.run.processes.findLast(({ name }) => name === `${host}-agent`);
    if (agent === undefined) throw new Error(`${host} never had an agent`);
    await waitUntilAlive(this.run, this.#spec(host), agent);
  }

  async agentApplied(host: HostName): Promise<void> {
    await poll(20_000, async () => {
      const said = this.#log(host).slice(this.#logStartByHost.get(host) ?? 0);
      return said.includes("dataplane.plan_applied") ? undefined : `the agent of ${host} has not handed its plan over`;
    });
  }

  close(): Promise<void> {
    return closeRun(this.run);
  }

  #spec(host: HostName): HostSpec {
    return { name: host, namespace: this.world.namespaceByPlace[host], address: `${addresses[host]}:8080` };
  }

  #log(host: HostName): string {
    return readFileSync(logPath(this.run, `${host}-agent`), "utf8");
  }
}
