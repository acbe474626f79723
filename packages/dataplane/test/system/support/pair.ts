import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connectDataplane, type DataplaneClient, type Observation, type PlanService } from "@arctic/dataplane";
import { programArguments } from "../../../../../test/support/programs.ts";
import { PEER_A, PEER_B, planOf, planPeer, routed } from "./plans.ts";
import { type Child, type Host, makeWorld, type World } from "./world.ts";

const CLIENT = fileURLToPath(new URL("./lan-client.ts", import.meta.url));
const SERVER = fileURLToPath(new URL("./lan-server.ts", import.meta.url));

type DataplaneHost = Extract<Host, "a" | "b">;

/** Two real data planes between a client's LAN and a server's. */
export interface Pair {
  readonly world: World;
  process(host: DataplaneHost): Child;
  client(host: DataplaneHost): DataplaneClient;
  /** As the host was before its data plane started. */
  kernelBefore(host: DataplaneHost): string;
  /** Starts a data plane that was ended; `more` flags for this run alone. */
  restart(host: DataplaneHost, more?: readonly string[]): Promise<void>;
  /** Starts a data plane that was ended, and kills it after so long, wherever it is then. */
  startAndKill(host: DataplaneHost, afterMs: number): Promise<void>;
  /** Entries on a, exits on b. */
  apply(entries: PlanService[], exits: PlanService[]): Promise<void>;
  /** Observes until every service is active. */
  active(host: DataplaneHost): Promise<Observation>;
  service(host: DataplaneHost, serviceId: string): Promise<Observation["services"][number]>;
  /** Asks the server from the client. */
  ask(protocol: "tcp" | "udp", address: string, count: number): Promise<Record<string, unknown>>;
  /** Three echo requests from the client; what `ping` printed. */
  ping(address: string): Promise<string>;
  destroy(): Promise<void>;
}

/** `flags` are given to both data planes; `main` is the program's file, where it is not what tests run. */
export async function startPair(flags: readonly string[] = [], main?: string): Promise<Pair> {
  const world = await makeWorld();
  try {
    return await pairIn(world, [...(main === undefined ? programArguments("arctic-dataplane") : [main]), ...flags]);
  } catch (error) {
    await world.destroy();
    throw error;
  }
}

/** A pair that carries the routed service, both ends of it at work. */
export async function startCarryingPair(): Promise<Pair> {
  const pair = await startPair();
  try {
    await pair.apply([routed("entry")], [routed("exit")]);
    await Promise.all([pair.active("a"), pair.active("b")]);
    return pair;
  } catch (error) {
    await pair.destroy();
    throw error;
  }
}

async function pairIn(world: World, command: readonly string[]): Promise<Pair> {
  const before = { a: await world.kernelStateOf("a"), b: await world.kernelStateOf("b") };
  await world.start("server", process.execPath, SERVER).waitFor(/listening/);
  const [a, b] = await Promise.all([startHost(world, "a", command), startHost(world, "b", command)]);
  const children = { a, b };
  const clients = { a: await connect(world, "a"), b: await connect(world, "b") };
  return {
    world,
    process: (host) => children[host],
    client: (host) => clients[host],
    kernelBefore: (host) => before[host],
    restart: async (host, more = []) => {
      children[host] = await startHost(world, host, [...command, ...more]);
      clients[host] = await connect(world, host);
    },
    startAndKill: async (host, afterMs) => {
      const child = launch(world, host, command);
      await sleep(afterMs);
      await child.end("SIGKILL");
    },
    apply: async (entries, exits) => {
      const [identityA, identityB] = await Promise.all([clients.a.identity(), clients.b.identity()]);
      await clients.b.apply(planOf(PEER_B, [planPeer(PEER_A, "a", ["10.71.2.1"], identityA)], exits));
      await clients.a.apply(planOf(PEER_A, [planPeer(PEER_B, "b", ["10.71.2.2"], identityB)], entries));
    },
    active: async (host) => {
      const endsAt = performance.now() + 20_000;
      for (;;) {
        const observation = await clients[host].observe();
        if (observation.services.every((entry) => entry.state === "active")) return observation;
        if (performance.now() > endsAt) throw new Error(`not active: ${JSON.stringify(observation.services)}`);
        await sleep(100);
      }
    },
    service: async (host, serviceId) => {
      const { services } = await clients[host].observe();
      const found = services.find((entry) => entry.service_id === serviceId);
      if (found === undefined) throw new Error(`${serviceId} is not in the observation`);
      return found;
    },
    ask: async (protocol, address, count) =>
      JSON.parse(await world.inside("client", process.execPath, CLIENT, protocol, address, String(count))),
    ping: (address) => world.inside("client", "sh", "-c", `ping -n -c 3 -i 0.2 -W 2 ${address} || true`),
    destroy: async () => {
      clients.a.close();
      clients.b.close();
      await world.destroy();
    },
  };
}

const connect = (world: World, host: DataplaneHost): Promise<DataplaneClient> =>
  connectDataplane(`${world.folder}/${host}.sock`);

async function startHost(world: World, host: DataplaneHost, command: readonly string[]): Promise<Child> {
  const child = launch(world, host, command);
  await child.waitFor(/dataplane_started/);
  return child;
}

function launch(world: World, host: DataplaneHost, command: readonly string[]): Child {
  return world.start(
    host,
    process.execPath,
    ...command,
    ...["--state-dir", `${world.folder}/${host}`, "--control-socket", `${world.folder}/${host}.sock`],
    ...["--remove-on-stop", "--log-format", "text"],
  );
}
