import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Ledger } from "./ledger.ts";
import { startTicksOf } from "./remove.ts";

export type ProcessSpec = {
  name: string;
  argv: readonly string[];
  env?: Record<string, string>;
  /** Both streams of the process go here. */
  logPath: string;
  /** The network namespace it runs in; absent: the host's own. */
  namespace?: string;
};

export type Running = {
  name: string;
  logPath: string;
  /** Resolves when it has ended, by itself or by us. */
  ended: Promise<void>;
  hasEnded(): boolean;
  stop(withinMs: number): Promise<void>;
};

const wireguardSockets = "/var/run/wireguard";

/** The program starts only when its pid is in the ledger: until then it waits for a word on its standard input. */
const gate = 'read -r go && exec "$@" </dev/null';

/** wireguard-go keeps its sockets in a directory of the mount namespace, so each host gets one of its own. */
const gateWithOwnSockets = `read -r go && mount -t tmpfs tmpfs ${wireguardSockets} && exec "$@" </dev/null`;

/** Starts a process in a session of its own, so that a Ctrl-C at the terminal reaches us alone and we end it in order. */
export function startProcess(ledger: Ledger, spec: ProcessSpec): Running {
  mkdirSync(dirname(spec.logPath), { recursive: true, mode: 0o700 });
  const log = openSync(spec.logPath, "a", 0o600);
  const [command, ...args] = entered(ledger, spec);
  const child = spawn(command, args, {
    env: { ...process.env, ...spec.env },
    stdio: ["pipe", log, log],
    detached: true,
  });
  closeSync(log);
  const ended = new Promise<void>((resolve) => {
    child.on("exit", () => resolve());
    child.on("error", () => resolve());
  });
  release(ledger, spec, child);
  return {
    name: spec.name,
    logPath: spec.logPath,
    ended,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    stop: async (withinMs) => {
      child.kill("SIGTERM");
      await Promise.race([ended, sleep(withinMs, undefined, { ref: false })]);
      child.kill("SIGKILL");
    },
  };
}

function entered(ledger: Ledger, { namespace, argv }: ProcessSpec): [string, ...string[]] {
  if (namespace === undefined) return ["sh", "-c", gate, "sh", ...argv];
  if (!existsSync(wireguardSockets)) {
    ledger.addDirectory(wireguardSockets);
    mkdirSync(wireguardSockets, { mode: 0o700 });
  }
  return ["ip", "netns", "exec", namespace, "unshare", "--mount", "sh", "-c", gateWithOwnSockets, "sh", ...argv];
}

function release(ledger: Ledger, { name }: ProcessSpec, child: ChildProcess): void {
  child.stdin?.on("error", () => {});
  const startTicks = child.pid === undefined ? undefined : startTicksOf(child.pid);
  if (child.pid === undefined || startTicks === undefined) throw new Error(`${name} could not be started`);
  ledger.addProcess({ name, pid: child.pid, start_ticks: startTicks });
  child.stdin?.end("go\n");
}
