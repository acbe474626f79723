import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Finished, finish } from "./command.ts";
import { type Running, startProcess } from "./processes.ts";
import { checkout, logPath, type Run } from "./run.ts";

const agentProgram = join(checkout, "packages/agent/dist/main.js");
const dataplaneProgram = join(checkout, "packages/dataplane/dist/main.js");
const commandProgram = join(checkout, "packages/cli/bin/arctic.js");

export type HostSpec = {
  name: string;
  /** Absent: on the host's own network, on loopback. */
  namespace?: string;
  /** Where the others reach its API. */
  address: string;
};

/** Starts a data plane as it is installed on a host, but for its paths. */
export function startDataplane(run: Run, { name, namespace }: HostSpec): Running {
  const directory = hostDirectory(run, name);
  return start(run, `${name}-dataplane`, namespace, [process.execPath, dataplaneProgram, "--remove-on-stop"], {
    ARCTIC_DATAPLANE_STATE_DIR: join(directory, "dataplane"),
    ARCTIC_DATAPLANE_SOCKET: socketPath(run, name),
    LOG_FORMAT: "text",
  });
}

/** Starts an agent as it is installed on a host, but for its paths. */
export function startAgent(run: Run, { name, namespace, address }: HostSpec): Running {
  const onLoopback = namespace === undefined;
  return start(run, `${name}-agent`, namespace, [process.execPath, agentProgram], {
    API_PORT: address.slice(address.lastIndexOf(":") + 1),
    ARCTIC_ADVERTISE: address,
    ARCTIC_STATE_DIR: join(hostDirectory(run, name), "agent"),
    ARCTIC_DATAPLANE_SOCKET: socketPath(run, name),
    ARCTIC_LICENSE_ROOTS: join(run.directory, "roots.json"),
    LOG_FORMAT: "text",
    ...(onLoopback ? { API_HOST: "127.0.0.1", ALLOW_LOOPBACK_PEERS: "true" } : {}),
  });
}

function start(
  run: Run,
  name: string,
  namespace: string | undefined,
  argv: string[],
  env: Record<string, string>,
): Running {
  const where = namespace === undefined ? {} : { namespace };
  const running = startProcess(run.ledger, { name, argv, env, logPath: logPath(run, name), ...where });
  run.processes.push(running);
  return running;
}

export function hostDirectory(run: Run, name: string): string {
  const directory = join(run.directory, name);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return directory;
}

function socketPath(run: Run, name: string): string {
  return join(hostDirectory(run, name), "dataplane.sock");
}

/** Runs `argv` in the namespace, or here where there is none. */
export function within(namespace: string | undefined, argv: readonly string[]): string[] {
  return namespace === undefined ? [...argv] : ["ip", "netns", "exec", namespace, ...argv];
}

export type Arctic = {
  /** Standard output of a command that must succeed. */
  text(...args: string[]): Promise<string>;
  json(...args: string[]): Promise<unknown>;
  finish(...args: string[]): Promise<Finished>;
  /** Of a script that runs the command with the cluster's configuration, for the person. */
  scriptPath: string;
};

/** The `arctic` command as a person uses it, from a place that reaches the cluster. */
export function arcticIn(run: Run, namespace: string | undefined): Arctic {
  const configuration = join(run.directory, "config.yaml");
  const argv = within(namespace, [process.execPath, commandProgram]);
  const call = (...args: string[]) =>
    finish([...argv, ...args], {
      env: { ARCTIC_CONFIG: configuration, XDG_CACHE_HOME: join(run.directory, "cache"), NO_COLOR: "1" },
      timeoutMs: 120_000,
      signal: run.signal,
    });
  const text = async (...args: string[]) => {
    const { code, stdout, stderr } = await call(...args);
    if (code !== 0) throw new Error(`arctic ${args.join(" ")}: exit ${code}\n${stderr.trim() || stdout.trim()}`);
    return stdout;
  };
  return {
    text,
    json: async (...args) => JSON.parse(await text(...args, "--json")) as unknown,
    finish: call,
    scriptPath: writeScript(run, configuration, argv),
  };
}

function writeScript(run: Run, configuration: string, argv: readonly string[]): string {
  const path = join(run.directory, "arctic");
  const quoted = argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  writeFileSync(path, `#!/bin/sh\nARCTIC_CONFIG='${configuration}' exec ${quoted} "$@"\n`);
  chmodSync(path, 0o700);
  return path;
}

/** Resolves when the agent answers GET /livez. Throws what it answered instead after `seconds`, or that it has ended. */
export async function waitUntilAlive(run: Run, host: HostSpec, agent: Running, seconds = 20): Promise<void> {
  const program = join(checkout, "examples/quickstart/programs/livez.ts");
  const port = host.address.slice(host.address.lastIndexOf(":") + 1);
  const argv = within(host.namespace, [process.execPath, program, port, String(seconds)]);
  const answered = new AbortController();
  const signal = AbortSignal.any([run.signal, answered.signal]);
  const asked = finish(argv, { timeoutMs: (seconds + 10) * 1000, signal });
  const first = await Promise.race([asked, agent.ended]);
  answered.abort();
  if (first === undefined) throw new Error(`${agent.name} has ended by itself`);
  if (first.code !== 0) throw new Error(`${agent.name}: ${first.stderr.trim()}`);
}
