#!/usr/bin/env node
import { readFile } from "node:fs/promises";
import { checkHost } from "./check-host.ts";
import { type Config, helpText, readConfig } from "./config.ts";
import { connectDataplane } from "./control-client.ts";
import { groupId, refuseSecond, serveControl } from "./control-server.ts";
import { type DataplaneOptions, startDataplane } from "./dataplane.ts";
import { kernelChangeWatch } from "./kernel/change-watch.ts";
import { kernelClassUse } from "./kernel/class-use.ts";
import { kernelMerging } from "./kernel/merging.ts";
import { kernelGeneration } from "./kernel/nft-generation.ts";
import { createRunner } from "./kernel/runner.ts";
import { procSysctls } from "./kernel/sysctl.ts";
import { NFT_COMMIT } from "./kernel/table-keeper.ts";
import { createLog, type Log } from "./log.ts";
import { startPegasus } from "./pegasus/start-pegasus.ts";
import { removeEverything } from "./removal.ts";
import { openStateDir } from "./state-dir.ts";

/** The `arctic-dataplane` process: configuration in, one data plane and its control socket, an orderly end. */
async function main(): Promise<void> {
  const config = readConfig(process.argv.slice(2), process.env);
  switch (config.action) {
    case "help":
      process.stdout.write(helpText());
      return;
    case "check":
      requireRoot();
      process.exitCode = await check(config);
      return;
    case "rotate-tunnel-key":
      return rotateTunnelKey(config);
    case "cleanup":
      requireRoot();
      await refuseSecond(config.controlSocket);
      return removeEverything(
        await optionsFrom(config, createLog({ format: config.logFormat, level: config.logLevel })),
      );
    case "run":
      requireRoot();
      return run(config);
  }
}

async function check(config: Config): Promise<number> {
  const findings = await checkHost(await optionsFrom(config, createLog({ format: "text", level: "error" })));
  for (const finding of findings) process.stdout.write(`${finding}\n`);
  if (findings.length === 0) process.stdout.write("nothing on this host stands in the way of its services\n");
  return findings.length === 0 ? 0 : 1;
}

async function rotateTunnelKey({ controlSocket }: Config): Promise<void> {
  const client = await connectDataplane(controlSocket);
  const { tunnel } = await client.rotateTunnelKey();
  client.close();
  process.stdout.write(`${tunnel.public_key} is announced as the tunnel's next key\n`);
}

async function run(config: Config): Promise<void> {
  const log = createLog({ format: config.logFormat, level: config.logLevel });
  await refuseSecond(config.controlSocket);
  const group = config.controlGroup === undefined ? undefined : await groupId(config.controlGroup);
  const options = await optionsFrom(config, log);
  const dataplane = await startDataplane(options);
  const control = await serveControl(config.controlSocket, dataplane, group);
  const { pegasus, tunnel, tunnel_backend, relay_engine } = dataplane.identity;
  log.info(
    {
      version: options.version,
      control_socket: config.controlSocket,
      control_group: config.controlGroup,
      pegasus_port: pegasus.port,
      tunnel_port: tunnel.port,
      tunnel_backend,
      relay_engine,
    },
    "dataplane_started",
  );
  const signal = await nextSignal();
  log.info({ signal, removes: config.removeOnStop }, "dataplane_stopping");
  await control.close();
  await dataplane.stop(config.removeOnStop);
  log.info({}, "dataplane_stopped");
}

async function optionsFrom(config: Config, log: Log): Promise<DataplaneOptions> {
  return {
    version: await ownVersion(),
    state: await openStateDir(config.stateDir),
    runner: createRunner(undefined, NFT_COMMIT),
    generation: kernelGeneration(),
    changeWatch: kernelChangeWatch(),
    classUse: kernelClassUse(),
    sysctls: procSysctls(),
    merging: kernelMerging(),
    startPegasus,
    log,
    host: {
      tunnelInterface: config.tunnelInterface,
      tunnelPort: config.tunnelPort,
      capturePort: config.capturePort,
      exitPolicy: config.exitPolicy,
    },
    pegasusPort: config.pegasusPort,
    workers: config.workers,
    reconcileEveryMs: config.reconcileEveryMs,
    agentSilenceLimitMs: config.agentSilenceLimitMs,
    tunnelKeyLifetimeMs: config.tunnelKeyLifetimeMs,
    tunnelKeyOverlapMs: config.tunnelKeyOverlapMs,
  };
}

async function ownVersion(): Promise<string> {
  const text = await readFile(new URL("../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(text) as { version: string };
  return version;
}

function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new Error("arctic-dataplane programs the kernel's network: run it as root");
}

function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(signal));
  });
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`arctic-dataplane: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
