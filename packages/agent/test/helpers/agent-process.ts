import { type ChildProcess, spawn } from "node:child_process";
import { programArguments } from "../../../../test/support/programs.ts";
import { type Client, type ClientOptions, createClient } from "../../src/api/client.ts";
import { until } from "./agents.ts";

const NODE_ARGUMENTS = programArguments("arctic-agent");

/** A real `arctic-agent` process on loopback. */
export interface AgentProcess {
  readonly child: ChildProcess;
  readonly port: number;
  readonly fingerprint: string;
  /** All that it has written so far. */
  log(): string;
  /** Its log lines of one event. */
  lines(event: string): Readonly<Record<string, unknown>>[];
  client(auth?: ClientOptions["auth"]): Client;
  /** Sends the signal and resolves with the exit code; `null` where a signal ended it. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null>;
}

export interface ProcessOptions {
  readonly environment: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Runs as this user and group. */
  readonly user?: number;
  /** A command that runs another one in its own place, as `nsenter` does. */
  readonly within?: readonly string[];
  /** Called with each chunk of its log. */
  readonly onLog?: (text: string) => void;
}

/** Settings for an agent on loopback whose state is in the directory. */
export function loopbackEnvironment(stateDir: string, rootsPath: string, port = 0): Record<string, string> {
  return {
    API_PORT: String(port),
    API_HOST: "127.0.0.1",
    ARCTIC_STATE_DIR: stateDir,
    ARCTIC_LICENSE_ROOTS: rootsPath,
    ALLOW_LOOPBACK_PEERS: "true",
    ARCTIC_DATAPLANE_SOCKET: "/nonexistent/arctic-dataplane.sock",
    CLUSTER_HEARTBEAT_INTERVAL_SECONDS: "1",
  };
}

/** Starts the process and waits until it listens. Throws an Error with its log where it ends instead. */
export function startAgentProcess(options: ProcessOptions): Promise<AgentProcess> {
  return launchAgentProcess(options).listening();
}

/** A process that may not listen yet. */
export interface LaunchedAgent extends Pick<AgentProcess, "child" | "log" | "lines" | "end"> {
  listening(): Promise<AgentProcess>;
}

export function launchAgentProcess(options: ProcessOptions): LaunchedAgent {
  const { environment, args = [], user, within = [], onLog } = options;
  const [command = process.execPath, ...rest] = [...within, process.execPath, ...NODE_ARGUMENTS, ...args];
  const child = spawn(command, rest, {
    env: { PATH: process.env.PATH ?? "", ...environment },
    stdio: ["ignore", "ignore", "pipe"],
    ...(user === undefined ? {} : { uid: user, gid: user }),
  });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => {
    const text = chunk.toString("utf8");
    log += text;
    onLog?.(text);
  });
  const lines = (event: string) =>
    log
      .split("\n")
      .filter((line) => line.includes(`"event":"${event}"`) && line.endsWith("}"))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const launched = {
    child,
    log: () => log,
    lines,
    end: (signal: "SIGKILL" | "SIGTERM") => ended(child, signal),
  };
  return {
    ...launched,
    async listening() {
      const line = await until(
        "the agent listens",
        () => {
          if (child.exitCode !== null || child.signalCode !== null) throw new Error(log);
          return lines("agent.listening")[0];
        },
        START_LIMIT_MS,
      );
      const port = Number(line.port);
      const fingerprint = String(line.tls_fingerprint);
      const client = (auth?: ClientOptions["auth"]) =>
        createClient({
          endpoints: [`https://127.0.0.1:${port}`],
          trust: { type: "fingerprints", sha256: [fingerprint] },
          timeoutMs: 30_000,
          ...(auth === undefined ? {} : { auth }),
        });
      return { ...launched, port, fingerprint, client };
    },
  };
}

/** On a host that is busy with other tests. */
const START_LIMIT_MS = 45_000;

function ended(child: ChildProcess, signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve(child.exitCode);
      return;
    }
    child.once("exit", (code) => resolve(code));
    child.kill(signal);
  });
}

/** Runs `arctic-agent` to its end. */
export function runAgentCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...NODE_ARGUMENTS, ...args], {
      env: { PATH: process.env.PATH ?? "", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 20_000,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        output += chunk.toString("utf8");
      });
    child.once("close", (code) => resolve({ code, output }));
  });
}
