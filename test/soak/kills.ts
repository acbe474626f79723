import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Bootstrapped, Client } from "@arctic/agent/client";
import {
  type AgentProcess,
  launchAgentProcess,
  loopbackEnvironment,
} from "../../packages/agent/test/helpers/agent-process.ts";
import { until } from "../../packages/agent/test/helpers/agents.ts";
import { createAuthority } from "../../packages/agent/test/helpers/authority.ts";
import { pause } from "./clock.ts";
import { type Complaint, Ledger } from "./ledger.ts";
import { Random } from "./random.ts";
import { servicesAt, Writer } from "./writer.ts";

export interface KillsReport {
  readonly kills: number;
  /** Kills that met the agent before it listened. */
  readonly duringStart: number;
  readonly acknowledged: number;
  readonly unanswered: number;
  readonly refused: number;
  readonly complaints: readonly Complaint[];
  /** A record's key and version that was seen with two contents. */
  readonly versionsUsedTwice: readonly string[];
  readonly restartsMs: readonly number[];
}

const WRITERS = 4;
const LOAD_MS = { least: 10, most: 600 } as const;
const START_MS = { least: 50, most: 1200 } as const;

/**
 * Kills an agent under load, with signal 9 at random moments, also while it starts, and looks after each restart
 * whether it holds what it had acknowledged. A second agent, its neighbour, is never killed and sees every version.
 */
export async function runKills(kills: number, seed: number, tell: (line: string) => void): Promise<KillsReport> {
  const world = await createWorld();
  const random = new Random(seed);
  const ledger = new Ledger();
  const versions = new VersionBook();
  const complaints: Complaint[] = [];
  const restartsMs: number[] = [];
  let duringStart = 0;
  let isLoaded = false;
  const writers = Array.from({ length: WRITERS }, (_, at) => {
    const desk = () => ({ client: world.client(), peerId: world.made.peer_id });
    return new Writer({
      name: `k${at}`,
      ledger,
      random,
      desk,
      source: () => world.made.peer_id,
      target: () => world.witnessMade.peer_id,
    });
  });
  try {
    for (let kill = 1; kill <= kills; kill += 1) {
      isLoaded = true;
      const load = writers.map(async (writer) => {
        while (isLoaded) if (!(await writer.write())) await pause(5);
      });
      // Most kills meet an agent that has begun to write again, the others one that still hears its neighbour first.
      const before = ledger.acknowledged;
      if (kill % 4 !== 0) await until("a write is acknowledged", () => ledger.acknowledged > before, 30_000);
      await pause(random.between(LOAD_MS.least, LOAD_MS.most));
      await world.kill();
      isLoaded = false;
      await Promise.all(load);
      versions.read(world.victimState);
      if (kill % 3 === 0) {
        if (await world.startAndKill(random.between(START_MS.least, START_MS.most))) duringStart += 1;
        versions.read(world.victimState);
      }
      const startedAt = performance.now();
      await world.restart();
      restartsMs.push(performance.now() - startedAt);
      const held = await servicesAt(world.client());
      complaints.push(...ledger.check(`after kill ${kill}`, held));
      versions.read(world.victimState);
      versions.read(world.witnessState);
      tell(`kill ${kill} of ${kills}: ${ledger.acknowledged} writes acknowledged, ${complaints.length} complaints`);
    }
    await until("the neighbour holds the same", async () => {
      const [one, other] = [await servicesAt(world.client()), await servicesAt(world.witnessClient)];
      return one.size === other.size && [...one].every(([name, value]) => other.get(name) === value);
    });
    complaints.push(...ledger.check("the neighbour", await servicesAt(world.witnessClient)));
    versions.read(world.witnessState);
  } finally {
    isLoaded = false;
    await world.remove();
  }
  const { acknowledged, unanswered, refused } = ledger;
  return {
    kills,
    duringStart,
    acknowledged,
    unanswered,
    refused,
    complaints,
    versionsUsedTwice: versions.usedTwice,
    restartsMs,
  };
}

/** Every version of every record that was ever on a disk, with the signature that it had. */
class VersionBook {
  readonly #signatureByVersion = new Map<string, string>();
  readonly usedTwice: string[] = [];

  read(stateDir: string): void {
    const database = new DatabaseSync(join(stateDir, "arctic.sqlite"), { readOnly: true });
    try {
      for (const { key, version, document } of database.prepare("SELECT key, version, document FROM record").all()) {
        const name = `${key} version ${version}`;
        const { signature } = JSON.parse(String(document)) as { signature: string };
        const known = this.#signatureByVersion.get(name);
        if (known !== undefined && known !== signature) this.usedTwice.push(name);
        this.#signatureByVersion.set(name, signature);
      }
    } finally {
      database.close();
    }
  }
}

interface World {
  readonly made: Bootstrapped;
  readonly witnessMade: Bootstrapped;
  readonly victimState: string;
  readonly witnessState: string;
  readonly witnessClient: Client;
  client(): Client;
  kill(): Promise<void>;
  /** Starts the agent and kills it after so long; true where it did not listen yet. */
  startAndKill(afterMs: number): Promise<boolean>;
  restart(): Promise<void>;
  remove(): Promise<void>;
}

async function createWorld(): Promise<World> {
  const authority = createAuthority();
  const license = authority.issue({ max_services: 1000 });
  const directory = mkdtempSync(join(tmpdir(), "arctic-kills-"));
  const [victimState, witnessState] = [join(directory, "victim"), join(directory, "witness")];
  const launch = (stateDir: string, port: number) =>
    launchAgentProcess({ environment: loopbackEnvironment(stateDir, authority.rootsPath, port) });
  const start = (stateDir: string, port: number) => launch(stateDir, port).listening();
  const witness = await start(witnessState, 0);
  let victim = await start(victimState, 0);
  const bootstrap = (agent: AgentProcess, name: string) =>
    agent.client().bootstrap({ license, name, addresses: [`127.0.0.1:${agent.port}`] });
  const made = await bootstrap(victim, "victim");
  const witnessMade = await bootstrap(witness, "witness");
  const { port } = victim;
  const auth = { type: "credentials" as const, clientId: made.client_id, clientSecret: made.client_secret };
  let client = victim.client(auth);
  await client.addPeer({ address: `127.0.0.1:${witness.port}` });
  const witnessClient = witness.client(auth);
  const kill = async () => {
    await victim.end("SIGKILL");
  };
  return {
    made,
    witnessMade,
    victimState,
    witnessState,
    witnessClient,
    client: () => client,
    kill,
    async startAndKill(afterMs) {
      const launched = launch(victimState, port);
      await pause(afterMs);
      await launched.end("SIGKILL");
      return launched.lines("agent.listening").length === 0;
    },
    async restart() {
      victim = await start(victimState, port);
      client.close();
      client = victim.client(auth);
      await until("the peer runs", () => victim.lines("peer.started")[0]);
    },
    async remove() {
      client.close();
      witnessClient.close();
      await Promise.all([kill(), witness.end("SIGKILL")]);
      authority.remove();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
