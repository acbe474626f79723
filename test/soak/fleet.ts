import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { Bootstrapped, Client } from "@arctic/agent/client";
import type { PeerId } from "@arctic/core";
import {
  type AgentProcess,
  type LaunchedAgent,
  launchAgentProcess,
  loopbackEnvironment,
} from "../../packages/agent/test/helpers/agent-process.ts";
import { until } from "../../packages/agent/test/helpers/agents.ts";
import { createAuthority } from "../../packages/agent/test/helpers/authority.ts";
import { ownersOfPorts } from "./socket-owner.ts";
import { Wires } from "./wires.ts";

/** One agent of the fleet. */
export interface Member {
  readonly index: number;
  readonly peerId: PeerId;
  /** Of the running process, also while it is frozen. */
  readonly client: Client;
  /** It runs and is not frozen: it can be written to. */
  isUp(): boolean;
  kill(): Promise<void>;
  restart(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** Lines of one event, over all its processes. */
  count(event: string): number;
}

export interface Fleet {
  readonly members: readonly Member[];
  readonly wires: Wires;
  /** Ends all; the agents' states and logs stay where a person has to look into them. */
  remove(keeps: "logs" | "nothing"): Promise<void>;
}

const SERVICES = 100_000;

/** Real `arctic-agent` processes on loopback, joined into one cluster; they reach each other through `wires`. */
export async function startFleet(count: number, tell: (line: string) => void): Promise<Fleet> {
  const authority = createAuthority();
  const license = authority.issue({ max_nodes: count + 5, max_services: SERVICES });
  const directory = mkdtempSync(join(tmpdir(), "arctic-soak-"));
  const ships: Ship[] = [];
  const wires = new Wires((localPorts) => {
    const indexByPid = new Map(ships.flatMap(({ pid, index }) => (pid === undefined ? [] : [[pid, index] as const])));
    const pidByPort = ownersOfPorts(localPorts, [...indexByPid.keys()]);
    return new Map([...pidByPort].flatMap(([port, pid]) => [[port, indexByPid.get(pid) ?? -1] as const]));
  });
  const remove = async (keeps: "logs" | "nothing") => {
    await Promise.all(ships.map((ship) => ship.end()));
    wires.close();
    authority.remove();
    if (keeps === "nothing") rmSync(directory, { recursive: true, force: true });
    else tell(`the logs are in ${directory}`);
  };
  try {
    for (let index = 0; index < count; index += 1)
      ships.push(new Ship(index, join(directory, `agent-${index}`), authority.rootsPath));
    await inTurns(ships, (ship) => ship.start());
    tell(`${count} agents listen`);
    const made: Bootstrapped[] = [];
    for (const ship of ships) {
      const door = await wires.open(ship.index, ship.port);
      made[ship.index] = await ship.bootstrap({
        license,
        name: `agent-${ship.index}`,
        addresses: [`127.0.0.1:${door}`],
      });
      ship.door = door;
    }
    const [first] = made;
    if (first === undefined) throw new Error("a fleet has at least one agent");
    for (const ship of ships) ship.signIn(first);
    const [seed, ...others] = ships;
    for (const ship of others) await seed?.client.addPeer({ address: `127.0.0.1:${ship.door}` });
    await until(
      "all are one cluster",
      async () => (await Promise.all(ships.map((ship) => ship.memberCount()))).every((members) => members === count),
      60_000,
    );
    tell(`${count} agents are one cluster`);
    const members = ships.map((ship) => ship.member(made[ship.index]?.peer_id ?? first.peer_id));
    return { members, wires, remove };
  } catch (error) {
    await remove("logs");
    throw error;
  }
}

/** The process of one agent, now this one, now the next. */
class Ship {
  readonly index: number;
  readonly #stateDir: string;
  readonly #rootsPath: string;
  readonly #eventCounts = new Map<string, number>();
  #launched: LaunchedAgent | undefined;
  #process: AgentProcess | undefined;
  #client: Client | undefined;
  #shared: Bootstrapped | undefined;
  #isFrozen = false;
  door = 0;
  port = 0;

  constructor(index: number, stateDir: string, rootsPath: string) {
    this.index = index;
    this.#stateDir = stateDir;
    this.#rootsPath = rootsPath;
  }

  get pid(): number | undefined {
    return this.#launched?.child.pid;
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error(`agent ${this.index} has no client yet`);
    return this.#client;
  }

  async start(): Promise<void> {
    const environment = {
      ...loopbackEnvironment(this.#stateDir, this.#rootsPath, this.port),
      CLUSTER_HEARTBEAT_INTERVAL_SECONDS: "5",
    };
    this.#launched = launchAgentProcess({
      environment,
      onLog: (text) => {
        this.#countEvents(text);
        appendFileSync(`${this.#stateDir}.log`, text);
      },
    });
    this.#process = await this.#launched.listening();
    this.port = this.#process.port;
    if (this.#shared !== undefined) this.signIn(this.#shared);
  }

  async bootstrap(request: Parameters<Client["bootstrap"]>[0]): Promise<Bootstrapped> {
    const client = this.#process?.client();
    if (client === undefined) throw new Error(`agent ${this.index} does not run`);
    try {
      return await client.bootstrap(request);
    } finally {
      client.close();
    }
  }

  signIn(shared: Bootstrapped): void {
    this.#shared = shared;
    this.#client?.close();
    this.#client = this.#process?.client({
      type: "credentials",
      clientId: shared.client_id,
      clientSecret: shared.client_secret,
    });
  }

  async memberCount(): Promise<number> {
    try {
      return (await this.client.allPeers()).filter(({ state }) => state === "connected").length;
    } catch {
      return 0;
    }
  }

  async end(): Promise<void> {
    this.#client?.close();
    await this.#launched?.end("SIGKILL");
  }

  member(peerId: PeerId): Member {
    const ship = this;
    return {
      index: ship.index,
      peerId,
      get client() {
        return ship.client;
      },
      isUp: () => !ship.#isFrozen && ship.#process !== undefined,
      async kill() {
        ship.#process = undefined;
        ship.#isFrozen = false;
        await ship.#launched?.end("SIGKILL");
      },
      restart: () => ship.start(),
      freeze() {
        ship.#isFrozen = true;
        ship.#launched?.child.kill("SIGSTOP");
      },
      thaw() {
        ship.#launched?.child.kill("SIGCONT");
        ship.#isFrozen = false;
      },
      count: (event) => ship.#eventCounts.get(event) ?? 0,
    };
  }

  #countEvents(text: string): void {
    for (const [, event = ""] of text.matchAll(/"event":"([a-z_.]+)"/g))
      this.#eventCounts.set(event, (this.#eventCounts.get(event) ?? 0) + 1);
  }
}

/** As many at once as there are cores. */
async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}
