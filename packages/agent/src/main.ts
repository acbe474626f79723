import { existsSync } from "node:fs";
import { type Agent, createAgent } from "./agent.ts";
import { systemClock } from "./clock.ts";
import { commandFromArguments } from "./command-line.ts";
import {
  type ConfigResult,
  configFromEnvironment,
  configFromFile,
  DEFAULT_CONFIG_PATH,
  supervisionFromEnvironment,
} from "./config.ts";
import { helpText } from "./help.ts";
import type { AgentConfig } from "./settings.ts";
import { backUp } from "./state/backup.ts";
import { restore } from "./state/restore.ts";
import { connectSupervisor, noSupervisor, type Supervisor } from "./supervisor.ts";
import { AGENT_VERSION } from "./version.ts";

/** Exit codes as those of `arctic`: 0 done, 1 failed, 2 wrong use, 3 wrong configuration. */
const EXIT = { failed: 1, usage: 2, configuration: 3 } as const;
/** A clean end takes less; what still runs then is cut off. What was acknowledged is on disk at every moment. */
const STOP_LIMIT_MS = 4_500;

// Whatever this process writes is its owner's alone.
process.umask(0o077);
void perform(process.argv.slice(2));

async function perform(args: readonly string[]): Promise<void> {
  const command = commandFromArguments(args);
  switch (command.type) {
    case "version":
      process.stdout.write(`${AGENT_VERSION}\n`);
      return;
    case "help":
      process.stdout.write(helpText());
      return;
    case "wrong":
      return fail(EXIT.usage, command.problem);
    case "run":
      return run(command.configPath);
    case "backup":
      return once(command.configPath, (config) => backUp(config.stateDir, command.file, systemClock.now()));
    case "restore":
      return once(command.configPath, (config) => restore(command.file, config.stateDir));
  }
}

/** A command that ends: prints what it did. */
function once(configPath: string | undefined, work: (config: AgentConfig) => string): void {
  const config = configOrFail(configPath);
  try {
    process.stdout.write(`${work(config)}\n`);
  } catch (error) {
    fail(EXIT.failed, messageOf(error));
  }
}

async function run(configPath: string | undefined): Promise<void> {
  const agent = createAgent(configOrFail(configPath));
  const supervisor = await supervisorOf();
  let isStopping = false;
  const stop = () => {
    if (isStopping) return;
    isStopping = true;
    supervisor.stopping();
    systemClock.after(STOP_LIMIT_MS, () => fail(EXIT.failed, "the agent did not stop in time and was cut off"));
    agent.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(EXIT.failed, `the agent did not stop cleanly: ${messageOf(error)}`),
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.on("SIGHUP", () => reload(agent, configPath));
  try {
    await agent.start();
  } catch (error) {
    if (!isStopping) fail(EXIT.failed, messageOf(error));
  }
  if (!isStopping) supervisor.ready(`port ${agent.status().port}`);
}

/** A file that is wrong changes nothing; what it says of that is in the log. */
function reload(agent: Agent, configPath: string | undefined): void {
  const read = readConfig(configPath);
  if (read.ok) agent.reload(read.config);
  else agent.refuseConfig(read.problems);
}

async function supervisorOf(): Promise<Supervisor> {
  const supervision = supervisionFromEnvironment(process.pid);
  if (supervision === undefined) return noSupervisor;
  try {
    return await connectSupervisor(supervision, systemClock);
  } catch (error) {
    return fail(EXIT.failed, `the service manager cannot be told of the start: ${messageOf(error)}`);
  }
}

function configOrFail(path: string | undefined): AgentConfig {
  const result = readConfig(path);
  return result.ok ? result.config : fail(EXIT.configuration, result.problems.join("\narctic-agent: "));
}

function readConfig(path: string | undefined): ConfigResult {
  if (path !== undefined) return configFromFile(path);
  return existsSync(DEFAULT_CONFIG_PATH) ? configFromFile(DEFAULT_CONFIG_PATH) : configFromEnvironment();
}

function fail(code: number, message: string): never {
  process.stderr.write(`arctic-agent: ${message}\n`);
  process.exit(code);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
