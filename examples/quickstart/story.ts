import { join } from "node:path";
import { type Arctic, arcticIn, startAgent, startDataplane, waitUntilAlive } from "./cluster.ts";
import { makeLicense } from "./license.ts";
import { proveCounters } from "./proof.ts";
import { Checks, type Claim, Stopped } from "./result.ts";
import { checkout, type Run } from "./run.ts";
import { waitUntilActive, waitUntilConverged } from "./state.ts";
import {
  type Carried,
  download,
  downloadAsOneself,
  echo,
  exchangeDatagrams,
  expectNoWay,
  startServer,
} from "./traffic.ts";
import { addresses, buildWorld, hosts, type World } from "./world.ts";

const composeFile = join(checkout, "examples/quickstart/cluster.yaml");
const agentLogs = hosts.map((host) => `${host}-agent`);
const dataplaneLogs = hosts.map((host) => `${host}-dataplane`);
const pathLogs = ["alpha-dataplane", "gamma-dataplane", "server"];

const bulkBytes = 200_000_000;
const smallBytes = 5_000_000;
const datagrams = 100;
const echoes = 5;

/** The quickstart with traffic: world, license, cluster, services, traffic, proof. Leaves it all up. */
export async function tellStory(run: Run): Promise<{ checks: Checks; arctic: Arctic | undefined }> {
  const checks = new Checks(run.screen, run.signal);
  let arctic: Arctic | undefined;
  try {
    const world = await prepare(run, checks);
    arctic = arcticIn(run, world.namespaceByPlace.backbone);
    await makeCluster(run, checks, world, arctic);
    await sendTraffic(run, checks, world, arctic);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
  return { checks, arctic };
}

async function prepare(run: Run, checks: Checks): Promise<World> {
  let world: World | undefined;
  await checks.need("a world of six network namespaces", [], async () => {
    world = await buildWorld(run.ledger, run.id);
    await startServer(run, world);
    return "client - alpha, beta, gamma - server";
  });
  if (world === undefined) throw new Stopped();
  const built = world;
  await checks.need("the client has no way to the server yet", [], async () => {
    await expectNoWay(run, built);
    return undefined;
  });
  return built;
}

async function makeCluster(run: Run, checks: Checks, world: World, arctic: Arctic): Promise<void> {
  const specs = hosts.map((name) => ({
    name,
    namespace: world.namespaceByPlace[name],
    address: `${addresses[name]}:8080`,
  }));
  await checks.need("a license authority and a license (arctic license keygen, issue)", [], () =>
    makeLicense(run, arctic),
  );
  await checks.need("three data planes and three agents", [...agentLogs, ...dataplaneLogs], async () => {
    for (const spec of specs) startDataplane(run, spec);
    const agents = specs.map((spec) => ({ spec, agent: startAgent(run, spec) }));
    await Promise.all(agents.map(({ spec, agent }) => waitUntilAlive(run, spec, agent)));
    const ended = run.processes.filter((process) => process.hasEnded()).map(({ name }) => name);
    if (ended.length > 0) throw new Error(`ended by itself: ${ended.join(", ")}`);
    return "GET /livez answers on each";
  });
  await checks.need("arctic compose apply -f examples/quickstart/cluster.yaml", agentLogs, async () => {
    const license = join(run.directory, "license.json");
    await arctic.text("compose", "apply", "-f", composeFile, "--license-file", license, "--save-config", "--yes");
    return "bootstrapped, joined, services created";
  });
  await checks.need("all three hold the same state", agentLogs, async () => {
    await waitUntilConverged(arctic, hosts, 30_000);
    return "converged";
  });
  await checks.need("both services are active at both ends", [...dataplaneLogs, ...agentLogs], async () => {
    await waitUntilActive(arctic, ["server-lan", "own-address"], ["alpha", "gamma"], 30_000);
    return "server-lan, own-address";
  });
}

async function sendTraffic(run: Run, checks: Checks, world: World, arctic: Arctic): Promise<void> {
  const { server, serverV6, serverSecond } = addresses;
  const carry = (name: string, claim: Claim, work: () => Promise<Carried>) =>
    checks.make(name, pathLogs, async () => {
      const { amount, rate, proof } = await work();
      return { claim, amount, rate, detail: proof };
    });
  const byPegasus = (service: string, bytes: number): Claim => ({ service, engine: "pegasus", amount: bytes });
  const byTempest = (packets: number): Claim => ({ service: "server-lan", engine: "tempest", amount: packets });

  await carry("download over TCP", byPegasus("server-lan", bulkBytes), () => download(run, world, server, bulkBytes));
  await carry("download over TCP, IPv6", byPegasus("server-lan", smallBytes), () =>
    download(run, world, serverV6, smallBytes),
  );
  await carry("datagrams over UDP", byTempest(datagrams), () => exchangeDatagrams(run, world, server, datagrams));
  await carry("ICMP echo", byTempest(echoes), () => echo(run, world, server, echoes));
  await carry("ICMP echo, IPv6", byTempest(echoes), () => echo(run, world, serverV6, echoes));
  await carry("download as the client itself", byPegasus("own-address", smallBytes), () =>
    downloadAsOneself(run, world, serverSecond, smallBytes),
  );
  await proveCounters(checks, arctic);
}
