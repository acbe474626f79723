import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { allCapabilities } from "../../examples/quickstart/capabilities.ts";
import { within } from "../../examples/quickstart/cluster.ts";
import { run } from "../../examples/quickstart/command.ts";
import { checkout } from "../../examples/quickstart/run.ts";
import { poll, servicesAt } from "../../examples/quickstart/state.ts";
import { download } from "../../examples/quickstart/traffic.ts";
import { addresses } from "../../examples/quickstart/world.ts";
import { type HostName, type LivingCluster, openLivingCluster } from "../support/living-cluster.ts";
import { describeSystem } from "../support/system.ts";

/** Enough to last over several restarts at any rate that these hosts reach. */
const BYTES = 2_000_000_000;
const LIMIT_MS = 150_000;

let folder = "";
let cluster: LivingCluster;

describeSystem("a living cluster", allCapabilities, () => {
  beforeAll(async () => {
    folder = mkdtempSync("/tmp/arctic-living-cluster-");
    cluster = await openLivingCluster(join(folder, "run"));
  }, LIMIT_MS);
  afterAll(async () => {
    await cluster?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(["alpha", "gamma"] as const)(
    "a download, UDP and ICMP do not notice that the agent of %s is killed, is away, and comes back",
    async (host) => {
      const echoes = startSteady(["ping", "-n", "-q", "-i", "0.01", addresses.server]);
      const datagrams = startSteady(DATAGRAMS);
      let isDownloading = true;
      const downloaded = download(cluster.run, cluster.world, addresses.server, BYTES).finally(() => {
        isDownloading = false;
      });
      await poll(10_000, async () => ((await flowsOpen()) > 0 ? undefined : "the entry counts no open flow"));
      await killAwhile(host);
      // Restarted and its plan handed over while the download went on: else this showed nothing.
      expect(isDownloading).toBe(true);
      const { amount, proof } = await downloaded;
      expect(amount).toBe("2000 MB");
      expect(proof).toContain("at both ends");

      const [, sent, answered] = /(\d+) packets transmitted, (\d+) received/.exec(await echoes.end("SIGINT")) ?? [];
      expect(Number(sent)).toBeGreaterThan(100);
      expect(answered).toBe(sent);
      const udp = JSON.parse(await datagrams.end("SIGTERM")) as { sent: number; answered: number };
      expect(udp.sent).toBeGreaterThan(100);
      expect(udp.answered).toBe(udp.sent);
    },
    LIMIT_MS,
  );

  test("a next key that alpha's data plane announces stands by at gamma, while the one before carries", async () => {
    const main = join(checkout, "packages/dataplane/dist/main.js");
    const socket = join(cluster.run.directory, "alpha/dataplane.sock");
    const rotated = await run([process.execPath, main, "rotate-tunnel-key", "--control-socket", socket]);
    const [announced = ""] = rotated.split(" ");
    await poll(10_000, async () => {
      const peers = await wireguardPeersOf("gamma");
      const found = peers.find(({ key }) => key === announced);
      if (found === undefined) return "gamma's WireGuard does not know alpha's next key";
      expect(found.allowedIps).toBe("(none)");
      expect(peers).toHaveLength(2);
      return undefined;
    });
    const echoed = await run(
      within(cluster.world.namespaceByPlace.client, ["ping", "-n", "-c", "3", addresses.server]),
    );
    expect(echoed).toContain("3 received");
  });
});

/** Keys in base64url, as the plan has them. */
async function wireguardPeersOf(host: HostName): Promise<{ key: string; allowedIps: string }[]> {
  const pid = cluster.run.ledger.state.processes.find(({ name }) => name === `${host}-dataplane`)?.pid;
  // The socket of wireguard-go lies in the data plane's own mount namespace.
  const dump = await run(["nsenter", "-t", String(pid), "-m", "-n", "wg", "show", "tempest0", "dump"]);
  const lines = dump.trim().split("\n").slice(1);
  return lines.map((line) => {
    const [key = "", , , allowedIps = ""] = line.split("\t");
    return { key: Buffer.from(key, "base64").toString("base64url"), allowedIps };
  });
}

async function killAwhile(host: HostName): Promise<void> {
  await cluster.killAgent(host);
  await sleep(700);
  cluster.startAgent(host);
  await cluster.agentAnswers(host);
  await cluster.agentApplied(host);
}

/** Flows that the entry has open; the agent of gamma knows nothing of them. */
async function flowsOpen(): Promise<number> {
  const found = (await servicesAt(cluster.arctic, "alpha")).find(({ name }) => name === "server-lan");
  return (found?.traffic?.pegasus as { flows_open?: number } | undefined)?.flows_open ?? 0;
}

/** One datagram every 10 ms, none twice; on SIGTERM it waits a second for answers and reports. */
const DATAGRAMS = [
  process.execPath,
  "-e",
  `const socket = require("node:dgram").createSocket("udp4");
   let sent = 0, answered = 0;
   socket.on("message", () => { answered += 1; });
   const timer = setInterval(() => { sent += 1; socket.send(String(sent), 9001, ${JSON.stringify(addresses.server)}); }, 10);
   process.on("SIGTERM", () => { clearInterval(timer); setTimeout(() => { console.log(JSON.stringify({ sent, answered })); process.exit(); }, 1000); });`,
];

/** Runs in the client's namespace until it is told to end; then gives what it printed. */
function startSteady(argv: readonly string[]): { end(signal: NodeJS.Signals): Promise<string> } {
  const [command = "", ...args] = within(cluster.world.namespaceByPlace.client, argv);
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (part) => {
    text += String(part);
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  return {
    end: async (signal) => {
      child.kill(signal);
      await ended;
      return text;
    },
  };
}
