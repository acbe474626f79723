import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { type Arctic, arcticIn, type HostSpec, startAgent, waitUntilAlive } from "./cluster.ts";
import { makeLicense } from "./license.ts";
import { Checks, Stopped } from "./result.ts";
import { checkout, type Run } from "./run.ts";
import { servicesAt, waitUntilConverged } from "./state.ts";
import { addresses, hosts } from "./world.ts";

const agentLogs = hosts.map((host) => `${host}-agent`);

/** The quickstart where there can be no traffic: the same cluster, its three agents on loopback, without data planes. */
export async function tellControlPlaneStory(run: Run): Promise<{ checks: Checks; arctic: Arctic | undefined }> {
  const checks = new Checks(run.screen, run.signal);
  const arctic = arcticIn(run, undefined);
  try {
    const specs = await freeAddresses();
    const composeFile = writeComposeFile(run, specs);
    await checks.need("a license authority and a license (arctic license keygen, issue)", [], () =>
      makeLicense(run, arctic),
    );
    await checks.need("three agents on loopback", agentLogs, async () => {
      const agents = specs.map((spec) => ({ spec, agent: startAgent(run, spec) }));
      await Promise.all(agents.map(({ spec, agent }) => waitUntilAlive(run, spec, agent)));
      return specs.map(({ name, address }) => `${name} ${address}`).join(", ");
    });
    await checks.need("arctic compose apply: the quickstart's cluster on these addresses", agentLogs, async () => {
      const license = join(run.directory, "license.json");
      await arctic.text("compose", "apply", "-f", composeFile, "--license-file", license, "--save-config", "--yes");
      return composeFile;
    });
    await checks.need("all three hold the same state", agentLogs, async () => {
      await waitUntilConverged(arctic, hosts, 30_000);
      return "converged";
    });
    await checks.make("every agent knows both services and says why they do not carry", agentLogs, async () => {
      for (const host of hosts) expectReasons(host, await servicesAt(arctic, host));
      return { detail: "no data plane here" };
    });
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
  return { checks, arctic };
}

function expectReasons(host: string, services: Awaited<ReturnType<typeof servicesAt>>): void {
  if (services.length !== 2) throw new Error(`${host} knows ${services.length} of 2 services`);
  for (const { name, state, local_role, reason } of services) {
    if (local_role !== "none" && (state === "active" || !reason))
      throw new Error(`${host} says that ${name} is ${state}, without a reason`);
  }
}

async function freeAddresses(): Promise<HostSpec[]> {
  const servers = hosts.map(() => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return hosts.map((name, at) => ({ name, address: `127.0.0.1:${ports[at]}` }));
}

/** cluster.yaml with the addresses that these agents have. */
function writeComposeFile(run: Run, specs: readonly HostSpec[]): string {
  let text = readFileSync(join(checkout, "examples/quickstart/cluster.yaml"), "utf8");
  for (const [at, host] of hosts.entries()) text = text.replaceAll(`${addresses[host]}:8080`, specs[at]?.address ?? "");
  const path = join(run.directory, "cluster.yaml");
  writeFileSync(path, text);
  return path;
}
